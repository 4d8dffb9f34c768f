using Dapper;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Queue;

namespace Shithub.Actions.Server.Runners;

/// <summary>The operations on the pool, as <c>shithubd admin runner …</c> and the API offer them.</summary>
public sealed class RunnerPool(NpgsqlDataSource dataSource, RescueJob rescue, AuditLog audit)
{
    private const string InsertRunner = """
        insert into workflow_runners (name, labels, offered_labels, capacity, offered_capacity)
        values (@Name, @Labels, @Labels, @Capacity, @Capacity)
        on conflict (lower(name)) where revoked_at is null do nothing
        returning id
        """;

    private const string InsertToken = """
        insert into runner_tokens (runner_id, token_hash, expires_at)
        values (@RunnerId, @TokenHash, now() + @ExpiresIn)
        returning expires_at
        """;

    // Superseded tokens still renew the leases of what they had claimed: a rotation loses no job.
    private const string SupersedeTokens = """
        update runner_tokens
        set superseded_at = now()
        where runner_id = @Id and superseded_at is null and revoked_at is null
        """;

    private const string IsActive = "select exists (select from workflow_runners where id = @Id and revoked_at is null)";

    private const string DrainSql = """
        update workflow_runners
        set draining_at = coalesce(draining_at, now()), drain_reason = @Reason
        where id = @Id and revoked_at is null
        """;

    private const string UndrainSql = """
        update workflow_runners
        set draining_at = null, drain_reason = null
        where id = @Id and revoked_at is null
        """;

    private const string RevokeSql = """
        update workflow_runners
        set revoked_at = now(), revoke_reason = @Reason, offline_at = coalesce(offline_at, now())
        where id = @Id and revoked_at is null
        """;

    private const string RevokeTokens = """
        update runner_tokens
        set revoked_at = now()
        where runner_id = @Id and revoked_at is null
        """;

    private const string ActiveJobs = """
        select id, run_id
        from workflow_jobs
        where runner_id = @Id and status = 'running'
        order by id
        """;

    private const string MarkStale = """
        update workflow_runners
        set offline_at = now()
        where revoked_at is null
            and offline_at is null
            and coalesce(last_heartbeat_at, registered_at) < now() - @OlderThan
        returning id, name, last_heartbeat_at
        """;

    private const string TellQueue = "select pg_notify('shithub', 'queue:')";

