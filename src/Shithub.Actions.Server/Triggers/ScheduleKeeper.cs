using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Makes the events of schedules. Each server looks; the one that locks a due row writes its event and moves the row on, in one
/// transaction, so each time comes once. What was missed while no server ran comes once, and then the schedule goes on from now.
/// </summary>
public sealed partial class ScheduleKeeper(
    NpgsqlDataSource dataSource, RepositoryStore repositories, FindSchedules find, PublicUrl url, Notifications notifications, TimeProvider time,
    ILogger<ScheduleKeeper> logger) : BackgroundService
{
    private const int BatchMax = 100;

    /// <summary>GitHub's schedules have minutes; a new one is noticed within this time.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(30);

    // Index workflow_schedules_due.
    private const string TakeDue = """
        select s.repo_id as RepoId, s.workflow_file as WorkflowFile, s.cron, s.timezone, s.actor_id as ActorId, a.name as Actor
        from workflow_schedules s
        left join owners a on a.id = s.actor_id
        where s.next_at <= @now
        order by s.next_at
        limit @BatchMax
        for update of s skip locked
        """;

    private const string MoveOn = """
        update workflow_schedules
        set next_at = @next
        where repo_id = @RepoId and workflow_file = @WorkflowFile and cron = @Cron and timezone = @Timezone
        """;

    private const string Stop = """
        delete from workflow_schedules
        where repo_id = @RepoId and workflow_file = @WorkflowFile and cron = @Cron and timezone = @Timezone
        """;

    private const string Insert = """
        insert into trigger_events (id, repo_id, actor_id, event, ref, payload, workflow_file)
        values (@id, @RepoId, @ActorId, 'schedule', @reference, @payload::jsonb, @WorkflowFile)
        """;

    private const string FindNext = "select min(next_at) from workflow_schedules";

    /// <summary>Makes the events of all schedules that are due.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        var made = 0;
        while (true)
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
            var now = time.GetUtcNow();
            var due = (await connection.QueryAsync<Due>(Sql(TakeDue, new { now = now.UtcDateTime, BatchMax }))).AsList();
            if (due.Count == 0)
                return made;
            foreach (var schedule in due)
            {
                if (await repositories.FindAsync(schedule.RepoId, cancellation) is not { } repository)
                    continue;
                var payload = new JsonObject
                {
                    ["schedule"] = schedule.Cron,
                    ["workflow"] = schedule.WorkflowFile,
                    ["repository"] = PushPayload.Describe(repository, url.Of(repository.FullName)),
                    ["sender"] = schedule.Actor is null ? null : new JsonObject { ["login"] = schedule.Actor, ["type"] = "User" },
                };
                if (schedule.Timezone.Length > 0)
                    payload["timezone"] = schedule.Timezone;
                await connection.ExecuteAsync(Sql(Insert, new
                {
                    id = Guid.CreateVersion7(),
                    schedule.RepoId,
                    schedule.ActorId,
                    reference = RefName.Branches + repository.DefaultBranch,
                    payload = payload.ToJsonString(),
                    schedule.WorkflowFile,
                }));
                var next = RefreshSchedules.Next(schedule.Cron, schedule.Timezone, now);
                await connection.ExecuteAsync(Sql(next is null ? Stop : MoveOn, new
                {
                    schedule.RepoId,
                    schedule.WorkflowFile,
                    schedule.Cron,
                    schedule.Timezone,
                    next = next?.UtcDateTime,
                }));
            }

            await connection.ExecuteAsync(Sql(Notifications.NotifySql, new { topic = Notifications.Name(Topic.Trigger), key = "" }));
            await transaction.CommitAsync(cancellation);
            notifications.Signal(Topic.Trigger);
            made += due.Count;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var hasFound = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var sleep = LongestSleep;
            try
            {
                if (!hasFound)
                {
                    await find.ExecuteAsync(stoppingToken);
                    hasFound = true;
                }

                await SweepAsync(stoppingToken);
                await using var connection = await dataSource.OpenConnectionAsync(stoppingToken);
                if (await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(FindNext, cancellationToken: stoppingToken)) is { } next
                    && next - time.GetUtcNow().UtcDateTime is var until && until < sleep)
                {
                    sleep = until < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : until;
                }
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or GitException or IOException)
            {
                LogSweepFailed(error.Message);
            }

            await Task.Delay(sleep, time, stoppingToken);
        }
    }

    [LoggerMessage(EventId = 322, Level = LogLevel.Error, Message = "Schedules that are due could not be started and are tried again: {Reason}")]
    private partial void LogSweepFailed(string reason);

    private sealed record Due
    {
        public long RepoId { get; init; }

        public string WorkflowFile { get; init; } = "";

        public string Cron { get; init; } = "";

        public string Timezone { get; init; } = "";

        public long? ActorId { get; init; }

        public string? Actor { get; init; }
    }
}
