using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Runs;

/// <summary>Runs, jobs and steps as the API and the pages show them.</summary>
public sealed class ReadRuns(NpgsqlDataSource dataSource)
{
    private const string RunColumns = """
        r.id, r.repo_id, o.name || '/' || p.name as repository, r.run_index, r.workflow_file, r.workflow_name, r.title, r.event,
            r.head_sha, r.head_ref, a.name as actor, r.parent_run_id, r.status, r.conclusion, r.diagnostics::text as diagnostics,
            r.created_at, r.started_at, r.completed_at, r.hold, r.trust, r.checkout_sha, r.workflow_sha, r.pull_request_id,
            (select number from pull_requests q where q.id = r.pull_request_id) as pull_request, r.chain_depth,
            (select name from owners b where b.id = r.approved_by) as approved_by, r.approved_at, r.cancel_reason
        from workflow_runs r
        join repositories p on p.id = r.repo_id
        join owners o on o.id = p.owner_id
        left join owners a on a.id = r.actor_id
        """;

    // Index workflow_runs_repo.
    private const string ListSql = $"""
        select {RunColumns}
        where r.repo_id = @RepoId
            and (@Before::bigint is null or r.id < @Before)
            and (@HeadSha::text is null or r.head_sha = @HeadSha)
            and (@WorkflowFile::text is null or r.workflow_file = @WorkflowFile)
        order by r.id desc
        limit @Limit
        """;

    private const string ByIdSql = $"""
        select {RunColumns}
        where r.id = @Id
        """;

    private const string ByIndexSql = $"""
        select {RunColumns}
        where r.repo_id = @RepoId and r.run_index = @RunIndex
        """;

    // Indexes workflow_runs_pull and workflow_runs_commit: its own runs, and those that pushes of its head have started.
    private const string OfPullRequestSql = $"""
        select {RunColumns}
        where r.pull_request_id = @PullId
            or (r.head_sha = @HeadSha and r.repo_id = (select q.repo_id from pull_requests q where q.id = @PullId))
        order by r.id desc
        limit @Limit
        """;

    private const string JobsSql = """
        select j.id, j.run_id, j.job_key, j.job_name, j.runs_on, j.needs, j.status, j.conclusion, j.attempt, j.timeout_minutes,
            w.name as runner, j.queued_at, j.started_at, j.completed_at, j.cancel_requested_at is not null as cancel_requested,
            j.cancel_reason, j.hold, r.hold as run_hold, j.environment, j.continue_on_error, j.outputs::text as outputs, j.diagnostics::text as diagnostics,
            j.images::text as images, j.notes::text as notes,
            exists (
                select
                from workflow_runners m
                join label_sets s on s.id = j.label_set_id
                where m.revoked_at is null and s.labels <@ m.labels
            ) as is_served,
            g.needs_review and g.decision is null as waits_for_review, g.waits_until,
            (select string_agg(o.name, ', ' order by o.name) from owners o where o.id = any (g.reviewers)) as reviewers
        from workflow_jobs j
        join workflow_runs r on r.id = j.run_id
        left join environment_gates g on g.job_id = j.id and g.passed_at is null
        left join workflow_runners w on w.id = j.runner_id
        where j.run_id = @RunId
        order by j.position, j.id
        """;

    private const string StepsSql = """
        select s.id, s.job_id, s.index, s.name, s.status, s.conclusion, s.started_at, s.completed_at,
            coalesce(octet_length(m.markdown), 0) as summary_bytes
        from workflow_steps s
        join workflow_jobs j on j.id = s.job_id
        left join workflow_step_summaries m on m.job_id = j.id and m.attempt = j.attempt and m.step_id = s.id
        where j.run_id = @RunId
        order by s.job_id, s.index
        """;

    // A run may have 1,000 jobs of 50 annotations each: what goes wrong first is told first, and a job's own answer has all of its.
    private const string AnnotationsSql = """
        select a.step_id, a.level, a.message, a.title, a.file, a.line, a.end_line, a.col, a.end_col
        from workflow_annotations a
        join workflow_jobs j on j.id = a.job_id and j.attempt = a.attempt
        where j.run_id = @RunId and (@JobId::bigint is null or j.id = @JobId)
        order by a.job_id, a.step_id, a.ordinal
        limit 1000
        """;

