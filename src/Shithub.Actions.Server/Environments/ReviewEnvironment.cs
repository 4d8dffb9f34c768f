using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Environments;

/// <summary>A reviewer's word on the jobs of a run that wait for an environment. The first word counts.</summary>
public sealed class ReviewEnvironment(NpgsqlDataSource dataSource, Notifications notifications, AuditLog audit)
{
    private const string FindGates = """
        select g.job_id as JobId, (select r.workflow_file from workflow_runs r where r.id = g.run_id) as WorkflowFile, g.decision, @reviewerId = any (g.reviewers) as IsReviewer
        from environment_gates g
        join workflow_jobs j on j.id = g.job_id
        where g.run_id = @runId and lower(g.environment) = lower(@environment) and g.needs_review
            and (j.conclusion is null or g.decision is not null)
        order by g.job_id
        """;

    private const string Decide = """
        update environment_gates
        set decision = @decision, reviewer_id = @reviewerId, reviewed_at = now(), comment = @comment,
            passed_at = case when @decision = 'rejected' then now() end
        where job_id = @JobId and decision is null
        """;

    private const string Tell = "select pg_notify('shithub', 'timer:'), pg_notify('shithub', 'run:' || @runId)";

    /// <param name="reviewer">The reviewer's name.</param>
    public async Task<ReviewOutcome> ExecuteAsync(
        long runId, string environment, long reviewerId, string reviewer, bool approves, string? comment, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellation);
        await RunProgress.LockAsync(connection, transaction, runId, cancellation);
        var gates = (await connection.QueryAsync<Gate>(Sql(FindGates, new { runId, environment, reviewerId }))).AsList();
        if (gates.Count == 0)
            return new ReviewOutcome(ReviewResult.NothingWaits, []);
        if (!gates.Exists(gate => gate.IsReviewer))
            return new ReviewOutcome(ReviewResult.NotAReviewer, []);
        var open = gates.FindAll(gate => gate is { Decision: null, IsReviewer: true });
        foreach (var gate in open)
        {
            await connection.ExecuteAsync(Sql(Decide, new { gate.JobId, decision = approves ? "approved" : "rejected", reviewerId, comment }));
            if (approves)
            {
                await PassGate.TryAsync(connection, transaction, gate.JobId, cancellation);
            }
            else
            {
                await connection.ExecuteAsync(Sql(EnvironmentGate.Fail, new
                {
                    Id = gate.JobId,
                    diagnostics = EnvironmentGate.Explain(
                        gate.WorkflowFile, $"{reviewer} rejected it for the environment '{environment}'{(string.IsNullOrEmpty(comment) ? "" : $": {comment}")}"),
                }));
            }
        }

        // Whoever says again what was decided hears that it is so; who says otherwise, that it is too late.
        if (open.Count == 0)
        {
            return new ReviewOutcome(
                gates.TrueForAll(gate => gate.Decision == (approves ? "approved" : "rejected")) ? ReviewResult.Done : ReviewResult.DecidedOtherwise, []);
        }

        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry(
                approves ? "environment.approve" : "environment.reject", "run", runId, null,
                new { environment, jobs = open.Select(gate => gate.JobId).ToArray() }),
            cancellation);
        await RunProgress.AdvanceAsync(connection, transaction, runId, cancellation);
        await connection.ExecuteAsync(Sql(Tell, new { runId }));
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Queue);
        notifications.Signal(Topic.Run, runId);
        return new ReviewOutcome(ReviewResult.Done, [.. open.Select(gate => gate.JobId)]);
    }

    private sealed record Gate
    {
        public long JobId { get; init; }

        public string WorkflowFile { get; init; } = "";

        public string? Decision { get; init; }

        public bool IsReviewer { get; init; }
    }
}

public enum ReviewResult
{
    Done,

    NothingWaits,

    NotAReviewer,

    /// <summary>The word of another came first, or the caller's own other one.</summary>
    DecidedOtherwise,
}

/// <param name="Jobs">Those that this review was about.</param>
public sealed record ReviewOutcome(ReviewResult Result, IReadOnlyList<long> Jobs);
