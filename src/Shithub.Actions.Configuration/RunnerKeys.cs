using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Shithub.Actions.Configuration.Values;

namespace Shithub.Actions.Configuration;

/// <summary>The settings of <c>shithubd-runner</c>, each declared once.</summary>
internal static partial class RunnerKeys
{
    public static readonly SettingKey<Uri?> BaseUrl = new("server", "base_url",
        "The control server's address.", SettingTypes.Url!)
    { IsRequired = true, Option = "--server-url" };

    public static readonly SettingKey<Secret?> Token = new("runner", "token",
        "The token that `shithubd admin runner register` printed.", SettingTypes.Secret("text", text =>
        {
            if (text.Length == 0 || text.Any(c => c is <= ' ' or > '~'))
                throw new SettingValueException("must be the token as it was printed, without spaces or line ends");
        })!)
    { IsRequired = true, IsSecret = true, Option = "--token", FileOption = "--token-file" };

    public static readonly SettingKey<string?> Name = new("runner", "name",
        "What the runner calls itself in job logs.", SettingTypes.HostName!)
    { DefaultShown = "`host_name`" };

    public static readonly SettingKey<string> HostName = new("runner", "host_name",
        "The host's name as `shithubd admin runner list` shows it.", SettingTypes.HostName)
    { Default = Environment.MachineName, DefaultShown = "the machine's name" };

