using System.Buffers.Text;
using System.Text.Json;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Engine;

/// <summary>An image that an engine has.</summary>
/// <param name="Id">The engine's, without the algorithm.</param>
/// <param name="Digest">What a registry would give this very image for; of an image that never was in one, its own id. A name with a tag may
/// stand for another image tomorrow, this does not.</param>
internal sealed record EngineImage(string Id, string Digest);

/// <summary>The calls about images.</summary>
internal sealed partial class EngineClient
{
    /// <summary>What a pull says at most; a big image has some fifty layers.</summary>
    private const int PullLinesMax = 200;

    private static readonly TimeSpan PullTimeMax = TimeSpan.FromMinutes(10);

    public Task<bool> ImageExistsAsync(string image, CancellationToken cancellationToken) =>
        _http.ExistsAsync($"images/{Uri.EscapeDataString(image)}/json", cancellationToken);

    public async Task<ImageConfig> ImageConfigAsync(string image, CancellationToken cancellationToken) =>
        (await _http.GetAsync($"images/{Uri.EscapeDataString(image)}/json", EngineJson.Default.ImageAnswer, cancellationToken)).Config
        ?? new ImageConfig(null, null, null);

    /// <summary>What the name stands for now.</summary>
    public async Task<EngineImage> ImageAsync(string image, CancellationToken cancellationToken)
    {
        var answer = await _http.GetAsync($"images/{Uri.EscapeDataString(image)}/json", EngineJson.Default.ImageAnswer, cancellationToken);
        return new EngineImage(Plain(answer.Id), Digest(image, answer));
    }

    private static string Digest(string image, ImageAnswer answer)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0) return image[(at + 1)..];
        var colon = image.LastIndexOf(':');
        var name = colon > image.LastIndexOf('/') ? image[..colon] : image;
        var digests = (answer.RepoDigests ?? []).Select(digest => digest.Split('@')).Where(parts => parts.Length == 2).ToList();
        return digests.FirstOrDefault(parts => parts[0] == name || parts[0].EndsWith("/" + name, StringComparison.Ordinal))?[1]
            ?? (answer.Id.StartsWith("sha256:", StringComparison.Ordinal) ? answer.Id : "sha256:" + answer.Id);
    }

    /// <summary>Pulls an image from its registry, which may take minutes, 10 at most.</summary>
    /// <param name="credentials">Go to the engine in the call's <c>X-Registry-Auth</c> and are kept nowhere.</param>
    /// <param name="progress">Gets a line for each layer that is there.</param>
    public async Task PullImageAsync(
        string image, RegistryCredentials? credentials, Func<string, ValueTask> progress, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(PullTimeMax);
        try
        {
            using var response = await _http.OpenStreamAsync(
                HttpMethod.Post,
                $"images/create?fromImage={Uri.EscapeDataString(image)}",
                new ByteArrayContent([]),
                credentials is null ? null : ("X-Registry-Auth", Encode(credentials, image)),
                bounded.Token);

            // Progress, one JSON document a line; that it did not work is said in one of them too.
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(bounded.Token));
            var said = 0;
            while (await lines.ReadLineAsync(bounded.Token) is { } line)
            {
                if (line.Length == 0) continue;
                var step = JsonSerializer.Deserialize(line, EngineJson.Default.PullProgress);
                if (step?.Error is { } error) throw new EngineException(error);
                if (step is { Id: { } layer, Status: "Pull complete" or "Download complete" or "Already exists" } && said++ < PullLinesMax)
                    await progress($"{layer}: {step.Status}");
            }
        }
        catch (Exception e) when (e is EngineException or IOException or JsonException)
        {
            throw new EngineException($"Image {image} is not there and can't be pulled: {e.Message.Trim()}", null, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EngineException(
                $"Image {image} is not there, and pulling it took more than {PullTimeMax.TotalMinutes:0} minutes.", null, e);
        }
    }

    /// <summary>Podman leaves the algorithm out here and there.</summary>
    private static string Plain(string id) => id.StartsWith("sha256:", StringComparison.Ordinal) ? id["sha256:".Length..] : id;

    private static string Encode(RegistryCredentials credentials, string image)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : image[..slash];
        var registry = first.IndexOfAny(['.', ':']) >= 0 || first == "localhost" ? first : "docker.io";
        return Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(
            new RegistryAuth(credentials.Username, credentials.Password, registry), EngineJson.Default.RegistryAuth));
    }
}
