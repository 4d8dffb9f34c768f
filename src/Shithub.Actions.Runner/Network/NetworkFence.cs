using System.Globalization;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// Makes the fence and takes it away: firewall first, then the engine's network, the bridge, the resolver, so that nothing is open in between.
/// What is there and right is left alone: a second time changes nothing, and a changed list reaches running jobs without stopping them.
/// </summary>
internal sealed class NetworkFence(FencePlan plan)
{
    private const int RuleOfMarked = 5343;
    private const int RuleOfOthers = 5344;
    private const int RuleBehind = 5345;

    public FencePlan Plan => plan;

    /// <summary>The table as the kernel listed it when it was made.</summary>
    public string ListedFile => Path.Combine(plan.Folder, "fence.listed");

    private string RulesFile => Path.Combine(plan.Folder, "fence.nft");

    private string NamesFile => Path.Combine(plan.Folder, "names");

    private Resolver Resolver => new(ResolverConfiguration.OfAll(plan));

    /// <exception cref="NetworkFenceException">A part of it can't be made.</exception>
    /// <exception cref="EngineException">The engine does not make the network.</exception>
    public async Task UpAsync(EngineClient engine, CancellationToken cancellationToken)
    {
        using var only = await LockAsync(cancellationToken);
        await EnsureFirewallAsync(cancellationToken);
        await EnsureRoutingAsync(cancellationToken);
        await EnsureNetworkAsync(engine, cancellationToken);
        await EnsureBridgeAsync(cancellationToken);
        if (!await Resolver.EnsureAsync(cancellationToken) && !await FenceState.AnswersAsync(plan.Address, cancellationToken))
        {
            // It runs and hangs.
            await Resolver.StopAsync(cancellationToken);
            await Resolver.EnsureAsync(cancellationToken);
        }

        await ForgetRemovedNamesAsync(cancellationToken);
    }

    /// <summary>The names that are in force: an operator may have changed the list since this program read its settings.</summary>
    public IReadOnlyList<string> Names => File.Exists(NamesFile) ? File.ReadAllLines(NamesFile) : plan.Names;

    /// <summary>Nothing of it is left; what is not there is fine.</summary>
    /// <exception cref="EngineException">Containers are still on the network.</exception>
    public async Task DownAsync(EngineClient? engine, CancellationToken cancellationToken)
    {
        using (await LockAsync(cancellationToken))
        {
            await NarrowedView.RemoveAllAsync(plan, cancellationToken);
            if (engine is not null) await engine.RemoveNetworkAsync(plan.Network, cancellationToken);
            await Resolver.StopAsync(cancellationToken);
            await HostProgram.TryAsync("ip", cancellationToken, "link", "delete", plan.Keeper);
            await HostProgram.TryAsync("ip", cancellationToken, "link", "delete", plan.Bridge);
            foreach (var rule in RoutingRules())
                while ((await HostProgram.TryAsync("ip", cancellationToken, ["rule", "delete", .. rule])).ExitCode == 0) { }
            await HostProgram.TryAsync("nft", cancellationToken, "delete", "table", "inet", plan.Table);
            if (Directory.Exists(plan.Folder)) Directory.Delete(plan.Folder, recursive: true);
        }

        File.Delete(plan.Folder + ".lock");
    }

    /// <summary>The table as the kernel has it, without what comes and goes in its sets.</summary>
    public static async Task<string?> ListAsync(string table, CancellationToken cancellationToken)
    {
        var (exitCode, output, _) = await HostProgram.TryAsync("nft", cancellationToken, "--terse", "--stateless", "list", "table", "inet", table);
        return exitCode == 0 ? output : null;
    }

