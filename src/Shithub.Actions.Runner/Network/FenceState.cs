using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.Runner.Network;

/// <summary>One thing that must hold, and whether it does.</summary>
internal sealed record FenceFact(string What, bool Holds, string Detail);

/// <summary>
/// A look from the host at whether the fence is still the one that was made: a few milliseconds, for every job and for every second of one.
/// Whether it does what it should is tried by <see cref="FenceProof"/>.
/// </summary>
internal static class FenceState
{
    private const int Tries = 3;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(300);

    public static async Task<IReadOnlyList<FenceFact>> LookAsync(NetworkFence fence, CancellationToken cancellationToken)
    {
        var plan = fence.Plan;
        var table = TableAsync(fence, cancellationToken);
        var routing = fence.HasRoutingAsync(cancellationToken);
        var answers = BridgeProblem(plan) is null && new Resolver(ResolverConfiguration.OfAll(plan)).FindPid() is not null
            ? AnswersAsync(plan.Address, cancellationToken)
            : Task.FromResult(false);
        return
        [
            new FenceFact("firewall", await table is null, await table ?? $"table inet {plan.Table}"),
            new FenceFact(
                "routing", await routing, await routing ? "what the firewall has not seen has no route" : $"the routing rules of {plan.Bridge} are missing"),
            new FenceFact("bridge", BridgeProblem(plan) is null, BridgeProblem(plan) ?? $"{plan.Bridge} {plan.Address}/{plan.PrefixLength}, no IPv6"),
            new FenceFact(
                "resolver", await answers,
                await answers ? $"{plan.Address}, {plan.Names.Count} names" : $"dnsmasq does not answer at {plan.Address}, or answers what it should not"),
        ];
    }

    /// <returns>What does not hold, in one line; null: all holds.</returns>
    public static async Task<string?> ProblemAsync(NetworkFence fence, CancellationToken cancellationToken)
    {
        try
        {
            var broken = (await LookAsync(fence, cancellationToken)).Where(fact => !fact.Holds).ToList();
            return broken.Count == 0 ? null : string.Join("; ", broken.Select(fact => $"{fact.What}: {fact.Detail}"));
        }
        catch (Exception e) when (e is NetworkFenceException or IOException)
        {
            return e.Message;
        }
    }

    private static async Task<string?> TableAsync(NetworkFence fence, CancellationToken cancellationToken)
    {
        var table = fence.Plan.Table;
        if (!File.Exists(fence.ListedFile)) return $"the table {table} was not made by 'shithubd-runner network up'";
        var listed = await NetworkFence.ListAsync(table, cancellationToken);
        return listed is null ? $"the table {table} is not there"
            : listed != await File.ReadAllTextAsync(fence.ListedFile, cancellationToken) ? $"the table {table} was changed"
            : null;
    }

    private static string? BridgeProblem(FencePlan plan)
    {
        const int IsUp = 1; // IFF_UP
        var flags = $"/sys/class/net/{plan.Bridge}/flags";
        if (!File.Exists(flags)) return $"the bridge {plan.Bridge} is not there";
        if ((Convert.ToInt32(File.ReadAllText(flags).Trim(), 16) & IsUp) == 0) return $"the bridge {plan.Bridge} is down";
        var ipv6 = $"/proc/sys/net/ipv6/conf/{plan.Bridge}/disable_ipv6";
        return File.Exists(ipv6) && File.ReadAllText(ipv6).Trim() != "1" ? $"{plan.Bridge} has IPv6" : null;
    }

    /// <summary>The resolver says of a name that is on no list that it does not exist.</summary>
    public static async Task<bool> AnswersAsync(IPAddress resolver, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bounded.CancelAfter(AnswerTime);
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                await socket.ConnectAsync(new IPEndPoint(resolver, 53), bounded.Token);
                await socket.SendAsync(DnsQuestion.Make((ushort)(attempt + 1), ResolverConfiguration.NeverAllowed), bounded.Token);
                var answer = new byte[DnsQuestion.AnswerBytesMax];
                var length = await socket.ReceiveAsync(answer, bounded.Token);
                return DnsQuestion.Read(answer.AsSpan(0, length), (ushort)(attempt + 1)) is { Code: 3 or 5, Records: 0 };
            }
            catch (SocketException)
            {
                // Nobody listens: it may be starting again.
                await Task.Delay(AnswerTime, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // No answer.
            }
        }

        return false;
    }
}
