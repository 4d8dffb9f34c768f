using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// The large files of one repository of this server. It is asked at addresses made of the repository's own alone, whatever an answer or a
/// file of the repository says, and redirects are not followed: so no one else ever gets the token.
/// </summary>
internal sealed class LfsServer : IDisposable
{
    /// <summary>How many objects one call asks for.</summary>
    public const int BatchMax = 100;

    private const string MediaType = "application/vnd.git-lfs+json";
    private const int AnswerBytesMax = 1024 * 1024;

    /// <summary>A server that says nothing for so long is given up, as git does.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly string _objects;

    public LfsServer(GitRemote remote)
    {
        _objects = remote.Address + "/info/lfs/objects";
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = SilenceMax })
        {
            Timeout = SilenceMax,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        if (remote.Token is { } token)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", GitRemote.BasicCredentials(token));
    }

    /// <summary>Makes sure that the server has the objects, in these sizes, before any of them is transferred.</summary>
    /// <param name="pointers">At most <see cref="BatchMax"/>.</param>
    /// <exception cref="CheckoutException">It lacks one, which is named.</exception>
    /// <exception cref="HttpRequestException">The server can't be reached.</exception>
    public async Task CheckAsync(IReadOnlyList<LfsPointer> pointers, CancellationToken cancellationToken)
    {
        var request = new LfsBatch("download", ["basic"], [.. pointers.Select(pointer => new LfsItem(pointer.Oid, pointer.Size, null))]);
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, LfsWire.Default.LfsBatch));
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
        using var response = await _http.PostAsync(_objects + "/batch", content, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new CheckoutException($"the server does not say which files in LFS it has: it answered {(int)response.StatusCode} to {_objects}/batch.");
        var items = Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)).ToLookup(item => item.Oid, StringComparer.Ordinal);
        foreach (var pointer in pointers)
        {
            if (items[pointer.Oid].FirstOrDefault() is { Error: null }) continue;
            var reason = items[pointer.Oid].FirstOrDefault()?.Error?.Message ?? "it does not mention it.";
            throw new CheckoutException(
                $"'{GitModules.Show(pointer.Path)}' is kept in LFS, and the server does not give its content ({pointer.Oid}, {pointer.Size} bytes): "
                + $"{GitModules.Show(reason)} Upload it with 'git lfs push --all origin'.");
        }
    }

    /// <summary>Writes an object's content.</summary>
    /// <exception cref="CheckoutException">It is not what the pointer names.</exception>
    /// <exception cref="HttpRequestException">The server can't be reached.</exception>
    public async Task DownloadAsync(LfsPointer pointer, Stream destination, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync($"{_objects}/{pointer.Oid}", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new CheckoutException($"'{GitModules.Show(pointer.Path)}' could not be fetched from LFS: the server answered {(int)response.StatusCode}.");
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var source = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 * 1024];
        var left = pointer.Size;
        while (true)
        {
            silence.CancelAfter(SilenceMax);
            var read = await source.ReadAsync(buffer, silence.Token);
            left -= read;
            if (read == 0 || left < 0) break;
            hash.AppendData(buffer, 0, read);
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        if (left != 0 || Convert.ToHexStringLower(hash.GetHashAndReset()) != pointer.Oid)
            throw new CheckoutException($"what the server sent for '{GitModules.Show(pointer.Path)}' is not the content that its pointer names ({pointer.Oid}, {pointer.Size} bytes).");
    }

    public void Dispose() => _http.Dispose();

    private static IReadOnlyList<LfsItem> Parse(byte[] answer)
    {
        try
        {
            return JsonSerializer.Deserialize(answer, LfsWire.Default.LfsBatch)?.Objects ?? [];
        }
        catch (JsonException)
        {
            throw new CheckoutException("the server's answer about files in LFS is no answer of LFS.");
        }
    }
}

/// <summary>Both what is asked and what is answered.</summary>
internal sealed record LfsBatch(string? Operation, IReadOnlyList<string>? Transfers, IReadOnlyList<LfsItem>? Objects);

internal sealed record LfsItem(string Oid, long Size, LfsRefusal? Error);

internal sealed record LfsRefusal(string? Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LfsBatch))]
internal sealed partial class LfsWire : JsonSerializerContext;
