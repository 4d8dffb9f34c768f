using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Jobs;

/// <summary>The part of a status answer that is kept for a repeat: all but the tokens.</summary>
internal sealed record StatusAnswer(string Status, string? Conclusion, string RunStatus, string? RunConclusion)
{
    public static string Write(string status, string? conclusion, string runStatus, string? runConclusion) =>
        JsonSerializer.Serialize(new StatusAnswer(status, conclusion, runStatus, runConclusion), StatusAnswerJson.Default.StatusAnswer);

    public static StatusResponse ToResponse(string answer, string? nextToken, DateTimeOffset? nextExpires)
    {
        var kept = JsonSerializer.Deserialize(answer, StatusAnswerJson.Default.StatusAnswer)!;
        return new StatusResponse(kept.Status, kept.Conclusion, kept.RunStatus, kept.RunConclusion, nextToken, nextExpires);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StatusAnswer))]
internal sealed partial class StatusAnswerJson : JsonSerializerContext;
