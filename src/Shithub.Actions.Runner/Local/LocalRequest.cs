using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>What somebody wants to be run.</summary>
/// <param name="Folder">In the working tree.</param>
/// <param name="File">A workflow; null: the only one that the event starts.</param>
/// <param name="Job">Null: all.</param>
/// <param name="Event">Null: what the workflow is for.</param>
/// <param name="Ref">Null: what is checked out.</param>
/// <param name="Payload">Null: made from git.</param>
/// <param name="EngineSocket">Null: found.</param>
/// <param name="Parallel">How many jobs run at once.</param>
internal sealed record LocalRequest(
    string Folder,
    string? File,
    string? Job,
    string? Event,
    string? Ref,
    JsonObject? Payload,
    IReadOnlyDictionary<string, string> Inputs,
    IReadOnlyDictionary<string, string> Vars,
    IReadOnlyDictionary<string, string> Secrets,
    string Image,
    string? EngineSocket,
    int Parallel)
{
    private const int PayloadBytesMax = 16 * 1024 * 1024;

    /// <exception cref="RunnerException">The file can't be read, or is no JSON object.</exception>
    public static JsonObject? ReadPayload(string? path)
    {
        if (path is null) return null;
        try
        {
            if (new FileInfo(path).Length > PayloadBytesMax) throw new RunnerException($"The payload {path} has more than 16 MiB.", ExitCodes.Usage);
            var options = new JsonDocumentOptions { MaxDepth = WorkflowLimits.MaxValueDepth };
            return JsonNode.Parse(System.IO.File.ReadAllBytes(path), documentOptions: options) as JsonObject
                ?? throw new RunnerException($"The payload {path} is no JSON object.", ExitCodes.Usage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new RunnerException($"The payload {path} can't be read: {e.Message}", ExitCodes.Usage);
        }
    }
}
