using Npgsql;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Events <c>workflow_run</c>, written in the transaction that makes a run or ends it, where some workflow of the default branch waits for
/// them. They have the trust of the run that causes them: what a stranger's run leaves behind is as untrusted as the run. A run that
/// waits for approval has not been requested yet, and one that never got it causes nothing.
/// </summary>
internal static class WorkflowRunEvents
{
    /// <summary>GitHub's number: "You can't use workflow_run to chain together more than three levels of workflows."</summary>
    public const int ChainMax = 3;

    /// <summary>Whether a run <c>r</c> of a repository <c>p</c> makes events.</summary>
    public static readonly string MakesSql = $"(p.has_workflow_run and r.hold is distinct from 'approval' and r.chain_depth < {ChainMax})";

    /// <param name="before">Common table expressions that come first.</param>
    /// <param name="run">Where the run's row comes from.</param>
    /// <param name="which">Which of them.</param>
    private static string InsertSql(string before, string run, string which, string action) => $"""
        with {before} made as (
            insert into trigger_events (id, repo_id, actor_id, event, ref, payload, trust, chain_depth)
            select gen_random_uuid(), r.repo_id, r.actor_id, 'workflow_run', 'refs/heads/' || p.default_branch,
                jsonb_build_object(
                    'action', '{action}',
                    'workflow_run', jsonb_build_object(
                        'id', r.id, 'name', r.workflow_name, 'path', r.workflow_file, 'display_title', r.title, 'run_number', r.run_index,
                        'run_attempt', 1, 'event', r.event, 'head_sha', r.head_sha,
                        'head_branch', coalesce(r.event_payload -> 'pull_request' -> 'head' ->> 'ref', regexp_replace(r.head_ref, '^refs/(heads|tags)/', '')),
                        'status', case when r.conclusion is null then 'requested' else 'completed' end,
                        'conclusion', r.conclusion, 'trust', r.trust,
                        'actor', jsonb_build_object('login', a.name, 'type', 'User'),
                        'created_at', r.created_at),
                    'workflow', jsonb_build_object('name', r.workflow_name, 'path', r.workflow_file),
                    'repository', jsonb_build_object(
                        'id', p.id, 'name', p.name, 'full_name', o.name || '/' || p.name, 'private', p.is_private,
                        'owner', jsonb_build_object('id', o.id, 'login', o.name, 'name', o.name), 'default_branch', p.default_branch),
                    'sender', jsonb_build_object('login', a.name, 'type', 'User')),
                r.trust, r.chain_depth + 1
            from {run} r
            join repositories p on p.id = r.repo_id
            join owners o on o.id = p.owner_id
            left join owners a on a.id = r.actor_id
            where {which} and {MakesSql}
            returning 1
        )
        select pg_notify('shithub', 'trigger:')
        from made
        limit 1
        """;

    private static readonly string Requested = InsertSql("", "workflow_runs", "r.id = @run_id", "requested");
    private static readonly string Completed = InsertSql("", "workflow_runs", "r.id = @run_id", "completed");

    /// <param name="update">Changes runs <c>r</c> that have not ended; it has no <c>returning</c>.</param>
    /// <returns>A statement that does so and makes the event 'completed' of each that it ended.</returns>
    public static string EndSql(string update) =>
        InsertSql($"changed as ({update} returning r.*),", "changed", "r.conclusion is not null", "completed");

    public static Task RequestedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        InsertAsync(connection, transaction, Requested, runId, cancellation);

    public static Task CompletedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        InsertAsync(connection, transaction, Completed, runId, cancellation);

    private static async Task InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, long runId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction) { Parameters = { RunProgress.RunId(runId) } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
