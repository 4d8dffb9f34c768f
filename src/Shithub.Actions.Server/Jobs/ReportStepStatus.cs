using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Metrics;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// <c>POST /api/v1/jobs/{id}/steps/{step_id}/status</c>. One statement: spends the token, extends the lease, moves the step. A step that is
/// terminal stays as it is: saying the same again is accepted, anything else is 409. Where the end of the step's log is withheld, the step's
/// end and the log's are one transaction.
/// </summary>
public sealed class ReportStepStatus(
    NpgsqlDataSource dataSource, JobCallDiagnosis diagnosis, AttemptMasks masks, WithheldLog withheld, ServerMetrics metrics)
{
    private static readonly string Report = JobCall.OpenSql(
        """
        and exists (
            select
            from workflow_steps s
            where s.id = @step_id
                and s.job_id = j.id
                and (s.status in ('queued', 'running')
                    or (s.status = @status and s.conclusion is not distinct from @conclusion)))
        and (@conclusion is null or not exists (
            select
            from workflow_log_withheld w
            where w.job_id = j.id and w.attempt = j.attempt and w.step_id = @step_id))
        """,
        """
        (
            select jsonb_build_object(
                'status', @status, 'conclusion', @conclusion, 'run_status', r.status, 'run_conclusion', r.conclusion)
            from workflow_runs r
            where r.id = job.run_id
        )
        """) + """
        ,
        lease as (
            update workflow_jobs j
            set lease_expires_at = now() + make_interval(secs => j.lease_seconds)
            from used
            where j.id = @job_id
        ),
        step as (
            update workflow_steps s
            set status = @status,
                conclusion = @conclusion,
                started_at = case
                    when @status in ('skipped') then s.started_at
                    else coalesce(s.started_at, greatest(job.started_at, least(@started_at, @completed_at, now())))
                end,
                completed_at = case
                    when @conclusion is not null then greatest(s.started_at, job.started_at, least(@completed_at, now()))
                end
            from used, job
            where s.id = @step_id and s.status in ('queued', 'running')
            returning s.id
        ),
        annotation as (
            insert into workflow_annotations
                (job_id, step_id, attempt, ordinal, level, message, title, file, line, end_line, col, end_col)
            select @job_id, step.id, @attempt, a.ordinal, a.level, a.message, a.title, a.file, a.line, a.end_line, a.col, a.end_col
            from step, jsonb_to_recordset(@annotations::jsonb) as a
                (ordinal integer, level text, message text, title text, file text, line integer, end_line integer, col integer, end_col integer)
            where a.ordinal + (
                select count(*) from workflow_annotations known where known.job_id = @job_id and known.attempt = @attempt) <= @annotations_max
            on conflict do nothing
        ),
        summary as (
            insert into workflow_step_summaries (job_id, step_id, attempt, markdown)
            select @job_id, step.id, @attempt, @summary
            from step
            where @summary is not null and (
                select count(*) from workflow_step_summaries known where known.job_id = @job_id and known.attempt = @attempt) < @summaries_max
            on conflict do nothing
        )
        select used.next_expires, used.response::text, job.run_id, exists (select from step) as moved
        from used, job
        """;

    private const string Lock = """
        select exists (
            select
            from workflow_log_withheld w
            where w.job_id = j.id and w.attempt = j.attempt and w.step_id = @step_id)
        from workflow_jobs j
        where j.id = @job_id and j.attempt = @attempt and j.status = 'running'
        for update of j
        """;

    private const string Look = """
        select s.status, s.conclusion
        from workflow_steps s
        where s.id = @step_id and s.job_id = @job_id
        """;

    /// <returns>The outcome and the run it belongs to (0 when not done).</returns>
    public async Task<(JobCallOutcome Outcome, long RunId)> ExecuteAsync(
        JobCall call, long stepId, StatusChange change, CancellationToken cancellation)
    {
        change = await WithoutSecretsAsync(call, change, cancellation);
        await using (var command = dataSource.CreateCommand(Report))
        {
            if (await RunAsync(command, call, stepId, change, cancellation) is { } done)
                return done;
        }

        return change.Conclusion is not null && await EndWithLogAsync(call, stepId, change, cancellation) is { } ended
            ? ended
            : (await ExplainAsync(call, stepId, change, cancellation), 0);
    }

    /// <summary>Whatever runner sends them: annotations and a summary are hidden from as logs are, and are no longer than they may be.</summary>
    private async Task<StatusChange> WithoutSecretsAsync(JobCall call, StatusChange change, CancellationToken cancellation)
    {
        if ((change.Annotations.Count == 0 && change.Summary is null)
            || await masks.ScrubberAsync(call.Token.JobId, call.Token.Attempt, Texts(change), cancellation) is not { } scrub)
        {
            return change;
        }

        return change with
        {
            Summary = change.Summary is { } summary ? StepNotesRequest.Cut(scrub(summary), ProtocolLimits.SummaryBytes) : null,
            Annotations = StepNotesRequest.Scrub(change.Annotations, scrub),
        };
    }

    private static IEnumerable<string> Texts(StatusChange change) =>
        change.Summary is { } summary ? StepNotesRequest.Texts(change.Annotations).Append(summary) : StepNotesRequest.Texts(change.Annotations);

    private async Task<(JobCallOutcome Outcome, long RunId)?> RunAsync(
        NpgsqlCommand command, JobCall call, long stepId, StatusChange change, CancellationToken cancellation)
    {
        call.Bind(command.Parameters);
        command.Parameters.Add(new NpgsqlParameter<long>("step_id", stepId));
        change.Bind(command.Parameters);
        change.BindNotes(command.Parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return null;
        var next = call.Token with { Jti = call.NextJti, Expires = reader.GetInt64(0) };
        if (change.Conclusion == Protocol.ConclusionNames.TimedOut && reader.GetBoolean(3))
            metrics.StepTimedOut();
        return (new JobCallOutcome(JobCallResult.Done, next, reader.GetString(1)), reader.GetInt64(2));
    }

    /// <returns>Null when nothing is withheld, or the call is not good all the same: then nothing is released.</returns>
    private async Task<(JobCallOutcome Outcome, long RunId)?> EndWithLogAsync(
        JobCall call, long stepId, StatusChange change, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var look = new NpgsqlCommand(Lock, connection, transaction))
        {
            look.Parameters.Add(new NpgsqlParameter<long>("job_id", call.Token.JobId));
            look.Parameters.Add(new NpgsqlParameter<int>("attempt", call.Token.Attempt));
            look.Parameters.Add(new NpgsqlParameter<long>("step_id", stepId));
            if (await look.ExecuteScalarAsync(cancellation) is not true)
                return null;
        }

        await withheld.ReleaseAsync(connection, transaction, call.Token.JobId, call.Token.Attempt, stepId, cancellation);
        await using var command = new NpgsqlCommand(Report, connection, transaction);
        var done = await RunAsync(command, call, stepId, change, cancellation);
        if (done is not null)
            await transaction.CommitAsync(cancellation);
        return done;
    }

    private async Task<JobCallOutcome> ExplainAsync(JobCall call, long stepId, StatusChange change, CancellationToken cancellation)
    {
        if (await diagnosis.ExplainAsync(call, cancellation) is { } shared)
            return shared;
        await using var command = dataSource.CreateCommand(Look);
        command.Parameters.Add(new NpgsqlParameter<long>("step_id", stepId));
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", call.Token.JobId));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? JobCallOutcome.Failed(
                JobCallResult.Conflict, $"The step is {reader.GetString(0)} already and can't become {change.Status}: terminal steps never change.")
            : JobCallOutcome.Failed(JobCallResult.NotFound, $"Step {stepId} is not a step of this job; see the ids in the claim.", "step_id");
    }
}

