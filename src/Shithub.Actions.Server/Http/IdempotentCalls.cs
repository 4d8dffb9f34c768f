using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Http;

/// <summary>
/// What calls with an <c>Idempotency-Key</c> have made, written in the transaction that makes it: a repeat has no second effect, whichever
/// server it reaches. Kept for a week.
/// </summary>
public static class IdempotentCalls
{
    private const string Find = "select request_hash, made_id from idempotent_calls where actor_id = @ActorId and key = @Key";

    // A few of the oldest go with each new one, so that the table does not grow for ever. Index idempotent_calls_age.
    private const string Insert = """
        with forgotten as (
            delete from idempotent_calls
            where (actor_id, key) in (
                select actor_id, key
                from idempotent_calls
                where created_at < now() - interval '7 days' and (actor_id, key) <> (@ActorId, @Key)
                order by created_at
                limit 10
                for update skip locked)
        )
        insert into idempotent_calls (actor_id, key, request_hash)
        values (@ActorId, @Key, @RequestHash)
        on conflict do nothing
        """;

    private const string Keep = "update idempotent_calls set made_id = @madeId where actor_id = @ActorId and key = @Key";

    /// <summary>Call it before anything is checked that may have changed since the first call.</summary>
    /// <param name="call">Null where the request has no key.</param>
    /// <returns>Null where nobody has used the key.</returns>
    public static async Task<EarlierCall?> FindAsync(NpgsqlConnection connection, IdempotentCall? call, CancellationToken cancellation) =>
        call is null ? null : await FindAsync(connection, null, call, cancellation);

    /// <summary>Call it first in the transaction that has the effect: a second call of the same key waits here for the first one's end.</summary>
    /// <returns>Null: go on. Otherwise somebody was faster: roll back.</returns>
    public static async Task<EarlierCall?> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IdempotentCall? call, CancellationToken cancellation)
    {
        if (call is null
            || await connection.ExecuteAsync(new CommandDefinition(Insert, call, transaction, cancellationToken: cancellation)) > 0)
        {
            return null;
        }

        return await FindAsync(connection, transaction, call, cancellation);
    }

    /// <summary>Keeps what was made, for who asks again.</summary>
    public static Task MadeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IdempotentCall? call, long madeId, CancellationToken cancellation) =>
        call is null
            ? Task.CompletedTask
            : connection.ExecuteAsync(new CommandDefinition(Keep, new { call.ActorId, call.Key, madeId }, transaction, cancellationToken: cancellation));

    private static async Task<EarlierCall?> FindAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, IdempotentCall call, CancellationToken cancellation)
    {
        var row = await connection.QuerySingleOrDefaultAsync<(byte[] RequestHash, long? MadeId)?>(
            new CommandDefinition(Find, call, transaction, cancellationToken: cancellation));
        return row is { } found ? new EarlierCall(call.RequestHash.AsSpan().SequenceEqual(found.RequestHash), found.MadeId) : null;
    }
}

/// <summary>An earlier call with the same key.</summary>
/// <param name="IsTheSame">Same method, path and body: its answer is the answer. If not, the key was meant for something else.</param>
/// <param name="MadeId">Null for what has no id.</param>
public sealed record EarlierCall(bool IsTheSame, long? MadeId)
{
    public const string Complaint =
        "You have sent this Idempotency-Key with another request: each request needs a key of its own, and its repeats the same body.";
}
