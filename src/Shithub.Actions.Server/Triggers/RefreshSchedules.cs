using Dapper;
using Npgsql;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Keeps, for each repository, what the workflows of its default branch wait for that no event of a person brings: times, and the runs of
/// other workflows. A push to the default branch refreshes it in the transaction that processes the push.
/// </summary>
public sealed class RefreshSchedules(RepositoryStore repositories, TimeProvider time)
{
    /// <summary>Of one repository. The rest never comes.</summary>
    private const int SchedulesMax = 100;

    private const string Forget = """
        delete from workflow_schedules s
        where s.repo_id = @RepoId
            and not exists (
                select
                from unnest(@Files::text[], @Crons::text[], @Zones::text[]) as kept (file, cron, zone)
                where kept.file = s.workflow_file and kept.cron = s.cron and kept.zone = s.timezone)
        """;

    // One that stays keeps its time: a push just before it does not put it off.
    private const string Keep = """
        insert into workflow_schedules (repo_id, workflow_file, cron, timezone, actor_id, next_at)
        select @RepoId, made.file, made.cron, made.zone, @ActorId, made.next_at
        from unnest(@Files::text[], @Crons::text[], @Zones::text[], @Nexts::timestamptz[]) as made (file, cron, zone, next_at)
        on conflict (repo_id, workflow_file, cron, timezone) do update
        set actor_id = excluded.actor_id
        """;

    private const string Listen = """
        update repositories
        set has_workflow_run = @HasWorkflowRun, schedules_read = true
        where id = @RepoId and (has_workflow_run <> @HasWorkflowRun or not schedules_read)
        """;

    /// <returns>Null where the event changes nothing of it.</returns>
    public async Task<RefreshedSchedules?> ReadAsync(Repository repository, TriggerEventRow row, CancellationToken cancellation)
    {
        if (row.Event != "push" || row.Ref != RefName.Branches + repository.DefaultBranch)
            return null;
        return await ReadAsync(repository, row.ActorId, cancellation);
    }

    /// <param name="actorId">Whose runs those of the schedules are: who pushed last.</param>
    /// <returns>Null where there is no default branch.</returns>
    public async Task<RefreshedSchedules?> ReadAsync(Repository repository, long? actorId, CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        // The branch as it is, not as the push left it: a push that is processed late must not bring old times back.
        if (await git.FindCommitAsync(RefName.Branches + repository.DefaultBranch, cancellation) is not { } head)
            return null;
        var found = new List<(string File, string Cron, string Zone, DateTime Next)>();
        var hasWorkflowRun = false;
        foreach (var file in await WorkflowFiles.ReadAllAsync(git, head, repository.GitHubWorkflows, cancellation))
        {
            // A file that cannot run is not started by a clock; its push says what is wrong with it.
            if (file.Parsed.Workflow is not { On: var on })
                continue;
            hasWorkflowRun |= on.WorkflowRun is not null;
            foreach (var schedule in on.Schedules)
            {
                if (Next(schedule.Cron, schedule.TimeZone, time.GetUtcNow()) is { } next)
                    found.Add((file.Path, schedule.Cron, schedule.TimeZone ?? "", next.UtcDateTime));
            }
        }

        return new RefreshedSchedules(
            repository.Id, actorId, hasWorkflowRun, [.. found.DistinctBy(schedule => (schedule.File, schedule.Cron, schedule.Zone)).Take(SchedulesMax)]);
    }

    public static async Task WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RefreshedSchedules refreshed, CancellationToken cancellation)
    {
        var parameters = new
        {
            refreshed.RepoId,
            refreshed.ActorId,
            refreshed.HasWorkflowRun,
            Files = refreshed.Schedules.Select(schedule => schedule.File).ToArray(),
            Crons = refreshed.Schedules.Select(schedule => schedule.Cron).ToArray(),
            Zones = refreshed.Schedules.Select(schedule => schedule.Zone).ToArray(),
            Nexts = refreshed.Schedules.Select(schedule => schedule.Next).ToArray(),
        };
        foreach (var sql in new[] { Listen, Forget, Keep })
            await connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation));
    }

    /// <summary>The first time after an instant, or null where none comes.</summary>
    internal static DateTimeOffset? Next(string cron, string? zone, DateTimeOffset after) =>
        CronSchedule.TryParse(cron, out var schedule, out _)
        && TimeZoneInfo.TryFindSystemTimeZoneById(string.IsNullOrEmpty(zone) ? "UTC" : zone, out var found)
            ? schedule.NextAfter(after, found)
            : null;
}

/// <param name="HasWorkflowRun">Some workflow waits for the runs of others.</param>
public sealed record RefreshedSchedules(
    long RepoId, long? ActorId, bool HasWorkflowRun, IReadOnlyList<(string File, string Cron, string Zone, DateTime Next)> Schedules);