/// <summary>A checked transition: a terminal status has a conclusion, others have none. Times are the runner's, between the claim and the database's now.</summary>
public sealed record StatusChange(string Status, string? Conclusion, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt)
{
    /// <summary>Of a job that ends; null: none.</summary>
    public IReadOnlyDictionary<string, string>? Outputs { get; init; }

    public IReadOnlyList<string> TaintedOutputs { get; init; } = [];

    /// <summary>Of a step that ends.</summary>
    public IReadOnlyList<StepAnnotation> Annotations { get; init; } = [];

    /// <summary>Of a step that ends: Markdown; null: none.</summary>
    public string? Summary { get; init; }

    /// <summary>Of a job that ends.</summary>
    public IReadOnlyList<JobImage> Images { get; init; } = [];

    /// <summary>Of a job that ends.</summary>
    public IReadOnlyList<StepAnnotation> Notes { get; init; } = [];

    public void BindNotes(NpgsqlParameterCollection parameters)
    {
        var rows = Annotations.Select((annotation, index) => new AnnotationRow(
            index + 1, annotation.Level!, annotation.Message!, annotation.Title, annotation.File, annotation.Line, annotation.EndLine,
            annotation.Col, annotation.EndCol));
        parameters.Add(new NpgsqlParameter<string>("annotations", JsonSerializer.Serialize([.. rows], JobsJson.Default.AnnotationRowArray)));
        parameters.Add(new NpgsqlParameter<int>("annotations_max", ProtocolLimits.AnnotationsPerJob));
        parameters.Add(new NpgsqlParameter("summary", NpgsqlDbType.Text) { Value = (object?)Summary ?? DBNull.Value });
        parameters.Add(new NpgsqlParameter<int>("summaries_max", ProtocolLimits.SummariesPerJob));
    }

    public void Bind(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<string>("status", NpgsqlDbType.Text) { TypedValue = Status });
        parameters.Add(new NpgsqlParameter("conclusion", NpgsqlDbType.Text) { Value = (object?)Conclusion ?? DBNull.Value });
        parameters.Add(Time("started_at", StartedAt));
        parameters.Add(Time("completed_at", CompletedAt));
    }

    private static NpgsqlParameter Time(string name, DateTimeOffset? time) =>
        new(name, NpgsqlDbType.TimestampTz) { Value = time is { } value ? value.UtcDateTime : DBNull.Value };
}

internal sealed record AnnotationRow(
    int Ordinal, string Level, string Message, string? Title, string? File, int? Line, int? EndLine, int? Col, int? EndCol);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(AnnotationRow[]))]
internal sealed partial class JobsJson : JsonSerializerContext;
