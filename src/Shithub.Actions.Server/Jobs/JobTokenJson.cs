using System.Text.Json.Serialization;

namespace Shithub.Actions.Server.Jobs;

internal sealed record TokenPayload(
    string Sub, string Purpose, long JobId, long RunId, long RepoId, int Attempt, long Exp, Guid Jti, long? LogBytes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TokenPayload))]
internal sealed partial class JobTokenJson : JsonSerializerContext;
