using System.Text.Json;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Audit;

/// <summary>
/// Writes down who decided what, in the transaction of the decision: neither is there without the other. Who it was, the request says, or
/// where there is none, the program.
/// </summary>
public sealed class AuditLog(IHttpContextAccessor http, AuditOrigin program)
{
    private const int TextMax = 300;

    // An entry outlives what it is about, and an id says nothing then: who does not know the name leaves it to be looked up here.
    private const string Insert = """
        insert into audit_log
            (actor_kind, actor_id, actor_name, token_id, verb, object_type, object_id, object_name, origin, client, details)
        values
            (@Kind, @ActorId, @ActorName, @TokenId, @Verb, @ObjectType, @ObjectId,
             coalesce(@ObjectName, case @ObjectType
                when 'repository' then (
                    select o.name || '/' || p.name from repositories p join owners o on o.id = p.owner_id where p.id = @ObjectId)
                when 'run' then (
                    select o.name || '/' || p.name || ' #' || r.run_index
                    from workflow_runs r join repositories p on p.id = r.repo_id join owners o on o.id = p.owner_id
                    where r.id = @ObjectId)
                when 'job' then (
                    select o.name || '/' || p.name || ' #' || r.run_index || ' ' || j.job_name
                    from workflow_jobs j join workflow_runs r on r.id = j.run_id join repositories p on p.id = r.repo_id
                        join owners o on o.id = p.owner_id
                    where j.id = @ObjectId)
                when 'runner' then (select name from workflow_runners where id = @ObjectId)
                when 'token' then (
                    select t.name || ' of ' || u.name from access_tokens t join owners u on u.id = t.user_id where t.id = @ObjectId)
                when 'organization' then (select name from owners where id = @ObjectId)
                when 'owner' then (select name from owners where id = @ObjectId)
             end),
             @Origin, @Client, @Details::jsonb)
        """;

    /// <summary>For what runs outside a server and its commands.</summary>
    public static AuditLog OfSystem { get; } = new(new HttpContextAccessor(), AuditOrigin.Server);

    /// <summary>Call it in the transaction that makes the decision, after what it decides succeeded.</summary>
    public Task AppendAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, AuditEntry entry, CancellationToken cancellation)
    {
        var by = WhoIsIt(entry.By);
        return connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                by.Kind,
                by.ActorId,
                ActorName = Cut(by.ActorName),
                by.TokenId,
                entry.Verb,
                entry.ObjectType,
                entry.ObjectId,
                ObjectName = Cut(entry.ObjectName),
                Origin = Cut(by.Origin),
                Client = Cut(by.Client),
                Details = entry.Details is null ? "{}" : JsonSerializer.Serialize(entry.Details, Json),
            },
            transaction, cancellationToken: cancellation));
    }

    /// <summary>One statement and its entry as one transaction.</summary>
    /// <param name="entry">From the number of rows; null writes none, such as for what changed nothing.</param>
    public async Task<int> ExecuteAsync(
        NpgsqlDataSource dataSource, string sql, object parameters, Func<int, AuditEntry?> entry, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var rows = await connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation));
        if (entry(rows) is { } made)
            await AppendAsync(connection, transaction, made, cancellation);
        await transaction.CommitAsync(cancellation);
        return rows;
    }

    private AuditOrigin WhoIsIt(Actor? said)
    {
        if (http.HttpContext is not { } context)
            return program;
        var origin = context.Connection.RemoteIpAddress?.ToString();
        var client = context.Request.Headers.UserAgent.ToString();
        return (said ?? Authenticator.Known(context)) is { } actor
            ? new AuditOrigin("user", actor.Name, origin, client) { ActorId = actor.UserId, TokenId = actor.TokenId }
            // What nobody signed in for and is audited: a runner that registers itself.
            : new AuditOrigin("runner", "registration secret", origin, client);
    }

    private static string? Cut(string? text) => text is null || text.Length <= TextMax ? text : text[..TextMax];

    private static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

/// <param name="Verb">What was done: <c>runner.drain</c>. The README of the folder lists them.</param>
/// <param name="ObjectName">Null: that of the object with the id, as it is now.</param>
/// <param name="Details">An object with what else matters, never a secret; null for none.</param>
public sealed record AuditEntry(string Verb, string ObjectType, long? ObjectId, string? ObjectName, object? Details = null)
{
    /// <summary>Who, where the request did not come with it: somebody who signs in.</summary>
    public Actor? By { get; init; }
}
