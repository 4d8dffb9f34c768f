using Shithub.Actions.Configuration.Binding;

namespace Shithub.Actions.Configuration;

/// <summary>The settings of the worker, <c>shithubd-runner</c>, as the runner runbook's file has them.</summary>
public sealed record RunnerSettings
{
    /// <summary>Every setting, variable and option there is.</summary>
    public static SettingTable Table => RunnerKeys.Table;

    public required RunnerServerSettings Server { get; init; }
    public required RunnerHostSettings Runner { get; init; }
    public required EngineSettings Engine { get; init; }

    /// <param name="configPath">The value of <c>--config</c>, or null.</param>
    /// <param name="environment">All environment variables; those of others are ignored.</param>
    /// <param name="options">What the command line set, by <see cref="SettingOption.Path"/>.</param>
    /// <exception cref="SettingsException">Anything is unknown, missing or wrong.</exception>
    public static RunnerSettings Load(
        string? configPath, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> options) =>
        Load(configPath, environment, options, needsServer: true);

    /// <summary>As <see cref="Load(string?, IReadOnlyDictionary{string, string}, IReadOnlyDictionary{string, string})"/>, for what concerns
    /// this host alone: neither the server's address nor a token need be there.</summary>
    public static RunnerSettings LoadForHost(
        string? configPath, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> options) =>
        Load(configPath, environment, options, needsServer: false);

    private static RunnerSettings Load(
        string? configPath, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> options, bool needsServer)
    {
        var binder = new SettingsBinder(Table, configPath, environment, options);
        var hostName = binder.Get(RunnerKeys.HostName);
        var kind = binder.Get(RunnerKeys.EngineKind);
        var subnet = binder.Get(RunnerKeys.NetworkSubnet);
        var resolver = subnet[..subnet.IndexOf('/', StringComparison.Ordinal)];
        var fence = binder.Get(RunnerKeys.NetworkFence);
        var network = binder.Get(RunnerKeys.Network);
        var resolvers = binder.Get(RunnerKeys.DnsServers);
        if (fence == NetworkFenceMode.On && network != "none" && resolvers is { Count: > 0 } && (resolvers.Count > 1 || resolvers[0] != resolver))
        {
            binder.Refuse(
                $"engine.dns_servers is {string.Join(", ", resolvers)}, but with engine.network_fence = \"on\" the only resolver is that of "
                + $"runner.network_subnet, {resolver}; leave engine.dns_servers out");
        }

        var workspaceRoot = binder.Get(RunnerKeys.WorkspaceRoot);
        var settings = new RunnerSettings
        {
            Server = new(binder.Get(RunnerKeys.BaseUrl with { IsRequired = needsServer }) ?? new Uri("http://localhost/")),
            Runner = new()
            {
                Token = binder.Get(RunnerKeys.Token with { IsRequired = needsServer }) ?? new Secret(""),
                Name = binder.Get(RunnerKeys.Name) ?? hostName,
                HostName = hostName,
                Labels = binder.Get(RunnerKeys.Labels),
                Capacity = binder.Get(RunnerKeys.Capacity),
                PollInterval = binder.Get(RunnerKeys.PollInterval),
                WorkspaceRoot = workspaceRoot,
                WorkspaceTtl = binder.Get(RunnerKeys.WorkspaceTtl),
                MirrorRoot = binder.Get(RunnerKeys.MirrorRoot)
                    ?? Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(workspaceRoot)) ?? "/", "mirrors"),
                MirrorBytes = binder.Get(RunnerKeys.MirrorBytes),
                CheckoutBytes = binder.Get(RunnerKeys.CheckoutBytes),
                CheckoutFiles = binder.Get(RunnerKeys.CheckoutFiles),
                GitUser = binder.Get(RunnerKeys.GitUser),
                NetworkAllowlist = binder.Get(RunnerKeys.NetworkAllowlist),
                NetworkSubnet = subnet,
                UpstreamDns = binder.Get(RunnerKeys.UpstreamDns),
                NetworkPrivate = binder.Get(RunnerKeys.NetworkPrivate),
                NetworkAddressTtl = binder.Get(RunnerKeys.NetworkAddressTtl),
                DrainTimeout = binder.Get(RunnerKeys.DrainTimeout),
            },
            Engine = new()
            {
                Kind = kind,
                Socket = binder.Get(RunnerKeys.Socket) ?? EngineSettings.DefaultSocket(kind),
                DefaultImage = binder.Get(RunnerKeys.DefaultImage),
                Images = binder.Get(RunnerKeys.Images),
                Warm = binder.Get(RunnerKeys.Warm),
                Network = network,
                NetworkFence = fence,
                DnsServers = fence == NetworkFenceMode.On ? [resolver] : resolvers ?? [resolver],
                MemoryBytes = binder.Get(RunnerKeys.Memory),
                Cpus = binder.Get(RunnerKeys.Cpus),
                PidsLimit = binder.Get(RunnerKeys.PidsLimit),
                TmpBytes = binder.Get(RunnerKeys.TmpSize),
                HomeBytes = binder.Get(RunnerKeys.HomeSize),
                WorkspaceLimit = binder.Get(RunnerKeys.WorkspaceLimit),
                WorkspaceBytes = binder.Get(RunnerKeys.WorkspaceBytes),
                WorkspaceInodes = binder.Get(RunnerKeys.WorkspaceInodes),
                User = binder.Get(RunnerKeys.User),
                SeccompProfile = binder.Get(RunnerKeys.SeccompProfile),
            },
        };
        binder.ThrowIfRefused();
        return settings;
    }
}

