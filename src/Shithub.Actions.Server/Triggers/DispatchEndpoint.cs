using System.Text.Json.Serialization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Triggers;

/// <summary><c>POST /api/v1/repos/{owner}/{repo}/actions/workflows/{file}/dispatches</c>, GitHub's path; the answer names the run.</summary>
public static class DispatchEndpoint
{
    public static void MapDispatchEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/repos/{owner}/{repo}/actions/workflows/{file}/dispatches", DispatchAsync)
            .WithTags("Workflows").WithSummary("Start a workflow by hand")
            .Accepts<DispatchRequest>("application/json").Produces<DispatchResponse>(StatusCodes.Status201Created);

    private static async Task<IResult> DispatchAsync(
        HttpContext http, string owner, string repo, string file, RepositoryAccess access, DispatchWorkflow dispatch,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Write, cancellation);
        if (authorization.Granted is not { Actor: { } actor } granted)
            return authorization.Problem!;
        var body = await RequestBody.ReadAsync(
            http.Request, DispatchJson.Default.DispatchRequest, ProtocolLimits.RequestBodyBytes, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (!IdempotencyKey.TryRead(http.Request, actor, body.Bytes.Span, out var call, out var wrong))
            return wrong;
        if (message.Inputs?.FirstOrDefault(input => input.Value is null) is { Key: { } missing })
            return Problems.Invalid($"inputs.{missing}", $"The input '{missing}' is null; leave it out for its default, or give a text.");
        var outcome = await dispatch.ExecuteAsync(
            granted.Repository, actor, file, message.Ref ?? granted.Repository.DefaultBranch, message.Inputs ?? [], call, cancellation);
        if (outcome.Run is not { } run)
            return outcome.Field is { } field ? Problems.Invalid(field, outcome.Detail!) : Problems.Conflict(outcome.Detail!);
        return TypedResults.Json(
            new DispatchResponse(run.RunId, run.RunIndex), DispatchJson.Default.DispatchResponse, statusCode: StatusCodes.Status201Created);
    }
}

/// <param name="Ref">A branch or tag; absent: the default branch.</param>
/// <param name="Inputs">As text, as on GitHub.</param>
public sealed record DispatchRequest(string? Ref = null, Dictionary<string, string>? Inputs = null);

public sealed record DispatchResponse(long RunId, int RunIndex);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DispatchRequest))]
[JsonSerializable(typeof(DispatchResponse))]
internal sealed partial class DispatchJson : JsonSerializerContext;
