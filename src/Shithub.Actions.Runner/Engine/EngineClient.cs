using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Shithub.Actions.Runner.Engine;

/// <param name="Name"><c>Docker</c> or <c>Podman</c>.</param>
/// <param name="Runtime">What starts its containers, where it says so.</param>
internal sealed record EngineVersion(string Name, string Version, bool IsPodman, OciRuntime? Runtime = null)
{
    public override string ToString() => $"{Name} {Version}";
}

/// <summary>What an engine made of a container.</summary>
/// <param name="Pid">Its first process on this host; 0 once it has stopped.</param>
/// <param name="Address">On the network that was asked about; null: it has none there.</param>
/// <param name="ImageId">What its image's name stood for.</param>
internal sealed record ContainerOrigin(int Pid, string? Address, string ImageId);

/// <summary>
/// The calls of the Docker Engine API that jobs need, for Docker and Podman alike (docs/decisions/0002-engine-api-client.md).
/// Paths carry no API version: each engine then speaks its own newest one, and what is used here is old and stable.
/// </summary>
internal sealed partial class EngineClient(string socketPath) : IDisposable
{
    /// <summary>Milliseconds; the looks before it add up to as much again.</summary>
    private const int LongestExitDelay = 10_000;

    /// <summary>Milliseconds: the first and the one that is too long.</summary>
    private const int FirstRemovalDelay = 5;
    private const int LongestRemovalDelay = 1000;

    private const string NetworkLock = "/run/shithubd-runner.networks.lock";

    private readonly EngineHttp _http = new(socketPath);
    private EngineVersion? _version;

    public async Task<EngineVersion> VersionAsync(CancellationToken cancellationToken)
    {
        if (_version is not null) return _version;
        var answer = await _http.GetAsync("version", EngineJson.Default.VersionAnswer, cancellationToken);
        var podman = answer.Components?.FirstOrDefault(
            component => component.Name?.StartsWith("Podman", StringComparison.OrdinalIgnoreCase) == true);
        var runtime = answer.Components?.Select(component => OciRuntime.Read(component.Name, component.Version)).FirstOrDefault(found => found is not null);
        return _version = podman is null
            ? new EngineVersion("Docker", answer.Version ?? "?", false, runtime)
            : new EngineVersion("Podman", podman.Version ?? answer.Version ?? "?", true, runtime);
    }

    public Task<EngineInfo> InfoAsync(CancellationToken cancellationToken) =>
        _http.GetAsync("info", EngineJson.Default.EngineInfo, cancellationToken);