    /// <summary>The routing rules of the bridge that are missing.</summary>
    public async Task<bool> HasRoutingAsync(CancellationToken cancellationToken)
    {
        var (exitCode, output, _) = await HostProgram.TryAsync("ip", cancellationToken, "rule", "show");
        var lines = output.Split('\n').Select(line => line.Split((char[])[' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries)).ToList();
        return exitCode == 0 && Has(RuleOfMarked, "goto") && Has(RuleOfOthers, "prohibit") && Has(RuleBehind, "nop");

        bool Has(int preference, string action) => lines.Any(words =>
            words.Length > 0 && words[0] == preference.ToString(CultureInfo.InvariantCulture) && words.Contains(plan.Bridge) && words.Contains(action));
    }

    private async Task EnsureFirewallAsync(CancellationToken cancellationToken)
    {
        var rules = FirewallRules.Table(plan);
        var listed = await ListAsync(plan.Table, cancellationToken);
        if (listed is not null && File.Exists(ListedFile) && File.Exists(RulesFile)
            && await File.ReadAllTextAsync(ListedFile, cancellationToken) == listed
            && await File.ReadAllTextAsync(RulesFile, cancellationToken) == rules) return;
        await File.WriteAllTextAsync(RulesFile, rules, cancellationToken);
        await HostProgram.RunAsync("nft", cancellationToken, "--file", RulesFile);
        listed = await ListAsync(plan.Table, cancellationToken) ?? throw new NetworkFenceException($"The table {plan.Table} was made and is not there.");
        await File.WriteAllTextAsync(ListedFile, listed, cancellationToken);
    }

    /// <summary>
    /// Packets from the bridge that the firewall has not marked find no route. That holds on an engine that masquerades by itself, too, and
    /// without any table of nftables.
    /// </summary>
    private async Task EnsureRoutingAsync(CancellationToken cancellationToken)
    {
        if (await HasRoutingAsync(cancellationToken)) return;
        foreach (var rule in RoutingRules())
        {
            await HostProgram.TryAsync("ip", cancellationToken, ["rule", "delete", .. rule]);
            await HostProgram.RunAsync("ip", cancellationToken, ["rule", "add", .. rule]);
        }
    }

    private IEnumerable<string[]> RoutingRules()
    {
        string[] From(int preference) => ["pref", preference.ToString(CultureInfo.InvariantCulture), "iif", plan.Bridge];
        yield return [.. From(RuleBehind), "nop"];
        yield return [.. From(RuleOfOthers), "prohibit"];
        yield return [.. From(RuleOfMarked), "fwmark", $"{FencePlan.Mark}/{FencePlan.Mark}", "goto", RuleBehind.ToString(CultureInfo.InvariantCulture)];
    }

    private async Task EnsureNetworkAsync(EngineClient engine, CancellationToken cancellationToken)
    {
        const string Label = "shithub.fence";
        var labels = await engine.NetworkLabelsAsync(plan.Network, cancellationToken);
        if (labels?.GetValueOrDefault(Label) == plan.Label) return;
        if (labels is not null)
        {
            try
            {
                await engine.RemoveNetworkAsync(plan.Network, cancellationToken);
            }
            catch (EngineException e)
            {
                throw new NetworkFenceException(
                    $"The engine's network {plan.Network} was made with other settings and is in use; end what uses it and remove it: {e.Message}");
            }
        }

        // The engine would refuse the subnet of a bridge that it does not know.
        await HostProgram.TryAsync("ip", cancellationToken, "link", "delete", plan.Bridge);
        await engine.CreateBridgeAsync(
            new BridgeNetwork(
                plan.Network,
                plan.Bridge,
                plan.Subnet,
                plan.Address.ToString(),
                new Dictionary<string, string> { [BridgePorts.NetworkLabel] = "steps", [Label] = plan.Label }),
            cancellationToken);
    }

    private async Task EnsureBridgeAsync(CancellationToken cancellationToken)
    {
        if (!Exists(plan.Bridge)) await HostProgram.RunAsync("ip", cancellationToken, "link", "add", plan.Bridge, "type", "bridge");
        await HostProgram.RunAsync("ip", cancellationToken, "address", "replace", $"{plan.Address}/{plan.PrefixLength}", "dev", plan.Bridge);
        if (!Exists(plan.Keeper))
        {
            await HostProgram.RunAsync(
                "ip", cancellationToken, "link", "add", plan.Keeper, "type", "veth", "peer", "name", plan.KeeperPeer);
        }

        foreach (var face in (string[])[plan.Keeper, plan.KeeperPeer, plan.Bridge]) await CloseIpv6Async(face, cancellationToken);
        await HostProgram.RunAsync("ip", cancellationToken, "link", "set", plan.Keeper, "master", plan.Bridge, "up");
        await HostProgram.RunAsync("ip", cancellationToken, "link", "set", plan.KeeperPeer, "up");
        await HostProgram.RunAsync("ip", cancellationToken, "link", "set", plan.Bridge, "up");
        await File.WriteAllTextAsync($"/sys/class/net/{plan.Keeper}/brport/isolated", "1", cancellationToken);
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1", cancellationToken);
    }

    private static async Task CloseIpv6Async(string face, CancellationToken cancellationToken)
    {
        var setting = $"/proc/sys/net/ipv6/conf/{face}/disable_ipv6";
        if (File.Exists(setting)) await File.WriteAllTextAsync(setting, "1", cancellationToken);
    }

    /// <summary>A name that was taken off the list closes its addresses to new connections at once; names that stay are resolved again.</summary>
    private async Task ForgetRemovedNamesAsync(CancellationToken cancellationToken)
    {
        var before = File.Exists(NamesFile) ? await File.ReadAllLinesAsync(NamesFile, cancellationToken) : [];
        if (before.Except(plan.Names).Any())
        {
            foreach (var set in (string[])[FirewallRules.Seen, FirewallRules.Allowed])
                await HostProgram.RunAsync("nft", cancellationToken, "flush", "set", "inet", plan.Table, set);
        }

        await File.WriteAllLinesAsync(NamesFile, plan.Names, cancellationToken);
    }

    private static bool Exists(string face) => Directory.Exists($"/sys/class/net/{face}");

    /// <summary>One at a time: the service that keeps the fence, a runner that starts, an operator.</summary>
    private async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(plan.Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NetworkFenceException($"The fence needs root and a writable {plan.Folder}: {e.Message}");
        }

        return await HostLock.TakeAsync(plan.Folder + ".lock", cancellationToken);
    }
}
