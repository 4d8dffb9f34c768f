using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Startup;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// This machine as a runner without settings: finds an engine, makes a network and a folder for one run. Disposing it takes both away again;
/// what a killed run left behind, the next one removes.
/// </summary>
internal sealed class LocalHost : IAsyncDisposable
{
    public const string DefaultImage = "localhost/shithub/runner:1";

    private const string Root = "/var/lib/shithub-exec";
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(60);
    private readonly EngineClient _engine;
    private readonly WorkspaceRoot _folder;
    private readonly Process? _podman;

    private LocalHost(EngineClient engine, WorkspaceRoot folder, RunnerContext context, Process? podman) =>
        (_engine, _folder, Context, _podman) = (engine, folder, context, podman);

    public RunnerContext Context { get; }

    /// <param name="socket">Of the engine; null: the one that answers and has the image, or Podman's, started for this run.</param>
    /// <exception cref="RunnerException">There is no engine, or it does not have the image.</exception>
    public static async Task<LocalHost> StartAsync(string? socket, string image, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new RunnerException(
                "Running a workflow here needs root: its files belong to the user whom steps run as. Use sudo.", ExitCodes.Usage);
        }

        var logger = loggers.CreateLogger<LocalHost>();
        var path = Path.Combine(Root, Guid.NewGuid().ToString("N")[..8]);
        var folder = WorkspaceRoot.Open(path);
        EngineClient? engine = null;
        Process? podman = null;
        try
        {
            (engine, podman) = await FindEngineAsync(socket, image, path, cancellationToken);
            var settings = Settings(image, NetworkOf(path));
            var version = await engine.VersionAsync(cancellationToken);
            await RemoveLeftoversAsync(engine, logger, cancellationToken);
            var spec = await ContainerSpec.LoadAsync(settings, version.IsPodman, path, cancellationToken);
            await engine.EnsureNetworkAsync(
                settings.Network, new Dictionary<string, string> { [BridgePorts.NetworkLabel] = "steps" }, cancellationToken);
            var context = new RunnerContext(
                Environment.MachineName, path, engine, version, spec, CheckoutStartup.Throwaway(path, loggers), TimeProvider.System, loggers);
            return new LocalHost(engine, folder, context, podman);
        }
        catch (Exception e)
        {
            if (engine is not null) await RemoveNetworkAsync(engine, NetworkOf(path));
            engine?.Dispose();
            End(podman);
            folder.Dispose();
            Directory.Delete(path, recursive: true);
            if (e is EngineException) throw new RunnerException($"Jobs can't run with this engine: {e.Message}", ExitCodes.Usage);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RemoveNetworkAsync(_engine, Context.Spec.Settings.Network);
        _engine.Dispose();
        End(_podman);
        _folder.Dispose();
        using var bounded = new CancellationTokenSource(CleanupTime);
        await JobWorkspace.RemoveFolderAsync(Context.WorkspaceRoot, bounded.Token);
    }

    /// <summary>The defaults of a runner, without the allowlist's resolver, which a machine without one doesn't have.</summary>
    private static EngineSettings Settings(string image, string network) => new()
    {
        Kind = EngineKind.Auto,
        Socket = null,
        DefaultImage = image,

        // Who runs a workflow here may run any image here.
        Images = ["*"],
        Warm = 0,
        Network = network,
        NetworkFence = NetworkFenceMode.Off,
        DnsServers = [],
        MemoryBytes = 2L * 1024 * 1024 * 1024,
        Cpus = Math.Min(2, Environment.ProcessorCount),
        PidsLimit = 512,
        TmpBytes = 512L * 1024 * 1024,
        HomeBytes = 512L * 1024 * 1024,

        // It is the user's own disk, and own work.
        WorkspaceLimit = WorkspaceLimitMode.Watch,
        WorkspaceBytes = long.MaxValue,
        WorkspaceInodes = int.MaxValue,
        User = "65534:65534",
        SeccompProfile = null,
    };

    private static string NetworkOf(string folder) => $"shithub-exec-{Path.GetFileName(folder)}";

    private static async Task<(EngineClient Engine, Process? Podman)> FindEngineAsync(string? socket, string image, string folder, CancellationToken cancellationToken)
    {
        string[] places = socket is not null
            ? [socket]
            : [EngineSettings.DefaultSocket(EngineKind.Docker)!, EngineSettings.DefaultSocket(EngineKind.Podman)!];
        var answering = new List<string>();
        foreach (var place in places)
        {
            var engine = new EngineClient(place);
            if (await engine.IsReachableAsync(cancellationToken))
            {
                if (await engine.ImageExistsAsync(image, cancellationToken)) return (engine, null);
                answering.Add(place);
            }

            engine.Dispose();
        }

        if (socket is null && await StartPodmanAsync(folder, cancellationToken) is var (own, podman))
        {
            if (await own.ImageExistsAsync(image, cancellationToken)) return (own, podman);
            answering.Add("podman");
            own.Dispose();
            End(podman);
        }

        throw new RunnerException(
            answering.Count == 0
                ? $"No container engine answers{(socket is null ? "" : $" at {socket}")}. Install Podman (sudo apt-get install -y podman), or name an "
                    + "engine's socket with --engine-socket."
                : $"The container engine ({string.Join(", ", answering)}) has no image {image}. "
                    + (image == DefaultImage
                        ? $"Build it once with deploy/runner-image/build.sh {image}, or name another with --image."
                        : "Pull or build it, or name another with --image."),
            ExitCodes.Usage);
    }

    /// <summary>
    /// Podman needs no service to run, but this program speaks to one: it is started for this run; were this program killed, it would end by
    /// itself when nobody has asked it anything for five minutes. In a session of its own, Ctrl-C does not reach it before the containers are gone.
    /// </summary>
    private static async Task<(EngineClient Engine, Process Podman)?> StartPodmanAsync(string folder, CancellationToken cancellationToken)
    {
        var socket = Path.Combine(folder, "podman.sock");
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("setsid", ["podman", "system", "service", "--time=300", $"unix://{socket}"])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        var engine = new EngineClient(socket);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(20) && !process.HasExited;)
        {
            if (File.Exists(socket) && await engine.IsReachableAsync(cancellationToken)) return (engine, process);
            await Task.Delay(20, cancellationToken);
        }

        engine.Dispose();
        End(process);
        return null;
    }

    /// <summary>Nothing it does is under way any more.</summary>
    private static void End(Process? podman)
    {
        if (podman is null) return;
        podman.Kill();
        podman.Dispose();
    }

    /// <summary>A run whose lock nobody holds was killed, or is about to take it: a young one is left alone.</summary>
    private static async Task RemoveLeftoversAsync(EngineClient engine, ILogger logger, CancellationToken cancellationToken)
    {
        var youngest = DateTime.UtcNow - CleanupTime;
        foreach (var path in Directory.GetDirectories(Root).Where(path => Directory.GetCreationTimeUtc(path) < youngest))
        {
            try
            {
                using (WorkspaceRoot.Open(path)) await EngineStartup.RemoveLeftoversAsync(engine, path, logger, cancellationToken);
            }
            catch (RunnerException)
            {
                // It lives.
                continue;
            }

            await RemoveNetworkAsync(engine, NetworkOf(path));
            await JobWorkspace.RemoveFolderAsync(path, cancellationToken);
        }
    }

    private static async Task RemoveNetworkAsync(EngineClient engine, string network)
    {
        using var bounded = new CancellationTokenSource(CleanupTime);
        try
        {
            await engine.RemoveNetworkAsync(network, bounded.Token);
        }
        catch (EngineException)
        {
            // Still in use by what could not be removed either.
        }
    }
}
