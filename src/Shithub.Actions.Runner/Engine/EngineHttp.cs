using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shithub.Actions.Runner.Engine;

/// <summary>HTTP over the engine's unix socket. Answers are bounded: 64 KiB of headers, 8 MiB of JSON, 60 s.</summary>
internal sealed class EngineHttp : IDisposable
{
    private const int AnswerBytesMax = 8 * 1024 * 1024;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);
    private readonly string _socketPath;
    private readonly HttpClient _http;

    public EngineHttp(string socketPath)
    {
        _socketPath = socketPath;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) => await ConnectAsync(socketPath, cancellationToken),
            MaxResponseHeadersLength = 64,
            UseProxy = false,
            AllowAutoRedirect = false,
        })
        {
            // No host is looked up: the connect callback ignores the name.
            BaseAddress = new Uri("http://engine/"),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
    }

    public Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, path, null, answer, CallTimeout, cancellationToken);

    public Task<TAnswer> PostAsync<TRequest, TAnswer>(
        string path, TRequest request, JsonTypeInfo<TRequest> type, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, path, JsonContent.Create(request, type), answer, CallTimeout, cancellationToken);

    /// <summary>A call whose answer is of no interest beyond its status.</summary>
    public async Task SendAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken, params HttpStatusCode[] alsoFine)
    {
        using var response = await ExchangeAsync(method, path, content, CallTimeout, cancellationToken);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotModified
            && !alsoFine.Contains(response.StatusCode))
            throw await RefusedAsync(method, path, response, cancellationToken);
    }

    /// <summary>True for success, false for 404.</summary>
    public async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await ExchangeAsync(HttpMethod.Get, path, null, CallTimeout, cancellationToken);
        if (response.IsSuccessStatusCode) return true;
        if (response.StatusCode == HttpStatusCode.NotFound) return false;
        throw await RefusedAsync(HttpMethod.Get, path, response, cancellationToken);
    }

    /// <summary>Waits for an answer as long as the caller lets it.</summary>
    public Task<TAnswer> PostUnboundedAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, path, null, answer, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>An answer that goes on until the other side closes. The caller disposes it.</summary>
    /// <param name="header">One more header.</param>
    public async Task<HttpResponseMessage> OpenStreamAsync(
        HttpMethod method, string path, HttpContent? content, (string Name, string Value)? header, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (header is { } more) request.Headers.Add(more.Name, more.Value);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }

        if (response.IsSuccessStatusCode) return response;
        using (response) throw await RefusedAsync(method, path, response, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<Stream> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<TAnswer> CallAsync<TAnswer>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<TAnswer> answer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var response = await ExchangeAsync(method, path, content, timeout, cancellationToken);
        if (!response.IsSuccessStatusCode) throw await RefusedAsync(method, path, response, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync(answer, cancellationToken)
                ?? throw new EngineException($"The container engine answered {method} {path} with nothing.");
        }
        catch (JsonException e)
        {
            throw new EngineException($"The container engine's answer to {method} {path} is not the expected JSON: {e.Message}", null, e);
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpMethod method, string path, HttpContent? content, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(timeout);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            return await _http.SendAsync(request, bounded.Token);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EngineException($"The container engine did not answer {method} {path} within {timeout.TotalSeconds:0} s.", null, e);
        }
    }

    private EngineException Unreachable(HttpRequestException e) => new(
        $"The container engine can't be reached at {_socketPath}: {Reason(e)}. "
        + "Is it running, and may this user open its socket?",
        null,
        e);

    /// <summary>What the system says of a socket that is not there ("Cannot assign requested address") misleads.</summary>
    private string Reason(HttpRequestException e) =>
        File.Exists(_socketPath) ? (e.InnerException ?? e).Message : "there is no such socket";

    private static async Task<EngineException> RefusedAsync(
        HttpMethod method, string path, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string? message;
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            var error = JsonSerializer.Deserialize(body, EngineJson.Default.EngineError);
            message = error?.Message ?? error?.Cause;
        }
        catch (JsonException)
        {
            message = body;
        }

        return new EngineException(
            $"The container engine refused {method} {path.Split('?')[0]} with {(int)response.StatusCode}: {message?.Trim()}",
            response.StatusCode);
    }
}
