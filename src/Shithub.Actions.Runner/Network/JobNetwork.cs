using System.Text.Json;
using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>The network of one job, from its container's start to its end: proved, narrowed if its workflow says so, and watched.</summary>
internal sealed partial class JobNetwork : IAsyncDisposable
{
    private readonly NetworkGuard _guard;
    private readonly string _address;
    private readonly NarrowedView? _view;
    private readonly IDisposable _watch;
    private readonly string _logFile;
    private readonly long _logFrom;
    private readonly long _started = TimeProvider.System.GetTimestamp();

    private JobNetwork(NetworkGuard guard, string address, NarrowedView? view, IDisposable watch)
    {
        (_guard, _address, _view, _watch) = (guard, address, view, watch);
        _logFile = view?.LogFile ?? ResolverConfiguration.OfAll(guard.Plan).LogFile;
        _logFrom = view is null ? BlockedTraffic.LogLength(_logFile) : 0;
    }

    /// <param name="place">Of a container in which nothing of the author's has run. It stays its owner's.</param>
    /// <param name="holds">The quick look at the fence, under way (<see cref="NetworkGuard.RequireAsync"/>).</param>
    /// <param name="permissions">The claim's: <c>network</c> narrows the list.</param>
    /// <param name="lost">Told when the fence is lost while the job runs.</param>
    /// <exception cref="NetworkFenceException">The fence does not hold, for this container at least.</exception>
    /// <exception cref="SandboxException">The workflow's own list is not one.</exception>
    public static async Task<JobNetwork> StartAsync(
        NetworkGuard guard, NetworkPlace place, Task holds, JsonElement permissions, Action<string> lost, LogStream log,
        CancellationToken cancellationToken)
    {
        var (plan, address) = (guard.Plan, place.Address);
        var wanted = WantedNames(permissions);
        var answers = place.AnswersAsync(plan, cancellationToken);
        await holds;
        if (!await answers) throw new NetworkFenceException($"the resolver {plan.Address} does not answer in the job's container as it should");

        var names = guard.Names;
        NarrowedView? view = null;
        if (wanted is not null)
        {
            var narrowed = Allowlist.Narrow(names, wanted, out var refused);
            foreach (var name in refused)
                await SayAsync(log, $"Network: {name} is not on this runner's allowlist; permissions.network only narrows that list.");
            view = await NarrowedView.StartAsync(plan, address, narrowed, cancellationToken);
        }

        await SayAsync(
            log,
            $"Fence: of the network, {Count(view?.Names ?? names)}, resolved by {plan.Address} alone; direct addresses, other resolvers, metadata "
            + "addresses, IPv6, this host and other jobs refused");
        return new JobNetwork(guard, address, view, guard.Watch(lost, view is null ? null : view.ProblemAsync));

        string Count(IReadOnlyList<string> list) => wanted is null
            ? $"the {list.Count} names of the allowlist"
            : $"what this workflow narrows the allowlist to ({(list.Count == 0 ? "nothing" : string.Join(", ", list))})";
    }

    /// <summary>How a line begins that says what was refused.</summary>
    public const string Blocked = "Blocked: ";

    /// <summary>Writes what was refused to the job into its log, and what would allow it.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<IReadOnlyList<string>> ReportAsync(LogStream log, CancellationToken cancellationToken)
    {
        string[] tables = _view is null ? [_guard.Plan.Table] : [_guard.Plan.Table, _view.Table];
        var refusals = await BlockedTraffic.ReadAsync(
            _address, tables, _logFile, _logFrom, TimeProvider.System.GetElapsedTime(_started), cancellationToken);
        IReadOnlyList<string> lines = [.. Lines(refusals, _guard.Names)];
        foreach (var line in lines) await log.WriteLineAsync(line, cancellationToken);
        return lines;
    }

    /// <param name="names">The operator's list.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<Refusal> refusals, IReadOnlyList<string> names)
    {
        foreach (var refusal in refusals) yield return Blocked + refusal.Target;
        if (refusals.Count == BlockedTraffic.Most) yield return $"{Blocked}more than these {BlockedTraffic.Most}";
        var missing = refusals.Where(refusal => refusal.Name is not null).Select(refusal => refusal.Name!).Distinct().ToList();
        var byWorkflow = missing.Where(name => Allowlist.Allows(names, name)).ToList();
        var byOperator = missing.Except(byWorkflow).ToList();
        if (byWorkflow.Count > 0)
            yield return $"To allow it, in the workflow: permissions: {{ network: [ …, {string.Join(", ", byWorkflow.Select(Quoted))} ] }}";
        if (byOperator.Count > 0)
            yield return $"To allow it, in this runner's settings: network_allowlist = [ …, {string.Join(", ", byOperator.Select(Quoted))} ]";
        if (refusals.Any(refusal => refusal.Name is null))
            yield return "Addresses can't be allowed: use a name of the allowlist, and the addresses that the job's resolver gives for it.";
    }

    /// <summary>After the container is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        if (_view is not null) await _view.DisposeAsync();
    }

    /// <exception cref="SandboxException">It is no list of names.</exception>
    public static IReadOnlyList<string>? WantedNames(JsonElement permissions)
    {
        const int NamesMax = 1000;
        if (permissions.ValueKind != JsonValueKind.Object || !permissions.TryGetProperty("network", out var network)) return null;
        if (network.ValueKind != JsonValueKind.Array || network.GetArrayLength() > NamesMax)
            throw new SandboxException("permissions.network is not a list of names.");
        return
        [
            .. network.EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.String && item.GetString()!.ToLowerInvariant() is var name && HostPattern().IsMatch(name)
                    ? name
                    : throw new SandboxException("permissions.network has something that is no host name.")),
        ];
    }

    private static ValueTask SayAsync(LogStream log, string line) => log.WriteLineAsync(line, CancellationToken.None);

    private static string Quoted(string name) => $"\"{name}\"";

    /// <summary>It becomes part of files that dnsmasq reads: nothing but a name may get through.</summary>
    [GeneratedRegex(@"\A(?=.{1,253}\z)(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\z")]
    private static partial Regex HostPattern();
}