    private const string SummariesSql = """
        select m.markdown
        from workflow_step_summaries m
        join workflow_jobs j on j.id = m.job_id and j.attempt = m.attempt
        join workflow_steps s on s.id = m.step_id
        where m.job_id = @JobId
        order by s.index
        """;

    private const string RepoOfJobSql = """
        select j.repo_id, j.run_id, j.attempt
        from workflow_jobs j
        where j.id = @Id
        """;

    /// <summary>Newest first. Give the last id of a page as <paramref name="before"/> for the next one.</summary>
    public async Task<IReadOnlyList<RunRow>> ListAsync(
        long repoId, long? before, int limit, string? headSha, string? workflowFile, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<RunRow>(new CommandDefinition(
            ListSql,
            new { RepoId = repoId, Before = before, Limit = limit, HeadSha = headSha, WorkflowFile = workflowFile },
            cancellationToken: cancellation))];
    }

    public async Task<RunRow?> FindAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<RunRow>(
            new CommandDefinition(ByIdSql, new { Id = id }, cancellationToken: cancellation));
    }

    public async Task<RunRow?> FindAsync(long repoId, int runIndex, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<RunRow>(
            new CommandDefinition(ByIndexSql, new { RepoId = repoId, RunIndex = runIndex }, cancellationToken: cancellation));
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<RunRow>> OfPullRequestAsync(long pullId, string headSha, int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<RunRow>(new CommandDefinition(
            OfPullRequestSql, new { PullId = pullId, HeadSha = headSha, Limit = limit }, cancellationToken: cancellation))];
    }

    /// <summary>The run's jobs in the order of the file, each with its steps.</summary>
    /// <param name="jobId">Whose annotations are read; null: the run's first 1,000.</param>
    public async Task<IReadOnlyList<JobRow>> JobsAsync(long runId, CancellationToken cancellation, long? jobId = null)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var jobs = (await connection.QueryAsync<JobRow>(new CommandDefinition(
            JobsSql, new { RunId = runId }, cancellationToken: cancellation))).AsList();
        var annotations = (await connection.QueryAsync<AnnotationOfStep>(new CommandDefinition(
            AnnotationsSql, new { RunId = runId, JobId = jobId }, cancellationToken: cancellation))).ToLookup(annotation => annotation.StepId);
        var steps = (await connection.QueryAsync<StepRow>(new CommandDefinition(
            StepsSql, new { RunId = runId }, cancellationToken: cancellation)))
            .Select(step => step with { Annotations = [.. annotations[step.Id]] }).ToLookup(step => step.JobId);
        return [.. jobs.Select(job => job with { Steps = [.. steps[job.Id]] })];
    }

    /// <summary>The summaries of a job's steps, in their order: Markdown that the job wrote.</summary>
    public async Task<IReadOnlyList<string>> SummariesAsync(long jobId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return (await connection.QueryAsync<string>(
            new CommandDefinition(SummariesSql, new { JobId = jobId }, cancellationToken: cancellation))).AsList();
    }

    /// <summary>Where a job belongs, for asking whether the caller may see it.</summary>
    public async Task<JobPlace?> PlaceOfJobAsync(long jobId, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<JobPlace>(
            new CommandDefinition(RepoOfJobSql, new { Id = jobId }, cancellationToken: cancellation));
    }
}

/// <summary>A run. <c>HeadRef</c> is in full; times are UTC; <c>Diagnostics</c> is JSON or null.</summary>
public sealed record RunRow
{
    public long Id { get; init; }

    public long RepoId { get; init; }

    public string Repository { get; init; } = "";

    public int RunIndex { get; init; }

    public string WorkflowFile { get; init; } = "";

    public string WorkflowName { get; init; } = "";

    public string Title { get; init; } = "";

    public string Event { get; init; } = "";

    public string HeadSha { get; init; } = "";

    public string HeadRef { get; init; } = "";

    public string? Actor { get; init; }

    public long? ParentRunId { get; init; }

    public string Status { get; init; } = "";

    public string? Conclusion { get; init; }

    public string? Diagnostics { get; init; }

    public DateTime CreatedAt { get; init; }

    public DateTime? StartedAt { get; init; }

