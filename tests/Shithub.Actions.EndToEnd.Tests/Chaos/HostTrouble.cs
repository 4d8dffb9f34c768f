using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>What may happen to a host, in an order that a seed gives: each kind as often as the others.</summary>
internal sealed class HostTrouble(HostMachine machine, HostRunner runner, Random random, int lease)
{
    private const string Bridge = "chaos";
    private const string Table = "shithub_chaos";

    private readonly List<string> _happened = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public int Count => _happened.Count;

    /// <summary>Makes trouble while something runs, until all is over or there was as much of it as there are jobs.</summary>
    public async Task MakeAsync(int jobs, Func<Task<bool>> busy, Func<Task<bool>> over)
    {
        var kinds = new Dictionary<string, Func<Task>>
        {
            ["the runner is killed"] = runner.KillAsync,
            ["a container is killed"] = () => OnContainerAsync("kill --signal KILL"),
            ["a container is removed"] = () => OnContainerAsync("rm --force"),
            ["a container's first process is killed"] = KillFirstProcessAsync,
            ["dnsmasq is killed"] = KillResolverAsync,
            ["the table is flushed"] = () => machine.TryAsync($"nft flush table inet {Table}"),
            ["the table is deleted"] = () => machine.TryAsync($"nft delete table inet {Table}"),
            ["nftables is flushed"] = () => machine.RunAsync("nft flush ruleset"),
            ["the routing rules are deleted"] = () => machine.TryAsync($"ip rule delete iif {Bridge} prohibit"),
            ["the bridge is down"] = () => machine.TryAsync($"ip link set {Bridge} down"),
            ["the cable is out"] = () => UnplugAsync(TimeSpan.FromMilliseconds(random.Next(300, 4000))),
        };
        if (jobs > 2 * kinds.Count)
        {
            kinds["the bridge is deleted"] = () => machine.TryAsync($"ip link delete {Bridge}");
            kinds["the cable is out for longer than a lease"] = () => UnplugAsync(TimeSpan.FromSeconds(lease + 5));
        }

        var deck = new Queue<string>();
        for (var trouble = 0; trouble < jobs; trouble++)
        {
            await LiveSystem.UntilAsync("a job runs", async () => await busy() || await over(), TimeSpan.FromMinutes(2));
            if (await over()) return;
            await PassAsync(TimeSpan.FromMilliseconds(random.Next(200, 2500)));
            if (deck.Count == 0)
            {
                var order = kinds.Keys.ToArray();
                random.Shuffle(order);
                deck = new Queue<string>(order);
            }

            var kind = deck.Dequeue();
            _happened.Add(string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:0.0} s: {kind}"));
            await kinds[kind]();
        }
    }

    public override string ToString() => string.Join('\n', _happened);

    private async Task OnContainerAsync(string command)
    {
        if (await ContainerAsync() is { } container) await machine.EngineAsync($"{command} {container}");
    }

    private async Task KillFirstProcessAsync()
    {
        if (await ContainerAsync() is not { } container) return;
        var (exitCode, pid) = await machine.EngineAsync($"inspect --format '{{{{.State.Pid}}}}' {container}");
        if (exitCode == 0 && pid != "0") await machine.TryAsync($"kill -KILL {pid}");
    }

    private async Task<string?> ContainerAsync()
    {
        var (_, output) = await machine.EngineAsync("ps --quiet");
        var running = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return running.Length == 0 ? null : running[random.Next(running.Length)];
    }

    /// <summary>The one of all, or a narrowed job's.</summary>
    private async Task KillResolverAsync()
    {
        var resolvers = (await machine.ProcessesAsync()).Where(line => line.Contains("dnsmasq --conf-file=", StringComparison.Ordinal)).ToList();
        if (resolvers.Count > 0) await machine.TryAsync($"kill -KILL {resolvers[random.Next(resolvers.Count)].Split(' ')[0]}");
    }

    private async Task UnplugAsync(TimeSpan time)
    {
        await machine.RunAsync($"ip link set {HostMachine.Cable} down");
        await PassAsync(time);
        await machine.RunAsync($"ip link set {HostMachine.Cable} up && ip route replace default via {machine.Outside}");
    }

    /// <summary>A moment is chosen and nothing is expected by then, so there is nothing to wait for but the time itself.</summary>
    private static async Task PassAsync(TimeSpan time)
    {
        using var over = new CancellationTokenSource(time);
        await Task.Delay(Timeout.Infinite, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
