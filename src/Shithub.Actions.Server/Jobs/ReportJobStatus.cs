using Npgsql;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// <c>POST /api/v1/jobs/{id}/status</c>. A terminal status ends the attempt, settles its steps, lets the jobs that needed it go on or be
/// skipped, and rolls the run up, all in one transaction that holds the run's lock; mostly one that it shares with others (<see cref="EndBatches"/>).
/// </summary>
public sealed class ReportJobStatus(
    NpgsqlDataSource dataSource, EndBatches batches, JobCallDiagnosis diagnosis, Notifications notifications, AttemptMasks masks,
    WithheldLog withheld, ServerMetrics metrics)
{
    private static readonly string ReportRunning = JobCall.OpenSql(
        "",
        """
        (
            select jsonb_build_object('status', 'running', 'conclusion', null, 'run_status', r.status, 'run_conclusion', r.conclusion)
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
        )
        select used.next_expires, used.response::text
        from used
        """;

    public async Task<JobCallOutcome> ExecuteAsync(JobCall call, StatusChange change, CancellationToken cancellation)
    {
        var outcome = StatusNames.IsTerminal(change.Status)
            ? await EndAsync(call, change, cancellation)
            : await StartAsync(call, cancellation);
        return outcome
            ?? await diagnosis.ExplainAsync(call, cancellation)
            ?? JobCallOutcome.Failed(JobCallResult.Conflict, "The attempt ended while this call was made.");
    }

    private async Task<JobCallOutcome?> StartAsync(JobCall call, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(ReportRunning);
        call.Bind(command.Parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new JobCallOutcome(
                JobCallResult.Done, call.Token with { Jti = call.NextJti, Expires = reader.GetInt64(0) }, reader.GetString(1))
            : null;
    }

    private async Task<JobCallOutcome?> EndAsync(JobCall call, StatusChange change, CancellationToken cancellation)
    {
        var end = new PendingEnd(call, await WithoutSecretsAsync(call, change, cancellation));
        // A lock that somebody had is worth waiting for, and so are rules; calls that come to nothing are rare.
        return (await batches.RunAsync(end, cancellation) ?? await EndAloneAsync(end, cancellation)) is { } answer
            ? new JobCallOutcome(JobCallResult.Done, null, answer)
            : null;
    }

    private async Task<string?> EndAloneAsync(PendingEnd end, CancellationToken cancellation)
    {
        var token = end.Call.Token;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        long timedOut;
        bool hasWithheld;
        RunBrief run;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(RunProgress.LockSql) { Parameters = { RunProgress.RunId(token.RunId) } });
            batch.BatchCommands.Add(EndStatement.Lock(end));
            batch.BatchCommands.Add(EndStatement.Alone(end));
            batch.BatchCommands.Add(RunProgress.ReadBriefly(token.RunId));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            if (!await reader.ReadAsync(cancellation))
                return null;
            timedOut = reader.GetInt64(0);
            hasWithheld = reader.GetBoolean(1);
            await reader.NextResultAsync(cancellation);
            run = await RunProgress.ReadAsync(reader, token.RunId, cancellation);
        }

        if (hasWithheld)
            await withheld.ReleaseAllAsync(connection, transaction, token.JobId, token.Attempt, cancellation);

        var answer = "";
        try
        {
            await RunProgress.AdvanceAsync(
                connection, transaction, run,
                state => EndStatement.Spend(
                    end, answer = StatusAnswer.Write(end.Change.Status, end.Change.Conclusion, state.Status, state.Conclusion)),
                cancellation);
        }
        catch (PostgresException error) when (EndStatement.IsSpent(error))
        {
            return null;
        }

        await transaction.CommitAsync(cancellation);
        metrics.StepTimedOut(timedOut);
        // Its runner has room again, and so have its repository and its owner under their caps: other servers' runners may take what waited.
        notifications.Broadcast(Topic.Queue);
        return answer;
    }

    private async Task<StatusChange> WithoutSecretsAsync(JobCall call, StatusChange change, CancellationToken cancellation)
    {
        change = await WithoutSecretOutputsAsync(call, change, cancellation);
        var texts = StepNotesRequest.Texts(change.Notes).Concat(change.Images.Select(image => image.Image!));
        if ((change.Images.Count == 0 && change.Notes.Count == 0)
            || await masks.ScrubberAsync(call.Token.JobId, call.Token.Attempt, texts, cancellation) is not { } scrub)
        {
            return change;
        }

        return change with
        {
            Images = [.. change.Images.Select(image => image with
            {
                Image = StepNotesRequest.CutLength(scrub(image.Image!), ProtocolLimits.ImageLength),
            })],
            Notes = StepNotesRequest.Scrub(change.Notes, scrub),
        };
    }

    /// <summary>As on GitHub, an output that may hold a secret is left out: it is stored, and other jobs print it. The runner said so in the log.</summary>
    private async Task<StatusChange> WithoutSecretOutputsAsync(JobCall call, StatusChange change, CancellationToken cancellation)
    {
        if (change.Outputs is not { Count: > 0 } outputs)
            return change;
        var secret = await masks.FindAsync(call.Token.JobId, call.Token.Attempt, outputs, cancellation);
        return secret.Count == 0
            ? change
            : change with
            {
                Outputs = outputs.Where(output => !secret.Contains(output.Key)).ToDictionary(),
                TaintedOutputs = [.. change.TaintedOutputs.Except(secret)],
            };
    }
}
