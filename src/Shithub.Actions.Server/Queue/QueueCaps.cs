using System.Globalization;
using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Queue;

/// <summary>The caps that a new run must keep: jobs that its repository has queued, and what its actor started in the last hour.</summary>
public static class QueueCaps
{
    // Indexes workflow_jobs_unfinished and workflow_runs_actor; nothing is counted beyond its cap. What was refused does not count, so that
    // whoever goes on at the same pace gets what the cap allows. A trigger may start several files: those do not keep each other out.
    private const string Count = """
        with caps as (
            select coalesce(p.max_queued, o.max_queued, s.max_queued) as max_queued,
                coalesce(p.max_triggers_per_hour, o.max_triggers_per_hour, s.max_triggers_per_hour) as max_triggers
            from repositories p
            join owners o on o.id = p.owner_id
            cross join actions_site_policy s
            where p.id = @RepoId
        )
        select caps.max_queued, caps.max_triggers,
            case when caps.max_queued is not null then (
                select count(*)
                from (
                    select
                    from workflow_jobs j
                    where j.repo_id = @RepoId and j.status in ('queued', 'waiting')
                    limit caps.max_queued) j
            ) else 0 end as queued,
            case when caps.max_triggers is not null then (
                select count(distinct r.trigger_event_id)
                from workflow_runs r
                where r.actor_id = @ActorId
                    and r.created_at > now() - interval '1 hour'
                    and r.trigger_event_id <> @TriggerEventId
                    and (r.diagnostics is null or not r.diagnostics @> '[{"code": "too-many-triggers"}]')
            ) else 0 end as triggers
        from caps
        """;

    /// <returns>Why the run may not be: it ends at once and shows it. Null: it may.</returns>
    public static async Task<Diagnostic?> ComplaintAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long repoId, long? actorId, string triggerEventId, string file, int jobs,
        CancellationToken cancellation)
    {
        var now = await connection.QuerySingleAsync<Counts>(new CommandDefinition(
            Count, new { RepoId = repoId, ActorId = actorId, TriggerEventId = triggerEventId }, transaction, cancellationToken: cancellation));
        if (now.MaxTriggers is { } triggers && now.Triggers >= triggers)
        {
            return Refusal(
                "too-many-triggers", $"Its actor has started {now.Triggers} times in the last hour, and the cap is {triggers}", file,
                "wait for some of the hour to pass and run it again, or ask an operator: shithubd admin policy set --max-triggers-per-hour");
        }

        return now.MaxQueued is { } most && now.Queued + jobs > most
            ? Refusal(
                "queue-full", $"The repository has {now.Queued} jobs in the queue, this run would add {jobs}, and the cap is {most}", file,
                "wait for some to end or cancel some, then run it again, or ask an operator: shithubd admin policy set --max-queued")
            : null;
    }

    private static Diagnostic Refusal(string code, FormattableString message, string file, string remedy) =>
        new(DiagnosticSeverity.Error, code, message.ToString(CultureInfo.InvariantCulture), file, 1, 1, "", remedy);

    private sealed record Counts
    {
        public int? MaxQueued { get; init; }

        public int? MaxTriggers { get; init; }

        public long Queued { get; init; }

        public long Triggers { get; init; }
    }
}