/// <param name="BaseUrl">The control server; ends in <c>/</c>.</param>
public sealed record RunnerServerSettings(Uri BaseUrl);

/// <summary>This runner and its host.</summary>
public sealed record RunnerHostSettings
{
    public required Secret Token { get; init; }
    public required string Name { get; init; }
    public required string HostName { get; init; }

    /// <summary>1 to 64, lower case, each once.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>How many jobs run at once.</summary>
    public required int Capacity { get; init; }

    public required TimeSpan PollInterval { get; init; }
    public required string WorkspaceRoot { get; init; }
    public required TimeSpan WorkspaceTtl { get; init; }

    /// <summary>The folder of repositories' mirrors.</summary>
    public required string MirrorRoot { get; init; }

    /// <summary>The size of all mirrors together; 0: none is kept.</summary>
    public required long MirrorBytes { get; init; }

    /// <summary>The size of one checkout's files.</summary>
    public required long CheckoutBytes { get; init; }

    /// <summary>How many files one checkout may have.</summary>
    public required int CheckoutFiles { get; init; }

    /// <summary>Whom mirrors belong to: <c>uid:gid</c>.</summary>
    public required string GitUser { get; init; }

    /// <summary>Host names, lower case; <c>*.example.org</c> means every name below example.org.</summary>
    public required IReadOnlyList<string> NetworkAllowlist { get; init; }

    /// <summary>The bridge's address and the prefix of its subnet: <c>172.30.0.1/24</c>.</summary>
    public required string NetworkSubnet { get; init; }

    /// <summary>dnsmasq's way: address, or address#port. Null: the machine's own resolvers.</summary>
    public required IReadOnlyList<string>? UpstreamDns { get; init; }

    /// <summary>Ranges in IPv4 that are private and that allowed names may stand for.</summary>
    public required IReadOnlyList<string> NetworkPrivate { get; init; }

    public required TimeSpan NetworkAddressTtl { get; init; }

    public required TimeSpan DrainTimeout { get; init; }
}

/// <summary>Whether the network that steps see is fenced.</summary>
public enum NetworkFenceMode
{
    /// <summary>Without a fence that holds no job is claimed.</summary>
    On,

    /// <summary>The operator wants none; each job's log says so.</summary>
    Off,
}

/// <summary>What keeps a workspace from growing.</summary>
public enum WorkspaceLimitMode
{
    /// <summary><see cref="Disk"/> where the host gives it, else <see cref="Watch"/>.</summary>
    Auto,

    /// <summary>A file system of its own; a runner that can't make one does not start.</summary>
    Disk,

    /// <summary>A look every second or so.</summary>
    Watch,
}

public enum EngineKind
{
    /// <summary>Whichever of the two answers on its default socket, Docker first.</summary>
    Auto,
    Docker,
    Podman,
}

/// <summary>The container engine and what a job's container may have.</summary>
public sealed record EngineSettings
{
    public required EngineKind Kind { get; init; }

    /// <summary>The engine's unix socket; null for <see cref="EngineKind.Auto"/> when none was named.</summary>
    public required string? Socket { get; init; }

    public required string DefaultImage { get; init; }

    /// <summary>Patterns of the images that jobs may name besides.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>How many started containers wait for the next job; 0: none.</summary>
    public required int Warm { get; init; }

    public required string Network { get; init; }

    public required NetworkFenceMode NetworkFence { get; init; }

    /// <summary>Steps are on a network that must be fenced.</summary>
    public bool IsFenced => NetworkFence == NetworkFenceMode.On && Network != "none";

    /// <summary>With a fence, its resolver and no other. Empty: the engine's own.</summary>
    public required IReadOnlyList<string> DnsServers { get; init; }

    public required long MemoryBytes { get; init; }
    public required decimal Cpus { get; init; }
    public required int PidsLimit { get; init; }

    /// <summary>The size of the container's <c>/tmp</c>.</summary>
    public required long TmpBytes { get; init; }

    /// <summary>The size of the container's <c>$HOME</c>.</summary>
    public required long HomeBytes { get; init; }

    public required WorkspaceLimitMode WorkspaceLimit { get; init; }
    public required long WorkspaceBytes { get; init; }
    public required int WorkspaceInodes { get; init; }

    /// <summary><c>uid:gid</c>, never root.</summary>
    public required string User { get; init; }

    /// <summary>A seccomp profile's path; null for the runner's own.</summary>
    public required string? SeccompProfile { get; init; }

    /// <summary>Where an engine's service listens by default; null for <see cref="EngineKind.Auto"/>.</summary>
    public static string? DefaultSocket(EngineKind kind) => kind switch
    {
        EngineKind.Docker => "/var/run/docker.sock",
        EngineKind.Podman => "/run/podman/podman.sock",
        _ => null,
    };
}
