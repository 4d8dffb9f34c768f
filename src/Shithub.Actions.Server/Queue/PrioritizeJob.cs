using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Queue;

/// <summary>Sends a job ahead of everybody's, or back in line: an operator's decision. It still obeys switches, caps, holds and needs.</summary>
public sealed class PrioritizeJob(NpgsqlDataSource dataSource, AuditLog audit)
{
    /// <summary>From here on a job is ahead of all owners' (index workflow_jobs_express); below, ahead in its repository only.</summary>
    public const int Express = 1_000_000;

    /// <summary>What a rerun has: somebody looks at it and waits.</summary>
    public const int Rerun = 10;

    private const string Set = """
        update workflow_jobs
        set priority = @priority
        where id = @id and status in ('queued', 'waiting')
        """;

    /// <param name="priority">0 is what jobs have by themselves.</param>
    /// <returns>False when there is no such job, or it has begun.</returns>
    public async Task<bool> ExecuteAsync(long id, CancellationToken cancellation, int priority = Express) =>
        await audit.ExecuteAsync(
            dataSource, Set, new { id, priority },
            rows => rows > 0 ? new AuditEntry("job.prioritize", "job", id, null, new { priority }) : null, cancellation) > 0;
}