    public static readonly SettingKey<IReadOnlyList<string>> Labels = new("runner", "labels",
        "What `runs-on` can ask for.", SettingTypes.List("list of 1 to 64 labels", 1, 64, text => LabelPattern().IsMatch(text)
            ? text.ToLowerInvariant()
            : throw new SettingValueException("must have 1 to 100 letters, digits, dots, dashes or underscores")))
    {
        Option = "--labels",
        Default = ["self-hosted", "linux", "ubuntu-latest",
            RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64"],
        DefaultShown = "`[\"self-hosted\", \"linux\", \"ubuntu-latest\"]` and the machine's architecture, `x64` or `arm64`",
    };

    public static readonly SettingKey<int> Capacity = new SettingKey<int>("runner", "capacity",
        "How many jobs run at once.", SettingTypes.WholeNumber(1, 1000))
    { Option = "--capacity" }.Or("1");

    public static readonly SettingKey<TimeSpan> PollInterval = new SettingKey<TimeSpan>("runner", "poll_interval",
        "How long to wait after a failed call before the next; news of jobs comes at once.",
        SettingTypes.Duration("100ms", "5m")).Or("5s");

    public static readonly SettingKey<string> WorkspaceRoot = new SettingKey<string>("runner", "workspace_root",
        "Holds one folder for each job that runs.", SettingTypes.AbsolutePath)
    { Option = "--workspace-root" }.Or("/var/lib/shithubd-runner/workspaces");

    public static readonly SettingKey<TimeSpan> WorkspaceTtl = new SettingKey<TimeSpan>("runner", "workspace_ttl",
        "A folder in `workspace_root` that is not a job's is removed at this age; what a crash left of jobs goes at the next start.", SettingTypes.Duration("1m", "365d")).Or("24h");

    public static readonly SettingKey<string?> MirrorRoot = new("runner", "mirror_root",
        "Holds a mirror of each repository that was checked out, so that the next checkout transfers only what is new. Runners of one host may share it.",
        SettingTypes.AbsolutePath!)
    { DefaultShown = "`mirrors` beside `workspace_root`" };

    public static readonly SettingKey<long> MirrorBytes = new SettingKey<long>("runner", "mirror_bytes",
        "The size of all mirrors together; those that were not used for longest go first. `0` keeps none.", SettingTypes.Size("0", "1024t")).Or("20g");

    public static readonly SettingKey<long> CheckoutBytes = new SettingKey<long>("runner", "checkout_bytes",
        "The size of all files of one checkout, and of the largest file that git may write.", SettingTypes.Size("1m", "1024t")).Or("20g");

    public static readonly SettingKey<int> CheckoutFiles = new SettingKey<int>("runner", "checkout_files",
        "How many files one checkout may have.", SettingTypes.WholeNumber(1, 100_000_000)).Or("1000000");

    public static readonly SettingKey<string> GitUser = new SettingKey<string>("runner", "git_user",
        "The user and group that mirrors belong to and that fetches run as; not the one of `engine.user`.", SettingTypes.Matching(
            "uid:gid, not root", UserPattern(), "must be uid:gid in numbers, and not root's 0; write for example \"65533:65533\""))
    .Or("65533:65533");

    public static readonly SettingKey<IReadOnlyList<string>> NetworkAllowlist = new SettingKey<IReadOnlyList<string>>(
        "runner", "network_allowlist",
        "The hosts that steps may reach; `*.example.org` means every name below it.",
        SettingTypes.List("list of host names", 0, 1000, text => AllowedHost().IsMatch(text) && text.Length <= 253
            ? text.ToLowerInvariant()
            : throw new SettingValueException("must be a host name; write for example \"github.com\" or \"*.githubusercontent.com\"")))
        .Or("api.github.com,auth.docker.io,codeload.github.com,github.com,objects.githubusercontent.com,"
            + "production.cloudflare.docker.com,registry-1.docker.io,*.githubusercontent.com");

    public static readonly SettingKey<string> NetworkSubnet = new SettingKey<string>("runner", "network_subnet",
        "The bridge's address, where the resolver listens, and the size of its subnet.", NetworkTypes.BridgeSubnet).Or("172.30.0.1/24");

    public static readonly SettingKey<IReadOnlyList<string>> UpstreamDns = new("runner", "upstream_dns",
        "The resolvers that allowed names are asked of, as addresses or `address#port`.",
        SettingTypes.List("list of IP addresses", 1, 8, NetworkTypes.ToResolver)!)
    { DefaultShown = "those of `/etc/resolv.conf`" };

    public static readonly SettingKey<IReadOnlyList<string>> NetworkPrivate = new SettingKey<IReadOnlyList<string>>("runner", "network_private",
        "Private ranges that allowed names may stand for. Without it a name that turns out to be a private address opens nothing.",
        SettingTypes.List("list of IPv4 ranges", 0, 64, NetworkTypes.ToRange)).Or("");

    public static readonly SettingKey<TimeSpan> NetworkAddressTtl = new SettingKey<TimeSpan>("runner", "network_address_ttl",
        "How long an address stays open for new connections after its name was last resolved and used.",
        SettingTypes.Duration("2s", "24h")).Or("10m");

    public static readonly SettingKey<TimeSpan> DrainTimeout = new SettingKey<TimeSpan>("runner", "drain_timeout",
        "How long running jobs may take to end after SIGTERM.", SettingTypes.Duration("0s", "7d")).Or("1h");

    public static readonly SettingKey<EngineKind> EngineKind = new SettingKey<EngineKind>("engine", "kind",
        "The container engine; `auto` takes the one that answers, Docker first.", SettingTypes.OneOf<EngineKind>())
    { Option = "--engine" }.Or("auto");

    public static readonly SettingKey<string?> Socket = new("engine", "socket",
        "The engine's unix socket.", SettingTypes.SocketPath!)
    { Option = "--engine-socket", DefaultShown = "by kind `/var/run/docker.sock` or `/run/podman/podman.sock`" };

    public static readonly SettingKey<string> DefaultImage = new SettingKey<string>("engine", "default_image",
        "The image that jobs run in.", SettingTypes.Matching("image reference", ImagePattern(),
            "must be an image reference; write for example \"ghcr.io/shithub/runner-nix:1.0\""))
    { Option = "--image" }.Or("ghcr.io/shithub/runner-nix:1.0");

    public static readonly SettingKey<IReadOnlyList<string>> Images = new SettingKey<IReadOnlyList<string>>("engine", "images",
        "The images besides `default_image` that jobs may name for `container` and `services`; `*` stands for any characters, `?` for one.",
        SettingTypes.List("list of image patterns", 0, 1000, text => ImageAllowance().IsMatch(text)
            ? text
            : throw new SettingValueException("must be image references; write for example \"postgres:*\" or \"ghcr.io/acme/*\"")))
        .Or("");

    public static readonly SettingKey<int> Warm = new SettingKey<int>("engine", "warm",
        "How many started containers of `default_image`, with an empty workspace each, wait for the next job; each is used for one job only. "
        + "Jobs with a container of their own, services or a narrower network start theirs. `0`: every job does.",
        SettingTypes.WholeNumber(0, 64)).Or("1");

    public static readonly SettingKey<string> Network = new SettingKey<string>("engine", "network",
        "The engine's network that job containers join; `none` for no network.", SettingTypes.Matching("network name", NetworkPattern(),
            "must be the name of a network, and not \"host\", which has no fence; write for example \"shithub-actions\""))
    { Option = "--network" }.Or("shithub-actions");

    public static readonly SettingKey<NetworkFenceMode> NetworkFence = new SettingKey<NetworkFenceMode>("engine", "network_fence",
        "`on`: steps reach the allowlist and nothing else, or the runner claims no jobs. `off`: steps reach whatever the network lets them "
        + "reach, and every job's log says so.", SettingTypes.OneOf<NetworkFenceMode>())
        .Or("on");

    public static readonly SettingKey<IReadOnlyList<string>?> DnsServers = new("engine", "dns_servers",
        "The only resolvers that steps can ask. With the fence it can only be the allowlist's; without it, an empty list leaves the engine's own.",
        SettingTypes.List("list of IP addresses", 0, 8, SettingTypes.ToIpAddress)!)
    { Option = "--dns-servers", DefaultShown = "the address of `runner.network_subnet`: `172.30.0.1`" };

    public static readonly SettingKey<long> Memory = new SettingKey<long>("engine", "memory",
        "The memory a job may have.", SettingTypes.Size("32m", "16t")).Or("2g");

    public static readonly SettingKey<decimal> Cpus = new SettingKey<decimal>("engine", "cpus",
        "The processors a job may keep busy.", SettingTypes.Decimal(0.01m, 1024m)).Or("2");

    public static readonly SettingKey<int> PidsLimit = new SettingKey<int>("engine", "pids_limit",
        "The processes and threads a job may have.", SettingTypes.WholeNumber(16, 1_000_000)).Or("512");

    public static readonly SettingKey<long> TmpSize = new SettingKey<long>("engine", "tmp_size",
        "The size of a job's `/tmp`; it counts as memory.", SettingTypes.Size("1m", "1t")).Or("512m");

    public static readonly SettingKey<long> HomeSize = new SettingKey<long>("engine", "home_size",
        "The size of a job's `$HOME`; it counts as memory.", SettingTypes.Size("1m", "1t")).Or("512m");

    public static readonly SettingKey<WorkspaceLimitMode> WorkspaceLimit = new SettingKey<WorkspaceLimitMode>("engine", "workspace_limit",
        "`disk`: each job's workspace is a file system of its own (ext4 behind a loop device). `watch`: a job whose workspace grows too large is "
        + "stopped. `auto`: the first where the host gives it; each job's log says which.", SettingTypes.OneOf<WorkspaceLimitMode>())
        .Or("auto");

    public static readonly SettingKey<long> WorkspaceBytes = new SettingKey<long>("engine", "workspace_bytes",
        "What a job's workspace may take.", SettingTypes.Size("16m", "15t")).Or("20g");

    public static readonly SettingKey<int> WorkspaceInodes = new SettingKey<int>("engine", "workspace_inodes",
        "How many files and folders a job's workspace may have.", SettingTypes.WholeNumber(1024, 100_000_000)).Or("2000000");

    public static readonly SettingKey<string> User = new SettingKey<string>("engine", "user",
        "The user and group that steps run as.", SettingTypes.Matching("uid:gid, not root", UserPattern(),
            "must be uid:gid in numbers, and not root's 0; write for example \"65534:65534\""))
    .Or("65534:65534");

    public static readonly SettingKey<string?> SeccompProfile = new("engine", "seccomp_profile",
        "A seccomp profile (JSON) for job containers.", SettingTypes.AbsolutePath!)
    { DefaultShown = "the runner's own profile" };

    public static readonly SettingTable Table = new("shithubd-runner", "/etc/shithubd-runner/config.toml", "SHITHUB_RUNNER_",
        ForeignPrefix: null, ShortSection: "runner",
        [
            BaseUrl, Token, Name, HostName, Labels, Capacity, PollInterval, WorkspaceRoot, WorkspaceTtl, MirrorRoot, MirrorBytes,
            CheckoutBytes, CheckoutFiles, GitUser, NetworkAllowlist, NetworkSubnet, UpstreamDns, NetworkPrivate, NetworkAddressTtl, DrainTimeout,
            EngineKind, Socket, DefaultImage, Images, Warm, Network, NetworkFence, DnsServers, Memory, Cpus, PidsLimit, TmpSize, HomeSize, WorkspaceLimit,
            WorkspaceBytes, WorkspaceInodes, User, SeccompProfile,
        ]);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"\A(?:\*\.)?(?:\w(?:[\w-]{0,61}\w)?)(?:\.\w(?:[\w-]{0,61}\w)?)*\z", RegexOptions.ECMAScript)]
    private static partial Regex AllowedHost();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}\z")]
    private static partial Regex ImagePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9*?][A-Za-z0-9._:/@*?-]{0,511}\z")]
    private static partial Regex ImageAllowance();

    [GeneratedRegex(@"\A(?!host\z)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex NetworkPattern();

    [GeneratedRegex(@"\A0*[1-9][0-9]{0,9}(?::0*[1-9][0-9]{0,9})?\z")]
    private static partial Regex UserPattern();
}
