using System.Collections.Concurrent;
using System.Globalization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Warm;

namespace Shithub.Actions.Runner.Pods;

/// <summary>The containers of a job: the one that its steps run in, and its services in the same network. Disposing it removes all.</summary>
internal sealed class Pod : IAsyncDisposable
{
    private const int LogLines = 200;
    private readonly List<ServiceContainer> _services = [];
    private readonly List<PortForward> _forwards = [];
    private readonly ConcurrentQueue<JobImage> _images = new();
    private readonly RunnerContext _runner;
    private readonly PreparedContainer _container;
    private readonly LogStream _log;

    private JobNetwork? _network;

    private Pod(RunnerContext runner, PreparedContainer container, LogStream log) => (_runner, _container, _log) = (runner, container, log);

    public ReadyContainer Job => _container.Ready;

    /// <summary>Returns when the steps can begin: every service is ready.</summary>
    /// <param name="name">The job's container's.</param>
    /// <param name="warm">A container for this job whose workspace this is. If it can't be used any more, another takes its place.</param>
    /// <param name="holds">The quick look at the network's fence, under way.</param>
    /// <param name="fenceLost">Told when the network's fence is lost while the job runs.</param>
    /// <exception cref="NetworkFenceException">The network's fence does not hold.</exception>
    /// <exception cref="SandboxException">An image is not to be had, the fence has holes, a service does not become ready.</exception>
    /// <exception cref="EngineException">The engine can't be reached, or does not make these containers.</exception>
    public static async Task<Pod> StartAsync(
        RunnerContext runner, ClaimedJob job, PodPlan plan, string name, JobWorkspace workspace, WarmSlot? warm, Task holds, Action<string> fenceLost,
        LogStream log, CancellationToken cancellationToken)
    {
        foreach (var container in plan.All) await PullAsync(runner.Engine, container, log, cancellationToken);
        var labels = ContainerSpec.Labels(runner.WorkspaceRoot, job.Id, job.Attempt);
        var image = plan.Job?.Image ?? runner.Spec.Settings.DefaultImage;
        var found = runner.Engine.ImageAsync(image, cancellationToken);
        var prepared = await KeepAsync(warm, found) ?? await PreparedContainer.StartAsync(
            runner, name, workspace, runner.Spec.ToRequest(workspace.Mount, labels, Extras(plan, workspace)), cancellationToken);
        var pod = new Pod(runner, prepared, log);
        try
        {
            // Nothing of the author's has run yet.
            var (_, digest) = await found;
            pod._images.Enqueue(new JobImage(image, digest));
            await pod.SayAsync($"Container: image {image}, {digest}");
            foreach (var fact in prepared.Ready.Fence.Facts) await pod.SayAsync($"Fence: {fact}");
            await pod.StartNetworkAsync(job, holds, fenceLost, cancellationToken);
            foreach (var service in plan.Services) await pod.StartServiceAsync(service, name, labels, workspace, cancellationToken);
            await Task.WhenAll(pod._services.Select(service => pod.BecomeReadyAsync(service, cancellationToken)));
            return pod;
        }
        catch
        {
            await pod.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the containers run: the job's, and those of the services that became ready.</summary>
    public IReadOnlyList<JobImage> Images => [.. _images];

    /// <summary>Writes what the network's fence refused to the job into its log.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<IReadOnlyList<string>> ReportBlockedAsync(CancellationToken cancellationToken) =>
        _network is null ? [] : await _network.ReportAsync(_log, cancellationToken);

    /// <summary>What the services wrote, for whoever wants to know why the job failed.</summary>
    public async Task WriteServiceLogsAsync(CancellationToken cancellationToken)
    {
        foreach (var service in _services) await WriteLogAsync(service, cancellationToken);
    }

    /// <summary>Kills every process of the job at once, as far as the engine answers in time.</summary>
    public Task KillAsync() => Task.WhenAll([Job.Container.EndAsync(), .. _services.Select(service => service.EndAsync())]);

    public async ValueTask DisposeAsync()
    {
        foreach (var forward in _forwards) forward.Dispose();
        try
        {
            // Before the job's container: it can't go while they use its network.
            await Task.WhenAll(_services.Select(service => service.DisposeAsync().AsTask()));
        }
        finally
        {
            try
            {
                await _container.DisposeAsync();
            }
            finally
            {
                // Whatever the engine said: a job that is over is not watched any more.
                if (_network is not null) await _network.DisposeAsync();
            }
        }
    }

    /// <returns>The container of a slot that is still as one would be that is made now; null: it is gone.</returns>
    /// <param name="image">What the default image's name stands for now.</param>
    private static async Task<PreparedContainer?> KeepAsync(WarmSlot? warm, Task<EngineImage> image)
    {
        if (warm is null) return null;
        var isKept = false;
        try
        {
            isKept = await warm.HasImageAsync(image);
        }
        finally
        {
            if (!isKept) await warm.Container.DisposeAsync();
        }

        return isKept ? warm.Container : null;
    }

    private async Task StartNetworkAsync(ClaimedJob job, Task holds, Action<string> fenceLost, CancellationToken cancellationToken)
    {
        if (_runner.Network is { } guard)
        {
            _network = await JobNetwork.StartAsync(guard, _container.Place!, holds, job.Permissions, fenceLost, _log, cancellationToken);
            return;
        }

        if (_runner.Spec.Settings.Network == "none")
        {
            await SayAsync("Fence: no network");
            return;
        }

        await SayAsync(
            "WARNING: the network's fence is off on this runner (engine.network_fence): the steps of this job reach whatever its host reaches, "
            + "and permissions.network is not heeded.");
        if (_container.IsApart) await SayAsync("Fence: other jobs out of reach");
    }

    private static async Task PullAsync(EngineClient engine, PlannedContainer container, LogStream log, CancellationToken cancellationToken)
    {
        if (await engine.ImageExistsAsync(container.Image, cancellationToken)) return;
        var account = container.Credentials is { } credentials ? $" as {credentials.Username}" : "";
        await log.WriteLineAsync($"Pulling image {container.Image}{account}", cancellationToken);
        try
        {
            await engine.PullImageAsync(
                container.Image, container.Credentials, line => log.WriteLineAsync($"  {line}", cancellationToken), cancellationToken);
        }
        catch (EngineException e)
        {
            // The author's choice of image, not this runner's engine.
            throw new SandboxException(e.Message);
        }
    }

    private static ContainerExtras Extras(PodPlan plan, JobWorkspace workspace) => new(
        plan.Job?.Image,
        plan.Job?.Env ?? [],
        plan.Job is { } job ? ServiceSpec.Binds(job, workspace.VolumeFolder) : [],
        [.. plan.Job?.Volumes.Where(volume => volume.Name is null).Select(volume => volume.Path) ?? []],
        [.. plan.All.SelectMany(container => container.HostNames).Distinct(StringComparer.OrdinalIgnoreCase)]);

    private async Task StartServiceAsync(
        PlannedContainer service, string jobContainer, IReadOnlyDictionary<string, string> labels, JobWorkspace workspace,
        CancellationToken cancellationToken)
    {
        foreach (var remark in service.Options.Remarks) await SayAsync($"Service {service.Name}: {remark}");
        var image = await _runner.Engine.ImageConfigAsync(service.Image, cancellationToken);
        var request = ServiceSpec.ToRequest(service, image, _runner.Spec, jobContainer, labels, workspace.VolumeFolder);
        try
        {
            var started = await ServiceContainer.StartAsync(
                _runner.Engine, PodContexts.ServiceName(jobContainer, service.Name!), request, service, HealthCheck.Create(image.Healthcheck, service.Options), cancellationToken);
            _services.Add(started);
            foreach (var port in service.Ports.Where(port => port.Host != port.Container))
                _forwards.Add(await PortForward.StartAsync(await started.PidAsync(cancellationToken), port, cancellationToken));
        }
        catch (EngineException e) when (e.Status is not null)
        {
            throw new SandboxException($"The service '{service.Name}' does not start: {e.Message}");
        }
    }

    private async Task BecomeReadyAsync(ServiceContainer service, CancellationToken cancellationToken)
    {
        var started = _runner.Time.GetTimestamp();
        try
        {
            var (_, digest) = await _runner.Engine.ImageAsync(service.Plan.Image, cancellationToken);
            _images.Enqueue(new JobImage(service.Plan.Image, digest, service.Name));
            var asked = await service.BecomeReadyAsync(_runner.Time, cancellationToken);
            var seconds = _runner.Time.GetElapsedTime(started).TotalSeconds;
            var state = asked ? string.Create(CultureInfo.InvariantCulture, $"healthy after {seconds:0.0} s") : "started; it has no health check";
            await SayAsync($"Service {service.Name}: image {service.Plan.Image}, {digest}, {state}");
        }
        catch (SandboxException)
        {
            await WriteLogAsync(service, cancellationToken);
            throw;
        }
    }

    private async Task WriteLogAsync(ServiceContainer service, CancellationToken cancellationToken)
    {
        var lines = await service.ReadLogAsync(LogLines, cancellationToken);
        if (lines.Count == 0) return;
        await SayAsync($"What the service {service.Name} wrote{(lines.Count == LogLines ? $" at last ({LogLines} lines)" : "")}:");
        foreach (var line in lines) await SayAsync($"  {service.Name} | {line}");
    }

    private ValueTask SayAsync(string line) => _log.WriteLineAsync(line, CancellationToken.None);
}
