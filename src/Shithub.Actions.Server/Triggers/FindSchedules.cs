using Dapper;
using Npgsql;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// At a server's start: what <see cref="RefreshSchedules"/> reads at a push to the default branch, for repositories whose last such push
/// was before the server could. Each is looked at once, unless it has no default branch yet.
/// </summary>
public sealed class FindSchedules(NpgsqlDataSource dataSource, RepositoryStore repositories, RefreshSchedules refresh)
{
    private const int BatchMax = 100;

    // Index repositories_schedules_unread.
    private const string Unread = """
        select id
        from repositories
        where not schedules_read and id > @after
        order by id
        limit @BatchMax
        """;

    private const string LastPusher = """
        select actor_id
        from trigger_events
        where repo_id = @Id and event = 'push' and ref = @reference
        order by created_at desc
        limit 1
        """;

    // A push that was processed meanwhile has read what is newer.
    private const string Lock = "select id from repositories where id = @Id and not schedules_read for no key update";

    public async Task ExecuteAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        for (var after = 0L; ;)
        {
            var ids = (await connection.QueryAsync<long>(new CommandDefinition(Unread, new { after, BatchMax }, cancellationToken: cancellation))).AsList();
            foreach (var id in ids)
            {
                if (await repositories.FindAsync(id, cancellation) is { } repository)
                    await ReadAsync(connection, repository, cancellation);
            }

            if (ids.Count < BatchMax)
                return;
            after = ids[^1];
        }
    }

    private async Task ReadAsync(NpgsqlConnection connection, Repository repository, CancellationToken cancellation)
    {
        var actorId = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            LastPusher, new { repository.Id, reference = RefName.Branches + repository.DefaultBranch }, cancellationToken: cancellation));
        if (await refresh.ReadAsync(repository, actorId, cancellation) is not { } found)
            return;
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(Lock, new { repository.Id }, transaction, cancellationToken: cancellation)) is null)
        {
            return;
        }

        await RefreshSchedules.WriteAsync(connection, transaction, found, cancellation);
        await transaction.CommitAsync(cancellation);
    }
}
