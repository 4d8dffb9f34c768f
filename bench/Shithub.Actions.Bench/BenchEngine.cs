using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>A container engine's socket, and the bare calls that jobs are compared with: nothing of ours in between.</summary>
internal sealed class BenchEngine : IDisposable
{
    private readonly bool _isPodman;
    private readonly Func<string> _newWorkspaceRoot;
    private readonly HttpClient _http;
    private readonly string _mount = Directory.CreateTempSubdirectory("shithub-bench-mount-").FullName;

    private BenchEngine(bool isPodman, string socket, string network, Func<string> newWorkspaceRoot)
    {
        (_isPodman, Socket, Network, _newWorkspaceRoot) = (isPodman, socket, network, newWorkspaceRoot);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://engine/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public string Name => _isPodman ? "Podman" : "Docker";

    /// <summary>For <c>engine.kind</c>.</summary>
    public string Kind => _isPodman ? "podman" : "docker";

    public string Socket { get; }

    /// <summary>The runner's; whoever runs a bare container waits until the runner has made it.</summary>
    public string Network { get; }

    /// <summary>For <c>runner.network_subnet</c>: one of its own, beside whatever the machine has.</summary>
    public string Subnet { get; } = $"10.{Random.Shared.Next(100, 250)}.{Random.Shared.Next(1, 250)}.1/24";

    public static async Task<BenchEngine> PodmanAsync(CancellationToken cancellation)
    {
        var podman = await PodmanFixture.GetAsync(cancellation);
        return new BenchEngine(true, podman.Socket, podman.Network, podman.NewWorkspaceRoot);
    }

    public static async Task<BenchEngine> DockerAsync(CancellationToken cancellation)
    {
        var docker = await DockerFixture.GetAsync(cancellation);
        return new BenchEngine(false, docker.Socket, $"sb{Guid.NewGuid().ToString("N")[..8]}", docker.NewWorkspaceRoot);
    }

    public string NewWorkspaceRoot() => _newWorkspaceRoot();

    /// <summary>Creates, starts, waits for and removes a container.</summary>
    /// <param name="init">Its command, for a shell.</param>
    /// <returns>Milliseconds until it was started, and until it was gone.</returns>
    public async Task<(double Started, double Gone)> RunAsync(string init, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var id = await StartAsync(init, cancellation);
        var started = Stopwatch.GetElapsedTime(began).TotalMilliseconds;

        // Podman's own wait: the one that is Docker's looks only every 250 ms.
        using var wait = await SendAsync(
            HttpMethod.Post,
            _isPodman ? $"v4.0.0/libpod/containers/{id}/wait?interval=5ms&condition=stopped&condition=exited" : $"containers/{id}/wait",
            null, cancellation);
        await wait.Content.ReadAsByteArrayAsync(cancellation);
        await RemoveAsync(id, cancellation);
        return (started, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    /// <returns>The container's id.</returns>
    public async Task<string> StartAsync(string init, CancellationToken cancellation)
    {
        using var created = await SendAsync(HttpMethod.Post, "containers/create", Specification(init), cancellation);
        var id = (await created.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("Id").GetString()!;
        using var start = await SendAsync(HttpMethod.Post, $"containers/{id}/start", null, cancellation);
        return id;
    }

    public async Task RemoveAsync(string id, CancellationToken cancellation)
    {
        using var remove = await SendAsync(HttpMethod.Delete, $"containers/{id}?force=true&v=true", null, cancellation);
    }

    /// <summary>Runs a command in a container: created, started, its output read to the end and written to a stream, its exit code asked for.</summary>
    /// <returns>Milliseconds.</returns>
    public async Task<double> ExecAsync(string id, string command, Stream output, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var request = new { Cmd = new[] { "/bin/sh", "-c", command }, AttachStdout = true, AttachStderr = true, User = "65534:65534" };
        using var created = await SendAsync(HttpMethod.Post, $"containers/{id}/exec", request, cancellation);
        var exec = (await created.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("Id").GetString();
        using (var start = await SendAsync(HttpMethod.Post, $"exec/{exec}/start", new { Detach = false, Tty = false }, cancellation))
        {
            await using var stream = await start.Content.ReadAsStreamAsync(cancellation);
            await stream.CopyToAsync(output, 64 * 1024, cancellation);
        }

        JsonElement state;
        do
        {
            using var inspect = await SendAsync(HttpMethod.Get, $"exec/{exec}/json", null, cancellation);
            state = await inspect.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        }
        while (state.GetProperty("Running").GetBoolean());
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_mount, recursive: true);
    }

    /// <summary>As shithubd-runner asks for it (Sandbox/ContainerSpec.cs).</summary>
    private object Specification(string init) => new
    {
        Image = PodmanFixture.Image,
        User = "65534:65534",
        Entrypoint = new[] { "/bin/sh", "-c", init },
        Cmd = Array.Empty<string>(),
        StopTimeout = 1,
        HostConfig = new
        {
            NetworkMode = Network,
            CapDrop = new[] { "ALL" },
            SecurityOpt = new[] { "no-new-privileges" },
            ReadonlyRootfs = true,
            Binds = new[] { $"{_mount}:/github:rw" },
            Tmpfs = new Dictionary<string, string> { ["/tmp"] = Memory, ["/root"] = Memory },
            Memory = 2L << 30,
            MemorySwap = 2L << 30,
            NanoCpus = 2_000_000_000L,
            PidsLimit = 512,
        },
    };

    private const string Memory = "rw,nosuid,nodev,exec,mode=1777,size=536870912";

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);

        // A length is sent: Podman 4.3 reads no chunked body.
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body, JsonSerializerOptions.Default), Encoding.UTF8, "application/json");
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return answer.IsSuccessStatusCode
            ? answer
            : throw new BenchException($"The container engine answered {method} {path} with {await answer.Content.ReadAsStringAsync(cancellation)}");
    }
}
