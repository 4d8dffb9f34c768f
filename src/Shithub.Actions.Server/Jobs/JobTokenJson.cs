using System.Text.Json.Serialization;

namespace Shithub.Actions.Server.Jobs;

internal sealed record TokenPayload(
    string Sub, string Purpose, long JobId, long RunId, long RepoId, int Attempt, long Exp, Guid Jti);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TokenPayload))]
internal sealed partial class JobTokenJson : JsonSerializerContext;
