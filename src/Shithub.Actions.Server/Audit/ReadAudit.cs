using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Audit;

/// <summary>The audit log, newest first.</summary>
public sealed class ReadAudit(NpgsqlDataSource dataSource)
{
    public const int PageMax = 1000;

    private const string List = """
        select id, at, actor_kind, actor_id, actor_name, token_id, verb, object_type, object_id, object_name, origin, client,
            details::text as details
        from audit_log
        where (@Before::bigint is null or id < @Before)
            and (@Actor::text is null or lower(actor_name) = lower(@Actor))
            and (@Verb::text is null or verb = @Verb)
        order by id desc
        limit @Limit
        """;

    /// <param name="before">The last id of the page before, or null for the newest.</param>
    public async Task<IReadOnlyList<AuditRow>> ListAsync(
        long? before, string? actor, string? verb, int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<AuditRow>(new CommandDefinition(
            List, new { Before = before, Actor = actor, Verb = verb, Limit = limit }, cancellationToken: cancellation))];
    }
}

/// <summary>One decision. Times are UTC; <c>Details</c> is a JSON object.</summary>
public sealed record AuditRow
{
    public long Id { get; init; }

    public DateTime At { get; init; }

    public string ActorKind { get; init; } = "";

    public long? ActorId { get; init; }

    public string ActorName { get; init; } = "";

    public long? TokenId { get; init; }

    public string Verb { get; init; } = "";

    public string ObjectType { get; init; } = "";

    public long? ObjectId { get; init; }

    public string? ObjectName { get; init; }

    public string? Origin { get; init; }

    public string? Client { get; init; }

    public string Details { get; init; } = "{}";

    /// <summary>What it was on, for people: <c>repository ada/hello</c>.</summary>
    public string Target => $"{ObjectType} {ObjectName ?? ObjectId?.ToString(System.Globalization.CultureInfo.InvariantCulture)}".TrimEnd();
}
