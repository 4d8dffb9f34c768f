using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// The switches and caps of the site, of owners and of repositories. A switch that is off is a hard stop: claims leave the queued jobs
/// alone, and events start no runs. Jobs that run are not touched, by switches or by caps.
/// </summary>
public sealed class ActionsPolicy(NpgsqlDataSource dataSource, AuditLog audit)
{
    private const string ReadSite = """
        select enabled, owner_max_running, repo_max_running, max_queued, max_triggers_per_hour
        from actions_site_policy
        """;

    private const string ReadOwner = """
        select actions_enabled as enabled, max_running, repo_max_running, max_queued, max_triggers_per_hour
        from owners
        where id = @OwnerId
        """;

    private const string ReadRepository = """
        select actions_enabled as enabled, max_running, max_queued, max_triggers_per_hour
        from repositories
        where id = @RepoId
        """;

    private const string WriteSite = """
        update actions_site_policy
        set enabled = @Enabled, owner_max_running = @OwnerMaxRunning, repo_max_running = @RepoMaxRunning, max_queued = @MaxQueued,
            max_triggers_per_hour = @MaxTriggersPerHour, updated_at = now()
        """;

    private const string WriteOwner = """
        update owners
        set actions_enabled = @Enabled, max_running = @MaxRunning, repo_max_running = @RepoMaxRunning, max_queued = @MaxQueued,
            max_triggers_per_hour = @MaxTriggersPerHour
        where id = @OwnerId
        """;

    private const string WriteRepository = """
        update repositories
        set actions_enabled = @Enabled, max_running = @MaxRunning, max_queued = @MaxQueued, max_triggers_per_hour = @MaxTriggersPerHour
        where id = @RepoId
        """;

    private const string IsEnabled = """
        select s.enabled and o.actions_enabled and r.actions_enabled
        from repositories r
        join owners o on o.id = r.owner_id
        cross join actions_site_policy s
        where r.id = @repoId
        """;

    // After the lock no claim is under way that saw the policy as it was. Runners that wait may now have something to claim.
    private const string Obey = "select queue_lock(), pg_notify('shithub', 'queue:')";

    /// <summary>Whether all three switches are on. False, too, for a repository that is gone.</summary>
    public async Task<bool> IsEnabledAsync(long repoId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<bool?>(
            new CommandDefinition(IsEnabled, new { repoId }, cancellationToken: cancellation)) ?? false;
    }

    public async Task<PolicyRow> GetAsync(PolicyScope scope, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await ReadAsync(connection, null, scope, "", cancellation);
    }

    /// <summary>Changes a policy. When it returns, no claim goes by what it was before.</summary>
    /// <returns>The policy as it is now.</returns>
    public async Task<PolicyRow> ChangeAsync(PolicyScope scope, Func<PolicyRow, PolicyRow> change, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var before = await ReadAsync(connection, transaction, scope, " for no key update", cancellation);
        var after = change(before);
        await connection.ExecuteAsync(new CommandDefinition(
            scope.Of(WriteSite, WriteOwner, WriteRepository),
            new
            {
                scope.OwnerId,
                scope.RepoId,
                after.Enabled,
                after.MaxRunning,
                after.OwnerMaxRunning,
                after.RepoMaxRunning,
                after.MaxQueued,
                after.MaxTriggersPerHour,
            },
            transaction, cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(Obey, transaction: transaction, cancellationToken: cancellation));
        if (after != before)
        {
            await audit.AppendAsync(
                connection, transaction,
                new AuditEntry("policy.set", scope.Of("site", "owner", "repository"), scope.OwnerId ?? scope.RepoId, scope.Name, new { before, after }),
                cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return after;
    }

    public Task SetSiteAsync(bool enabled, CancellationToken cancellation) => SwitchAsync(PolicyScope.Site, enabled, cancellation);

    public Task SetOwnerAsync(long id, bool enabled, CancellationToken cancellation) => SwitchAsync(PolicyScope.OfOwner(id, null), enabled, cancellation);

    public Task SetRepositoryAsync(long id, bool enabled, CancellationToken cancellation) =>
        SwitchAsync(PolicyScope.OfRepository(id, null), enabled, cancellation);

    private Task SwitchAsync(PolicyScope scope, bool enabled, CancellationToken cancellation) =>
        ChangeAsync(scope, policy => policy with { Enabled = enabled }, cancellation);

    private static Task<PolicyRow> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, PolicyScope scope, string locking, CancellationToken cancellation) =>
        connection.QuerySingleAsync<PolicyRow>(new CommandDefinition(
            scope.Of(ReadSite, ReadOwner, ReadRepository) + locking, scope, transaction, cancellationToken: cancellation));
}

/// <summary>Whose policy: at most one of the ids is set, neither means the site's.</summary>
/// <param name="Name">Of the owner or repository, where it is known; null for the site.</param>
public sealed record PolicyScope(long? OwnerId, long? RepoId, string? Name)
{
    public static PolicyScope Site { get; } = new(null, null, null);

    public static PolicyScope OfOwner(long id, string? name) => new(id, null, name);

    public static PolicyScope OfRepository(long id, string? name) => new(null, id, name);

    public string Of(string site, string owner, string repository) => OwnerId is not null ? owner : RepoId is not null ? repository : site;
}

/// <summary>A policy as its scope has it; a null cap is no cap of its own. Some caps are not every scope's.</summary>
public sealed record PolicyRow
{
    public bool Enabled { get; init; }

    /// <summary>Jobs that run at once: of an owner, all its repositories together; of a repository, its own.</summary>
    public int? MaxRunning { get; init; }

    /// <summary>The site's <see cref="MaxRunning"/> of each owner that has none of its own.</summary>
    public int? OwnerMaxRunning { get; init; }

    /// <summary>The site's or an owner's <see cref="MaxRunning"/> of each repository that has none of its own.</summary>
    public int? RepoMaxRunning { get; init; }

    /// <summary>Jobs of a repository that wait or are queued.</summary>
    public int? MaxQueued { get; init; }

    /// <summary>Events of one actor, in any repository, that start runs of this one.</summary>
    public int? MaxTriggersPerHour { get; init; }
}
