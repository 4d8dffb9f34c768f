using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// The switches of the smoke runbook's "Emergency controls": site, owner, repository. One that is off is a hard stop: claims leave the
/// queued jobs alone, and events start no runs. Jobs that run are not touched.
/// </summary>
public sealed class ActionsPolicy(NpgsqlDataSource dataSource)
{
    private const string SetOfSite = """
        update actions_site_policy
        set enabled = @enabled, updated_at = now()
        """;

    private const string SetOfOwner = """
        update owners
        set actions_enabled = @enabled
        where id = @id
        """;

    private const string SetOfRepository = """
        update repositories
        set actions_enabled = @enabled
        where id = @id
        """;

    private const string IsEnabled = """
        select s.enabled and o.actions_enabled and r.actions_enabled
        from repositories r
        join owners o on o.id = r.owner_id
        cross join actions_site_policy s
        where r.id = @repoId
        """;

    /// <summary>Whether all three switches are on. False, too, for a repository that is gone.</summary>
    public async Task<bool> IsEnabledAsync(long repoId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<bool?>(
            new CommandDefinition(IsEnabled, new { repoId }, cancellationToken: cancellation)) ?? false;
    }

    public Task SetSiteAsync(bool enabled, CancellationToken cancellation) => SetAsync(SetOfSite, 0, enabled, cancellation);

    public Task SetOwnerAsync(long id, bool enabled, CancellationToken cancellation) => SetAsync(SetOfOwner, id, enabled, cancellation);

    public Task SetRepositoryAsync(long id, bool enabled, CancellationToken cancellation) =>
        SetAsync(SetOfRepository, id, enabled, cancellation);

    private async Task SetAsync(string sql, long id, bool enabled, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(sql, new { id, enabled }, transaction, cancellationToken: cancellation));
        // Runners that wait may now have something to claim.
        await connection.ExecuteAsync(new CommandDefinition(
            Notifications.NotifySql, new { topic = Notifications.Name(Topic.Queue), key = "" }, transaction, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
    }
}