    /// <summary>Name, labels and capacity must have been checked by <see cref="RunnerRules"/>.</summary>
    /// <returns>Null when an active runner has the name.</returns>
    public async Task<RegisteredRunner?> RegisterAsync(
        string name, string[] labels, int capacity, TimeSpan? expiresIn, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var id = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            InsertRunner, new { Name = name, Labels = labels, Capacity = capacity }, transaction, cancellationToken: cancellation));
        if (id is not { } runnerId)
            return null;
        var (token, expires) = await AddTokenAsync(connection, transaction, runnerId, expiresIn, cancellation);
        await audit.AppendAsync(
            connection, transaction, new AuditEntry("runner.register", "runner", runnerId, name, new { labels, capacity }), cancellation);
        await transaction.CommitAsync(cancellation);
        return new RegisteredRunner(runnerId, name, labels, capacity, token, expires);
    }

    /// <returns>The new token, or null when there is no such runner or it is revoked.</returns>
    public async Task<(string Token, DateTimeOffset? ExpiresAt)?> RotateTokenAsync(
        long id, TimeSpan? expiresIn, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql) => new(sql, new { Id = id }, transaction, cancellationToken: cancellation);
        if (!await connection.ExecuteScalarAsync<bool>(Sql(IsActive)))
            return null;
        await connection.ExecuteAsync(Sql(SupersedeTokens));
        var added = await AddTokenAsync(connection, transaction, id, expiresIn, cancellation);
        await audit.AppendAsync(
            connection, transaction, new AuditEntry("runner.rotate-token", "runner", id, null, new { expires_at = added.ExpiresAt }), cancellation);
        await transaction.CommitAsync(cancellation);
        return added;
    }

    /// <returns>False when there is no such runner or it is revoked.</returns>
    public async Task<bool> DrainAsync(long id, string? reason, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, DrainSql, new { Id = id, Reason = reason },
            rows => rows > 0 ? new AuditEntry("runner.drain", "runner", id, null, new { reason }) : null, cancellation) > 0;

    /// <inheritdoc cref="DrainAsync"/>
    public async Task<bool> UndrainAsync(long id, CancellationToken cancellation)
    {
        var found = await audit.ExecuteAsync(
            dataSource, UndrainSql, new { Id = id }, rows => rows > 0 ? new AuditEntry("runner.undrain", "runner", id, null) : null,
            cancellation) > 0;
        await ExecuteAsync(TellQueue, new { }, cancellation);
        return found;
    }

    /// <summary>
    /// Shuts a runner out for good: its tokens and job tokens fail from now on, and its jobs are taken from it at once.
    /// </summary>
    /// <returns>The jobs that were taken, or null when there is no such runner or it is revoked already.</returns>
    public async Task<IReadOnlyList<(long JobId, RescueOutcome Outcome)>?> RevokeAsync(
        long id, string? reason, CancellationToken cancellation)
    {
        List<(long Id, long RunId)> jobs;
        await using (var connection = await dataSource.OpenConnectionAsync(cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            CommandDefinition Sql(string sql) => new(sql, new { Id = id, Reason = reason }, transaction, cancellationToken: cancellation);
            if (await connection.ExecuteAsync(Sql(RevokeSql)) == 0)
                return null;
            await connection.ExecuteAsync(Sql(RevokeTokens));
            // After the runner's row and the claims' lock: no claim of this runner is under way any more.
            await connection.ExecuteAsync(Sql("select queue_lock()"));
            jobs = [.. await connection.QueryAsync<(long, long)>(Sql(ActiveJobs))];
            await audit.AppendAsync(
                connection, transaction, new AuditEntry("runner.revoke", "runner", id, null, new { reason, jobs = jobs.Select(job => job.Id) }),
                cancellation);
            // Its waiting heartbeats look again, and hear it.
            await connection.ExecuteAsync(Sql(TellQueue));
            await transaction.CommitAsync(cancellation);
        }

        var taken = new List<(long, RescueOutcome)>();
        foreach (var (jobId, runId) in jobs)
        {
            if (await rescue.ExecuteAsync(jobId, runId, revokedRunner: id, cancellation) is { } outcome)
                taken.Add((jobId, outcome));
        }

        return taken;
    }

    /// <summary>Marks runners offline that were not heard of for that long. A heartbeat brings them back.</summary>
    public async Task<IReadOnlyList<StaleRunner>> CleanUpStaleAsync(TimeSpan olderThan, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        List<StaleRunner> stale = [.. await connection.QueryAsync<StaleRunner>(new CommandDefinition(
            MarkStale, new { OlderThan = olderThan }, transaction, cancellationToken: cancellation))];
        foreach (var runner in stale)
            await audit.AppendAsync(connection, transaction, new AuditEntry("runner.mark-offline", "runner", runner.Id, runner.Name), cancellation);
        await transaction.CommitAsync(cancellation);
        return stale;
    }

    private static async Task<(string Token, DateTimeOffset? ExpiresAt)> AddTokenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runnerId, TimeSpan? expiresIn, CancellationToken cancellation)
    {
        var token = OpaqueToken.New(RunnerToken.Prefix);
        var expires = await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(
            InsertToken, new { RunnerId = runnerId, TokenHash = OpaqueToken.Hash(token), ExpiresIn = expiresIn }, transaction,
            cancellationToken: cancellation));
        return (token, expires is { } at ? new DateTimeOffset(at, TimeSpan.Zero) : null);
    }

    private async Task<int> ExecuteAsync(string sql, object parameters, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellation));
    }
}

/// <param name="Token">Shown this once.</param>
public sealed record RegisteredRunner(long Id, string Name, string[] Labels, int Capacity, string Token, DateTimeOffset? ExpiresAt);

public sealed record StaleRunner
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public DateTime? LastHeartbeatAt { get; init; }
}
