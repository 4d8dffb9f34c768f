using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Bench;

/// <summary>A container like a job's, and nothing else: created, started, waited for and removed through the engine's socket.</summary>
internal sealed class BareContainer(PodmanFixture podman) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(podman.Socket), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://engine/") };

    /// <returns>Milliseconds.</returns>
    public async Task<double> RunAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var created = await SendAsync(HttpMethod.Post, "containers/create", Specification(), cancellation);
        var id = (await created.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("Id").GetString();
        using var start = await SendAsync(HttpMethod.Post, $"containers/{id}/start", null, cancellation);
        // Podman's own wait: the one that is Docker's looks only every 250 ms.
        using var wait = await SendAsync(
            HttpMethod.Post, $"v4.0.0/libpod/containers/{id}/wait?interval=5ms&condition=stopped&condition=exited", null, cancellation);
        using var remove = await SendAsync(HttpMethod.Delete, $"containers/{id}?force=true&v=true", null, cancellation);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>As shithubd-runner asks for it (Sandbox/ContainerSpec.cs).</summary>
    private object Specification() => new
    {
        Image = PodmanFixture.Image,
        User = "65534:65534",
        Cmd = new[] { "/bin/sh", "-c", "printf 'shithub actions smoke passed\\n'" },
        HostConfig = new
        {
            NetworkMode = podman.Network,
            CapDrop = new[] { "ALL" },
            SecurityOpt = new[] { "no-new-privileges" },
            ReadonlyRootfs = true,
            Tmpfs = new Dictionary<string, string> { ["/tmp"] = "rw,nosuid,nodev,exec,mode=1777,size=536870912" },
            Memory = 2L << 30,
            MemorySwap = 2L << 30,
            NanoCpus = 2_000_000_000L,
            PidsLimit = 512,
        },
    };

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            // A length is sent: Podman 4.3 reads no chunked body.
            var content = JsonContent.Create(body, options: JsonSerializerOptions.Default);
            await content.LoadIntoBufferAsync(cancellation);
            request.Content = content;
        }

        var answer = await _http.SendAsync(request, cancellation);
        return answer.IsSuccessStatusCode
            ? answer
            : throw new BenchException($"The container engine answered {method} {path} with {await answer.Content.ReadAsStringAsync(cancellation)}");
    }
}
