using System.Text.Json.Serialization;

namespace Shithub.Actions.Server.Repositories.Lfs;

/// <param name="Operation"><c>download</c> or <c>upload</c>.</param>
/// <param name="HashAlgo"><c>sha256</c> where it is left out.</param>
public sealed record LfsBatchRequest(string? Operation, IReadOnlyList<LfsObject?>? Objects, string? HashAlgo);

/// <param name="Oid">SHA-256 of the content, 64 lower-case hexadecimal digits.</param>
/// <param name="Size">In bytes.</param>
public sealed record LfsObject(string? Oid, long? Size);

public sealed record LfsBatchResponse(string Transfer, string HashAlgo, IReadOnlyList<LfsAnswer> Objects);

/// <param name="Actions">What to do next; null: nothing, because it is there already or because of <paramref name="Error"/>.</param>
public sealed record LfsAnswer(string Oid, long Size, LfsActions? Actions = null, LfsError? Error = null);

public sealed record LfsActions(LfsAction? Download = null, LfsAction? Upload = null, LfsAction? Verify = null);

/// <param name="Href">An address of the same repository; it takes the credentials that the batch took.</param>
public sealed record LfsAction(string Href);

/// <param name="Code">As a status of HTTP.</param>
public sealed record LfsError(int Code, string Message);

/// <summary>What git-lfs shows to its user.</summary>
public sealed record LfsMessage(string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LfsBatchRequest))]
[JsonSerializable(typeof(LfsBatchResponse))]
[JsonSerializable(typeof(LfsMessage))]
internal sealed partial class LfsJson : JsonSerializerContext;
