using System.Net;
using System.Text;
using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>The one container of a job. Disposing it kills and removes it.</summary>
internal sealed class JobContainer : IAsyncDisposable
{
    /// <summary>How long processes have to end after SIGTERM; a cancelled job is dead within 2 s.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(0.8);

    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);
    private readonly EngineClient _engine;
    private readonly ContainerSpec _spec;
    private readonly string _id;
    private FirstProcess? _process;
    private FirstScript? _first;
    private bool _isDead;

    private JobContainer(EngineClient engine, ContainerSpec spec, string id) => (_engine, _spec, _id) = (engine, spec, id);

    /// <summary>The engine's.</summary>
    public string Id => _id;

    /// <exception cref="EngineException">The engine can't be reached, or does not make this container.</exception>
    public static async Task<JobContainer> StartAsync(
        EngineClient engine, ContainerSpec spec, string name, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        // Not cut short, which would leave a container whose id nobody knows: the engine has its own limit of time.
        var id = await engine.CreateContainerAsync(name, request, CancellationToken.None);
        var container = new JobContainer(engine, spec, id);
        try
        {
            await engine.StartContainerAsync(id, cancellationToken);
            return container;
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks what the engine made of it. From here on it is killed without the engine, where this host lets that be done.</summary>
    /// <exception cref="SandboxException">It has ended.</exception>
    /// <exception cref="EngineException">The engine can't be reached.</exception>
    public async Task<ContainerOrigin> FindAsync(CancellationToken cancellationToken)
    {
        var origin = await _engine.ContainerOriginAsync(_id, _spec.Settings.Network, cancellationToken);
        if (origin.Pid == 0) throw new SandboxException("the container ended");
        _process = FirstProcess.Find(origin.Pid, _id);
        return origin;
    }

    /// <summary>Whether it runs, as far as this host shows it: no call to the engine.</summary>
    public bool IsSeenAlive => _process is { IsAlive: true };

    /// <summary>The first process waits for a script; see <see cref="RunScriptAsync"/>.</summary>
    /// <param name="first">Prepared in the container's mount; the container's from here on.</param>
    public void Connect(FirstScript first)
    {
        first.Connect();
        _first = first;
    }

    /// <summary>As <see cref="ExecAsync"/>, for scripts of the job's author: the first one need not wait for the engine.</summary>
    public async Task<int> RunScriptAsync(
        IReadOnlyList<string> command,
        IReadOnlyList<KeyValuePair<string, string>> environment,
        string workingDirectory,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken)
    {
        if (_first is { IsUnused: true } first)
        {
            if (FirstScript.CanPass(environment))
            {
                // Podman gives it to containers, and not to what it starts in them later.
                var withheld = (await _engine.VersionAsync(cancellationToken)).IsPodman ? "HOSTNAME" : null;
                return await first.RunAsync(command, environment, withheld, workingDirectory, output, cancellationToken);
            }

            _first = null;
            await first.DisposeAsync();
        }

        return await ExecAsync(
            command, [.. environment.Select(variable => $"{variable.Key}={variable.Value}")], workingDirectory, output, cancellationToken);
    }

    /// <summary>Runs a command as the job's user; see <see cref="EngineClient.ExecAsync"/>.</summary>
    public Task<int> ExecAsync(
        IReadOnlyList<string> command,
        IReadOnlyList<string> environment,
        string workingDirectory,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken) =>
        _engine.ExecAsync(
            _id, new CreateExecRequest(command, environment, workingDirectory, _spec.User.ToString()), output, cancellationToken);

    /// <summary>Runs a short command of the runner's own; its output is bounded to 64 KiB.</summary>
    public async Task<(int ExitCode, string Output)> ExecShortAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        const int OutputBytesMax = 64 * 1024;
        using var output = new MemoryStream();
        var exitCode = await ExecAsync(
            command,
            [],
            ContainerPaths.Mount,
            (bytes, _) =>
            {
                if (output.Length < OutputBytesMax) output.Write(bytes.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        return (exitCode, Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length));
    }

    /// <summary>Ends every process in the container: asked first, killed then. Returns when they are dead.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        await _engine.KillContainerAsync(_id, "SIGTERM", cancellationToken);
        using (var grace = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            grace.CancelAfter(Grace);
            try
            {
                await _engine.WaitContainerAsync(_id, grace.Token);
                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
            }
        }

        await _engine.KillContainerAsync(_id, "SIGKILL", cancellationToken);
        await _engine.WaitContainerAsync(_id, cancellationToken);
    }

    /// <summary>Kills every process in it at once. Never throws: removing the container is the second try.</summary>
    public async Task EndAsync()
    {
        if (_isDead) return;
        if (_process is not null && await _process.KillAsync(CleanupTime))
        {
            _isDead = true;
            return;
        }

        using var bounded = new CancellationTokenSource(CleanupTime);
        try
        {
            await _engine.KillContainerAsync(_id, "SIGKILL", bounded.Token);
            _isDead = true;
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // Never started, or half gone: removing it is what counts.
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Removing alone would first ask the processes to end, and wait.
        await EndAsync();
        _process?.Dispose();
        _process = null;
        if (_first is not null) await _first.DisposeAsync();
        using var bounded = new CancellationTokenSource(CleanupTime);
        try
        {
            await _engine.RemoveContainerAsync(_id, bounded.Token);
        }
        catch (EngineException e) when (e.Status == HttpStatusCode.Conflict)
        {
            // Somebody else is removing it.
        }
    }
}
