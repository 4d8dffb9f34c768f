using System.Globalization;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>What a job's container may and may not do, as the engine is told it.</summary>
/// <param name="SeccompOption">The value for the engine's <c>seccomp=</c> option, or null for its own profile.</param>
internal sealed record ContainerSpec(EngineSettings Settings, string? SeccompOption)
{
    public const string RunnerLabel = "shithub.runner";
    public const string JobLabel = "shithub.job";
    public const string AttemptLabel = "shithub.attempt";

    /// <summary>Marks a container that was started before its job was there; such a one has no labels of a job.</summary>
    public const string WarmLabel = "shithub.warm";

    private const decimal NanoCpusPerCpu = 1_000_000_000m;

    /// <summary>
    /// The first process: looks at the fence if somebody listens (<see cref="FirstLook"/>), starts the first script if somebody has one for it
    /// (<see cref="FirstScript"/>), reaps what steps leave behind, and on SIGTERM asks all other processes to end before it takes them with it.
    /// A shell does it, so that neither engine needs an init program installed.
    /// </summary>
    private const string InitScript =
        FirstScript.Open
        + $"if [ -p {ContainerPaths.FirstLook} ]; then ( {FirstScript.CloseAll}\n{FirstScript.Tell}\n{Fence.Script}\n) > {ContainerPaths.FirstLook} 2>&1; fi\n"
        + "trap 'trap \"\" TERM; kill -TERM -1; sleep 0.3; exit 143' TERM\n"
        + FirstScript.Run
        + "while :; do sleep 3600 & wait $!; done";

    /// <summary>With bash where the image has it, which alone gives a command that it does not wait for signals as they are by default; without what
    /// <c>BASH_ENV</c> names.</summary>
    private const string InitCommand =
        "if command -v bash > /dev/null 2>&1; then exec bash -p -c \"$1\" init; fi; exec /bin/sh -c \"$1\" init";

    public UserIds User { get; } = UserIds.Parse(Settings.User);

    /// <summary>
    /// Without a profile of the operator's it is the runner's own, since those of the engines differ: Podman's lets steps make user namespaces, and
    /// in them reach kernel code that is root's alone otherwise. Podman reads the profile's file itself; Docker wants the file's content.
    /// </summary>
    /// <param name="root">The folder of workspaces, which the engine sees by the same path.</param>
    public static async Task<ContainerSpec> LoadAsync(EngineSettings settings, bool isPodman, string root, CancellationToken cancellationToken)
    {
        var path = settings.SeccompProfile ?? Path.Combine(root, ".seccomp.json");
        var content = settings.SeccompProfile is null ? OwnProfile() : await File.ReadAllTextAsync(path, cancellationToken);
        if (!isPodman) return new ContainerSpec(settings, content);
        if (settings.SeccompProfile is null)
        {
            // Whole at every moment: the doctor may do the same beside a runner.
            var written = $"{path}.{Guid.NewGuid():N}";
            Directory.CreateDirectory(root);
            await File.WriteAllTextAsync(written, content, cancellationToken);
            File.Move(written, path, overwrite: true);
        }

        return new ContainerSpec(settings, path);
    }

    private static string OwnProfile()
    {
        using var reader = new StreamReader(typeof(ContainerSpec).Assembly.GetManifestResourceStream("seccomp.json")!);
        return reader.ReadToEnd();
    }

    /// <summary>Which job a container belongs to.</summary>
    public static IReadOnlyDictionary<string, string> Labels(string runner, long jobId, int attempt) => new Dictionary<string, string>
    {
        [RunnerLabel] = runner,
        [JobLabel] = jobId.ToString(CultureInfo.InvariantCulture),
        [AttemptLabel] = attempt.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Of a container that waits for a job.</summary>
    public static IReadOnlyDictionary<string, string> WarmLabels(string runner) => new Dictionary<string, string>
    {
        [RunnerLabel] = runner,
        [WarmLabel] = "1",
    };

    public CreateContainerRequest ToRequest(string mountSource, string runner, long jobId, int attempt) =>
        ToRequest(mountSource, Labels(runner, jobId, attempt), ContainerExtras.None);

    /// <param name="mountSource">The host folder that becomes <see cref="ContainerPaths.Mount"/>.</param>
    public CreateContainerRequest ToRequest(string mountSource, IReadOnlyDictionary<string, string> labels, ContainerExtras extras) => new(
        extras.Image ?? Settings.DefaultImage,
        User.ToString(),
        ContainerPaths.Mount,
        ["/bin/sh", "-c", InitCommand, "init", InitScript],
        [],
        [.. extras.Env, $"HOME={ContainerPaths.Home}"],
        labels,
        StopTimeout: 1,
        Limits(Settings.Network) with
        {
            Binds = [$"{mountSource}:{ContainerPaths.Mount}:rw", .. extras.Binds],
            Tmpfs = new Dictionary<string, string>(extras.InMemory.Select(path => KeyValuePair.Create(path, InMemory(Settings.TmpBytes))))
            {
                ["/tmp"] = InMemory(Settings.TmpBytes),
                [ContainerPaths.Home] = InMemory(Settings.HomeBytes),
            },
            Dns = Settings.Network == "none" ? [] : Settings.DnsServers,
            ReadonlyRootfs = true,
            ExtraHosts = [.. extras.LocalNames.Select(name => $"{name}:127.0.0.1")],
        });

    /// <summary>What holds for every container.</summary>
    public ContainerHostConfig Limits(string network) => new(
        network,
        Binds: [],
        Tmpfs: new Dictionary<string, string>(),
        Dns: [],
        ["ALL"],
        SeccompOption is null ? ["no-new-privileges"] : ["no-new-privileges", $"seccomp={SeccompOption}"],
        ReadonlyRootfs: false,
        Privileged: false,
        Settings.MemoryBytes,
        Settings.MemoryBytes,
        (long)(Settings.Cpus * NanoCpusPerCpu),
        Settings.PidsLimit);

    private static string InMemory(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"rw,nosuid,nodev,exec,mode=1777,size={bytes}");
}

/// <summary>What one job wants of its container beyond what all have.</summary>
/// <param name="Image">Null: the default one.</param>
/// <param name="Env">As <c>NAME=value</c>.</param>
/// <param name="InMemory">Paths of empty folders that are kept in memory.</param>
/// <param name="LocalNames">Host names of the container itself.</param>
internal sealed record ContainerExtras(
    string? Image, IReadOnlyList<string> Env, IReadOnlyList<string> Binds, IReadOnlyList<string> InMemory, IReadOnlyList<string> LocalNames)
{
    public static ContainerExtras None { get; } = new(null, [], [], [], []);
}