    /// <summary>Whether the engine answers.</summary>
    public async Task<bool> IsReachableAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _http.ExistsAsync("_ping", cancellationToken);
        }
        catch (EngineException)
        {
            return false;
        }
    }

    /// <summary>
    /// Creates the bridge network unless it is there. Docker makes two networks of one name where two ask at the same moment, and then finds
    /// neither by it: so runners of one host ask one after the other.
    /// </summary>
    /// <exception cref="IOException">Another one took longer than 30 s.</exception>
    public async Task EnsureNetworkAsync(string name, IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken)
    {
        if (await _http.ExistsAsync($"networks/{Uri.EscapeDataString(name)}", cancellationToken)) return;
        using var only = await HostLock.TakeAsync(NetworkLock, cancellationToken);
        if (await _http.ExistsAsync($"networks/{Uri.EscapeDataString(name)}", cancellationToken)) return;
        var version = await VersionAsync(cancellationToken);
        var (path, content) = version.IsPodman
            ? ("v4.0.0/libpod/networks/create", JsonContent.Create(
                new CreatePodmanNetworkRequest(name, "bridge", false, labels), EngineJson.Default.CreatePodmanNetworkRequest))
            : ("networks/create", JsonContent.Create(
                new CreateNetworkRequest(name, "bridge", true, labels), EngineJson.Default.CreateNetworkRequest));

        // 409: somebody else was faster.
        await _http.SendAsync(HttpMethod.Post, path, content, cancellationToken, HttpStatusCode.Conflict);
    }

    /// <summary>A network that is not there is fine.</summary>
    public Task RemoveNetworkAsync(string name, CancellationToken cancellationToken) => _http.SendAsync(
        HttpMethod.Delete, $"networks/{Uri.EscapeDataString(name)}", null, cancellationToken, HttpStatusCode.NotFound);

    /// <summary>The name of a network's bridge on this host; null for a network that is not there, or that does not carry the label.</summary>
    public async Task<string?> FindBridgeAsync(string network, string label, CancellationToken cancellationToken)
    {
        var path = $"networks/{Uri.EscapeDataString(network)}";
        if (!await _http.ExistsAsync(path, cancellationToken)) return null;
        if ((await VersionAsync(cancellationToken)).IsPodman)
        {
            // Only its own call says so.
            var podman = await _http.GetAsync($"v4.0.0/libpod/{path}/json", EngineJson.Default.PodmanNetwork, cancellationToken);
            return podman.Labels?.ContainsKey(label) == true ? podman.Interface : null;
        }

        var docker = await _http.GetAsync(path, EngineJson.Default.DockerNetwork, cancellationToken);
        if (docker.Labels?.ContainsKey(label) != true) return null;
        return docker.Options?.GetValueOrDefault("com.docker.network.bridge.name") ?? $"br-{docker.Id[..12]}";
    }

    /// <returns>The container's id.</returns>
    public async Task<string> CreateContainerAsync(string name, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        var created = await _http.PostAsync(
            $"containers/create?name={Uri.EscapeDataString(name)}",
            request,
            EngineJson.Default.CreateContainerRequest,
            EngineJson.Default.CreatedResource,
            cancellationToken);
        return created.Id;
    }

    public Task StartContainerAsync(string id, CancellationToken cancellationToken) =>
        _http.SendAsync(HttpMethod.Post, $"containers/{id}/start", null, cancellationToken);

    /// <param name="network">Of which its address is wanted.</param>
    public async Task<ContainerOrigin> ContainerOriginAsync(string id, string network, CancellationToken cancellationToken)
    {
        var answer = await _http.GetAsync($"containers/{id}/json", EngineJson.Default.ContainerAnswer, cancellationToken);
        var address = answer.NetworkSettings?.Networks?.GetValueOrDefault(network)?.IPAddress;
        return new ContainerOrigin(
            answer.State.Running ? answer.State.Pid : 0, address is { Length: > 0 } ? address : null, Plain(answer.Image ?? ""));
    }

    public async Task<ContainerState> InspectContainerAsync(string id, CancellationToken cancellationToken) =>
        (await _http.GetAsync($"containers/{id}/json", EngineJson.Default.ContainerAnswer, cancellationToken)).State;

    /// <summary>The last lines that a container wrote; at most 64 KiB of them.</summary>
    public async Task<string> ReadLogAsync(string id, int lines, CancellationToken cancellationToken)
    {
        const int BytesMax = 64 * 1024;
        using var response = await _http.OpenStreamAsync(
            HttpMethod.Get, $"containers/{id}/logs?stdout=true&stderr=true&tail={lines}", null, null, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var frames = new FrameReader(stream);
        var buffer = new byte[BytesMax];
        var (length, read) = (0, 0);
        while (length < BytesMax && (read = await frames.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0) length += read;
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>Sends a signal; a container that is gone or has stopped is fine.</summary>
    public async Task KillContainerAsync(string id, string signal, CancellationToken cancellationToken)
    {
        try
        {
            await _http.SendAsync(HttpMethod.Post, $"containers/{id}/kill?signal={signal}", null, cancellationToken);
        }
        catch (EngineException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
        }
        catch (EngineException e) when (HasJustEnded(e) || e.Message.Contains("no such container", StringComparison.Ordinal))
        {
            // Podman's words where Docker says 409, and for one that goes while it looks.
        }
    }

    /// <summary>Kills and removes; a container that is gone is fine.</summary>
    public async Task RemoveContainerAsync(string id, CancellationToken cancellationToken)
    {
        for (var delay = FirstRemovalDelay; ; delay *= 2)
        {
            try
            {
                await _http.SendAsync(HttpMethod.Delete, $"containers/{id}?force=true&v=true", null, cancellationToken, HttpStatusCode.NotFound);
                return;
            }
            catch (EngineException e) when (delay < LongestRemovalDelay && HasJustEnded(e))
            {
                // The engine wants to kill what has just died, can't, and gives up instead of looking again.
                await Task.Delay(delay, cancellationToken);
            }
        }
    }

    /// <summary>Returns once the container has stopped or is gone.</summary>
    public async Task WaitContainerAsync(string id, CancellationToken cancellationToken)
    {
        // Podman's compatible wait looks every 250 ms; its own can be told to look often.
        var podman = (await VersionAsync(cancellationToken)).IsPodman;
        try
        {
            if (podman)
            {
                await _http.PostUnboundedAsync(
                    $"v4.0.0/libpod/containers/{id}/wait?interval=5ms&condition=stopped&condition=exited",
                    EngineJson.Default.Int32,
                    cancellationToken);
            }
            else
            {
                await _http.PostUnboundedAsync($"containers/{id}/wait", EngineJson.Default.WaitResult, cancellationToken);
            }
        }
        catch (EngineException e) when (e.Status == HttpStatusCode.NotFound)
        {
        }
    }

    /// <summary>Running and stopped containers that carry the label.</summary>
    public Task<IReadOnlyList<ContainerSummary>> ListContainersAsync(string label, string value, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> filters =
            new Dictionary<string, IReadOnlyList<string>> { ["label"] = [$"{label}={value}"] };
        var json = JsonSerializer.Serialize(filters, EngineJson.Default.IReadOnlyDictionaryStringIReadOnlyListString);
        return _http.GetAsync(
            $"containers/json?all=true&filters={Uri.EscapeDataString(json)}",
            EngineJson.Default.IReadOnlyListContainerSummary,
            cancellationToken);
    }

    /// <summary>
    /// Runs a command in a running container and hands its output, standard output and error in the order they arrive, to
    /// <paramref name="output"/>, which may be slow: the command then waits.
    /// </summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExecAsync(
        string container,
        CreateExecRequest request,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken)
    {
        var exec = await _http.PostAsync(
            $"containers/{container}/exec",
            request,
            EngineJson.Default.CreateExecRequest,
            EngineJson.Default.CreatedResource,
            cancellationToken);
        using (var response = await _http.OpenStreamAsync(
            HttpMethod.Post,
            $"exec/{exec.Id}/start",
            JsonContent.Create(new StartExecRequest(), EngineJson.Default.StartExecRequest),
            null,
            cancellationToken))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var frames = new FrameReader(stream);
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await frames.ReadAsync(buffer, cancellationToken)) > 0)
                await output(buffer.AsMemory(0, read), cancellationToken);
        }

        return await ExitCodeAsync(exec.Id, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Podman's and Docker's words for a container that is not as it was when they looked.</summary>
    private static bool HasJustEnded(EngineException e) =>
        e.Status == HttpStatusCode.InternalServerError
        && (e.Message.Contains("container state improper", StringComparison.Ordinal) || e.Message.Contains("is not running", StringComparison.Ordinal));

    /// <summary>Right after the stream has ended the engine may not know the exit code yet.</summary>
    private async Task<int> ExitCodeAsync(string exec, CancellationToken cancellationToken)
    {
        for (var delay = 2; delay < LongestExitDelay; delay *= 2)
        {
            var state = await _http.GetAsync($"exec/{exec}/json", EngineJson.Default.ExecState, cancellationToken);
            if (!state.Running && state.ExitCode is { } code) return code;
            await Task.Delay(delay, cancellationToken);
        }

        throw new EngineException("The container engine closed a command's output but does not say how the command ended.");
    }
}
