using System.Net;
using System.Text;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>One service of a job while it runs. Disposing it kills and removes it.</summary>
internal sealed class ServiceContainer : IAsyncDisposable
{
    private const int OutputBytesMax = 4096;
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);
    private readonly EngineClient _engine;
    private readonly string _id;
    private readonly HealthCheck? _health;
    private bool _isDead;

    private ServiceContainer(EngineClient engine, string id, PlannedContainer plan, HealthCheck? health) =>
        (_engine, _id, Plan, _health) = (engine, id, plan, health);

    public PlannedContainer Plan { get; }

    public string Name => Plan.Name!;

    /// <exception cref="EngineException">The engine does not make or start it.</exception>
    public static async Task<ServiceContainer> StartAsync(
        EngineClient engine, string name, CreateContainerRequest request, PlannedContainer plan, HealthCheck? health, CancellationToken cancellationToken)
    {
        var id = await engine.CreateContainerAsync(name, request, cancellationToken);
        var service = new ServiceContainer(engine, id, plan, health);
        try
        {
            await engine.StartContainerAsync(id, cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks until the service is ready; one that nobody says how to ask is ready as long as it runs.</summary>
    /// <returns>Whether anybody was asked.</returns>
    /// <exception cref="SandboxException">It ended, or is not ready in the time it has.</exception>
    public async Task<bool> BecomeReadyAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var answer = "";
        for (var checks = 0; ; checks++)
        {
            var state = await _engine.InspectContainerAsync(_id, cancellationToken);
            if (!state.Running) throw new SandboxException($"The service '{Name}' ended with exit code {state.ExitCode} before the first step.");
            if (_health is null) return false;
            (var healthy, answer) = await AskAsync(_health, cancellationToken);
            if (healthy) return true;
            if (time.GetElapsedTime(started) > _health.Patience) break;
            await Task.Delay(_health.PauseAfter(checks), time, cancellationToken);
        }

        throw new SandboxException(
            $"The service '{Name}' was not healthy within {_health.Patience.TotalSeconds:0} s; its health check last said: {answer}");
    }

    /// <summary>Its first process, on the host.</summary>
    /// <exception cref="SandboxException">It has ended.</exception>
    public async Task<int> PidAsync(CancellationToken cancellationToken) =>
        await _engine.InspectContainerAsync(_id, cancellationToken) is { Running: true, Pid: > 0 and var pid }
            ? pid
            : throw new SandboxException($"The service '{Name}' ended before the first step.");

    /// <summary>The last lines that it wrote; empty if it wrote nothing, or the engine does not have it.</summary>
    public async Task<IReadOnlyList<string>> ReadLogAsync(int lines, CancellationToken cancellationToken)
    {
        try
        {
            var text = (await _engine.ReadLogAsync(_id, lines, cancellationToken)).TrimEnd('\n');
            return text.Length == 0 ? [] : text.Split('\n');
        }
        catch (Exception e) when (e is EngineException or IOException)
        {
            // Some log drivers can't be read back.
            return [];
        }
    }

    /// <summary>Kills every process in it at once. Never throws: removing the container is the second try.</summary>
    public async Task EndAsync()
    {
        if (_isDead) return;
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

    private async Task<(bool Healthy, string Answer)> AskAsync(HealthCheck health, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(health.Timeout);
        try
        {
            var exitCode = await _engine.ExecAsync(
                _id,
                new CreateExecRequest(health.Command, [], null, null),
                (bytes, _) =>
                {
                    if (output.Length < OutputBytesMax) output.Write(bytes.Span);
                    return ValueTask.CompletedTask;
                },
                bounded.Token);
            var said = Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length).Trim();
            return (exitCode == 0, $"exit code {exitCode}{(said.Length == 0 ? "" : $", {said}")}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, $"nothing within {health.Timeout.TotalSeconds:0.###} s");
        }
        catch (EngineException e) when (e.Status is not null)
        {
            // It may have ended meanwhile, which the next look says; or the command is not there.
            return (false, e.Message);
        }
    }
}