    public DateTime? CompletedAt { get; init; }

    /// <summary>Why none of its jobs may start: <see cref="RunHold.Approval"/>, <see cref="HoldReason.Concurrency"/> or null.</summary>
    public string? Hold { get; init; }

    /// <summary>One of <see cref="RunTrust"/>.</summary>
    public string Trust { get; init; } = RunTrust.Trusted;

    /// <summary>Null: the head.</summary>
    public string? CheckoutSha { get; init; }

    /// <summary>The commit of the workflow files; null: the head.</summary>
    public string? WorkflowSha { get; init; }

    public long? PullRequestId { get; init; }

    /// <summary>Its number.</summary>
    public int? PullRequest { get; init; }

    public int ChainDepth { get; init; }

    public string? ApprovedBy { get; init; }

    public DateTime? ApprovedAt { get; init; }

    public bool AwaitsApproval => Hold == RunHold.Approval && Conclusion is null;

    /// <summary>Why it was cancelled, where it was not asked for.</summary>
    public string? CancelReason { get; init; }
}

public sealed record JobRow
{
    public long Id { get; init; }

    public long RunId { get; init; }

    public string JobKey { get; init; } = "";

    public string JobName { get; init; } = "";

    public string[] RunsOn { get; init; } = [];

    public string[] Needs { get; init; } = [];

    public string Status { get; init; } = "";

    public string? Conclusion { get; init; }

    public int Attempt { get; init; }

    public int TimeoutMinutes { get; init; }

    public string? Runner { get; init; }

    public DateTime? QueuedAt { get; init; }

    public DateTime? StartedAt { get; init; }

    public DateTime? CompletedAt { get; init; }

    public bool CancelRequested { get; init; }

    /// <summary>Why it was cancelled, where it was not asked for.</summary>
    public string? CancelReason { get; init; }

    /// <summary>One of <see cref="HoldReason"/>, or null.</summary>
    public string? Hold { get; init; }

    public bool ContinueOnError { get; init; }

    /// <summary>Why none of the run's jobs may start.</summary>
    public string? RunHold { get; init; }

    public string? Environment { get; init; }

    /// <summary>Its environment wants a review that it has not got.</summary>
    public bool WaitsForReview { get; init; }

    /// <summary>Its environment holds it until then.</summary>
    public DateTime? WaitsUntil { get; init; }

    /// <summary>Names of those who may review it.</summary>
    public string? Reviewers { get; init; }

    /// <summary>JSON: names and values.</summary>
    public string? Outputs { get; init; }

    /// <summary>JSON: why it failed before it could run.</summary>
    public string? Diagnostics { get; init; }

    /// <summary>JSON: a list of <see cref="Protocol.JobImage"/>, what its containers ran.</summary>
    public string? Images { get; init; }

    /// <summary>JSON: a list of <see cref="Protocol.StepAnnotation"/>, what its runner says about it.</summary>
    public string? Notes { get; init; }

    /// <summary>Some runner that is not revoked is registered for all labels that the job asks for.</summary>
    public bool IsServed { get; init; }

    public IReadOnlyList<StepRow> Steps { get; init; } = [];
}

public sealed record StepRow
{
    public long Id { get; init; }

    public long JobId { get; init; }

    public int Index { get; init; }

    public string Name { get; init; } = "";

    public string Status { get; init; } = "";

    public string? Conclusion { get; init; }

    public DateTime? StartedAt { get; init; }

    public DateTime? CompletedAt { get; init; }

    /// <summary>0: none.</summary>
    public int SummaryBytes { get; init; }

    public IReadOnlyList<AnnotationOfStep> Annotations { get; init; } = [];
}

/// <summary>What a step says about a place, or about itself. <c>Level</c> is notice, warning or error.</summary>
public sealed record AnnotationOfStep
{
    public long StepId { get; init; }

    public string Level { get; init; } = "";

    public string Message { get; init; } = "";

    public string? Title { get; init; }

    public string? File { get; init; }

    public int? Line { get; init; }

    public int? EndLine { get; init; }

    public int? Col { get; init; }

    public int? EndCol { get; init; }
}

public sealed record JobPlace
{
    public long RepoId { get; init; }

    public long RunId { get; init; }

    public int Attempt { get; init; }
}
