using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Triggers;

/// <summary><c>POST /api/v1/repos/{owner}/{repo}/dispatches</c>: an event of a program outside, GitHub's path and limits.</summary>
public static class RepositoryDispatchEndpoint
{
    /// <summary>GitHub: "The maximum number of top-level properties in client_payload is 10", and 64 KiB.</summary>
    private const int PropertiesMax = 10;
    private const int PayloadBytesMax = 64 * 1024;
    private const int TypeLengthMax = 100;

    private const string Insert = """
        insert into trigger_events (id, repo_id, actor_id, event, ref, payload)
        values (@id, @repoId, @actorId, 'repository_dispatch', @reference, @payload::jsonb)
        """;

    public static void MapRepositoryDispatchEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/repos/{owner}/{repo}/dispatches", DispatchAsync)
            .WithTags("Workflows").WithSummary("Start the workflows that wait for a repository_dispatch of this type")
            .Accepts<RepositoryDispatchRequest>("application/json").Produces(StatusCodes.Status204NoContent);

    private static async Task<IResult> DispatchAsync(
        HttpContext http, string owner, string repo, RepositoryAccess access, NpgsqlDataSource dataSource, PublicUrl url,
        Notifications notifications, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(http, owner, repo, Permission.Write, cancellation);
        if (authorization.Granted is not { Actor: { } actor, Repository: var repository })
            return authorization.Problem!;
        var body = await RequestBody.ReadAsync(
            http.Request, RepositoryDispatchJson.Default.RepositoryDispatchRequest, PayloadBytesMax + 4096, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (message.EventType is not { Length: > 0 and <= TypeLengthMax } type || type.Any(char.IsControl))
            return Problems.Invalid("event_type", $"'event_type' has 1 to {TypeLengthMax} characters in one line.");
        if (!IdempotencyKey.TryRead(http.Request, actor, body.Bytes.Span, out var call, out var wrong))
            return wrong;
        var client = message.ClientPayload ?? [];
        if (client.Count > PropertiesMax)
            return Problems.Invalid("client_payload", $"'client_payload' has at most {PropertiesMax} members; put more into one of them.");
        var text = client.ToJsonString();
        if (Encoding.UTF8.GetByteCount(text) > PayloadBytesMax)
            return Problems.Invalid("client_payload", $"'client_payload' has at most {PayloadBytesMax} bytes.");
        // PostgreSQL's JSON has no NUL.
        if (text.Contains("\\u0000", StringComparison.Ordinal))
            return Problems.Invalid("client_payload", "'client_payload' holds the character NUL.");
        var payload = new JsonObject
        {
            ["action"] = type,
            ["branch"] = repository.DefaultBranch,
            ["client_payload"] = client.DeepClone(),
            ["repository"] = PushPayload.Describe(repository, url.Of(repository.FullName)),
            ["sender"] = new JsonObject { ["login"] = actor.Name, ["type"] = "User" },
        };
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await IdempotentCalls.BeginAsync(connection, transaction, call, cancellation) is { } earlier)
            return earlier.IsTheSame ? TypedResults.NoContent() : Problems.Invalid(IdempotencyKey.Header, EarlierCall.Complaint);
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                id = Guid.CreateVersion7(),
                repoId = repository.Id,
                actorId = actor.UserId,
                reference = RefName.Branches + repository.DefaultBranch,
                payload = payload.ToJsonString(),
            },
            transaction,
            cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            Notifications.NotifySql, new { topic = Notifications.Name(Topic.Trigger), key = "" }, transaction, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Trigger);
        return TypedResults.NoContent();
    }
}

/// <param name="EventType">What workflows name under <c>types</c>.</param>
/// <param name="ClientPayload">Becomes <c>github.event.client_payload</c>.</param>
public sealed record RepositoryDispatchRequest(string? EventType = null, JsonObject? ClientPayload = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RepositoryDispatchRequest))]
internal sealed partial class RepositoryDispatchJson : JsonSerializerContext;
