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

    private const decimal NanoCpusPerCpu = 1_000_000_000m;

    /// <summary>
    /// The first process: waits, reaps what steps leave behind, and on SIGTERM asks all other processes to end before it takes them with
    /// it. A shell does it, so that neither engine needs an init program installed.
    /// </summary>
    private const string InitScript =
        "trap 'trap \"\" TERM; kill -TERM -1; sleep 0.3; exit 143' TERM; while :; do sleep 3600 & wait $!; done";

    public UserIds User { get; } = UserIds.Parse(Settings.User);

    /// <summary>Podman reads the profile's file itself; Docker wants the file's content.</summary>
    public static async Task<ContainerSpec> LoadAsync(EngineSettings settings, bool isPodman, CancellationToken cancellationToken)
    {
        if (settings.SeccompProfile is not { } path) return new ContainerSpec(settings, null);
        var content = await File.ReadAllTextAsync(path, cancellationToken);
        return new ContainerSpec(settings, isPodman ? path : content);
    }

    /// <param name="mountSource">The host folder that becomes <see cref="ContainerPaths.Mount"/>.</param>
    public CreateContainerRequest ToRequest(string mountSource, string runner, long jobId, int attempt) => new(
        Settings.DefaultImage,
        User.ToString(),
        ContainerPaths.Mount,
        ["/bin/sh", "-c", InitScript],
        [],
        [$"HOME={ContainerPaths.Home}"],
        new Dictionary<string, string>
        {
            [RunnerLabel] = runner,
            [JobLabel] = jobId.ToString(CultureInfo.InvariantCulture),
            [AttemptLabel] = attempt.ToString(CultureInfo.InvariantCulture),
        },
        StopTimeout: 1,
        new ContainerHostConfig(
            Settings.Network,
            [$"{mountSource}:{ContainerPaths.Mount}:rw"],
            new Dictionary<string, string>
            {
                ["/tmp"] = string.Create(CultureInfo.InvariantCulture, $"rw,nosuid,nodev,exec,mode=1777,size={Settings.TmpBytes}"),
            },
            Settings.Network == "none" ? [] : Settings.DnsServers,
            ["ALL"],
            SeccompOption is null ? ["no-new-privileges"] : ["no-new-privileges", $"seccomp={SeccompOption}"],
            ReadonlyRootfs: true,
            Privileged: false,
            Settings.MemoryBytes,
            Settings.MemoryBytes,
            (long)(Settings.Cpus * NanoCpusPerCpu),
            Settings.PidsLimit));
}
