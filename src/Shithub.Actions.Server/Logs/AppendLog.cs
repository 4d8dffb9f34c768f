using System.Buffers;
using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// <c>POST /api/v1/jobs/{id}/logs</c>: one statement spends the token, extends the lease and stores the chunk, scrubbed of the attempt's
/// masks. The same chunk twice is one chunk; a different one under the same number is 409 and stores nothing. See <c>Logs/README.md</c>.
/// </summary>
public sealed class AppendLog(
    NpgsqlDataSource dataSource, AppendBatches batches, AppendStatement statement, JobCallDiagnosis diagnosis, AttemptMasks attempts,
    SecretMasks masks, RootKey root, LogLimits limits, ServerMetrics metrics)
{
    /// <summary>What this server knew of the attempt was old: as often as masks may be added or another server may go on meanwhile.</summary>
    private const int TriesMax = 5;

    private const string Look = """
        select coalesce(@log_bytes, j.log_bytes) + @bytes > @max_bytes as too_much,
            @step_id is null or s.id is not null as step_exists,
            s.status as step_status,
            coalesce((
                select m.version from workflow_job_secret_masks m where m.job_id = j.id and m.attempt = j.attempt), 0) as masks_version
        from workflow_jobs j
        left join workflow_steps s on s.id = @step_id and s.job_id = j.id
        where j.id = @job_id
        """;

    private const string IsRunning = """
        select exists (
            select
            from workflow_jobs j
            join workflow_runners r on r.id = j.runner_id
            where j.id = @job_id and j.attempt = @attempt and j.status = 'running' and j.lease_expires_at > now() and r.revoked_at is null)
        """;

    /// <param name="added">What steps asked to hide, from this chunk on.</param>
    /// <returns>The outcome and the run it belongs to (0 when not done).</returns>
    public async Task<(JobCallOutcome Outcome, long RunId)> ExecuteAsync(
        JobCall call, long? stepId, int seq, byte[] chunk, IReadOnlyCollection<string> added, CancellationToken cancellation)
    {
        if (added.Count > 0 && await AddMasksAsync(call, added, cancellation) is { } refused)
            return (refused, 0);
        var hash = SHA256.HashData(chunk);
        var known = await attempts.ForAsync(call.Token.JobId, call.Token.Attempt, chunk, isStale: added.Count > 0, cancellation);
        for (var tries = 1; ; tries++)
        {
            var (append, after, replacements) = await PrepareAsync(call, stepId, seq, chunk, hash, known, cancellation);
            // A row that was locked is worth waiting for, and calls that come to nothing are rare.
            if ((await batches.RunAsync(append, cancellation) ?? await statement.RunAsync(append, cancellation)) is { } done)
            {
                if (after is not null)
                    known!.Keep(stepId, after);
                if (replacements > 0)
                    metrics.Scrubbed(replacements);
                return (new JobCallOutcome(JobCallResult.Done, call.Token with { Jti = call.NextJti, Expires = done.NextExpires, LogBytes = done.LogBytes }), done.RunId);
            }

            var (outcome, version) = await ExplainAsync(call, stepId, append, cancellation);
            if (outcome is not null)
                return (outcome, 0);
            var isStale = version != append.MasksVersion
                || (known is not null && await IsStaleAsync(known, call, stepId, append.LastSeq, cancellation));
            if (!isStale || tries == TriesMax)
                return (Contradiction(append), 0);
            known = await attempts.LoadAsync(call.Token.JobId, call.Token.Attempt, cancellation);
        }
    }

    /// <summary>Masks may be known before the call proves good: they only ever hide more. But only those of a job that runs are kept.</summary>
    private async Task<JobCallOutcome?> AddMasksAsync(JobCall call, IReadOnlyCollection<string> added, CancellationToken cancellation)
    {
        await using (var command = dataSource.CreateCommand(IsRunning))
        {
            command.Parameters.Add(new NpgsqlParameter<long>("job_id", call.Token.JobId));
            command.Parameters.Add(new NpgsqlParameter<int>("attempt", call.Token.Attempt));
            if (!(bool)(await command.ExecuteScalarAsync(cancellation))!)
                return null;
        }

        return await masks.AddAsync(call.Token.JobId, call.Token.Attempt, added, cancellation)
            ? null
            : JobCallOutcome.Failed(
                JobCallResult.Invalid,
                $"A job may hide {SecretMasks.AddedMax} values of {SecretMasks.AddedBytesMax} bytes altogether by itself.", "mask_values");
    }

    private async Task<(PendingAppend Append, StreamState? After, long Replacements)> PrepareAsync(
        JobCall call, long? stepId, int seq, byte[] chunk, byte[] hash, AttemptLogs? known, CancellationToken cancellation)
    {
        if (known is null)
            return (new PendingAppend(call, stepId, seq, chunk, hash, 0, -1, false, null, false), null, 0);
        var (jobId, attempt) = (call.Token.JobId, call.Token.Attempt);
        var before = await attempts.StreamAsync(known, jobId, attempt, stepId, cancellation);
        if (seq <= before.LastSeq)
            return (new PendingAppend(call, stepId, seq, [], hash, known.Version, before.LastSeq, true, null, false), null, 0);
        var scrubber = new LogScrubber(known.Automaton);
        if (before.Withheld is { } withheld)
            scrubber.Restore(withheld);
        var stored = chunk;
        if (!scrubber.TryPass(chunk))
        {
            var shown = new ArrayBufferWriter<byte>(chunk.Length + 64);
            scrubber.WriteDecided(shown);
            stored = shown.WrittenSpan.ToArray();
        }

        var state = scrubber.Save();
        var after = new StreamState(seq, state.Held.IsEmpty && !state.InRun ? null : state);
        var append = new PendingAppend(
            call, stepId, seq, stored, hash, known.Version, before.LastSeq, false,
            after.Withheld is null ? null : WithheldLog.Seal(root, jobId, attempt, stepId, state), before.Withheld is not null);
        return (append, after, scrubber.Replacements);
    }

    private async Task<bool> IsStaleAsync(AttemptLogs known, JobCall call, long? stepId, int lastSeq, CancellationToken cancellation)
    {
        known.Forget(stepId);
        return (await attempts.StreamAsync(known, call.Token.JobId, call.Token.Attempt, stepId, cancellation)).LastSeq != lastSeq;
    }

    /// <returns>Why not, or the version that the masks have.</returns>
    private async Task<(JobCallOutcome? Outcome, int MasksVersion)> ExplainAsync(
        JobCall call, long? stepId, PendingAppend append, CancellationToken cancellation)
    {
        if (await diagnosis.ExplainAsync(call, cancellation) is { } shared)
            return (shared, 0);
        await using var command = dataSource.CreateCommand(Look);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", call.Token.JobId));
        command.Parameters.Add(new NpgsqlParameter("step_id", NpgsqlDbType.Bigint) { Value = stepId is { } id ? id : DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter<int>("bytes", append.Stored.Length));
        command.Parameters.Add(new NpgsqlParameter<long>("max_bytes", limits.MaxBytesPerJob));
        command.Parameters.Add(new NpgsqlParameter<long?>("log_bytes", NpgsqlDbType.Bigint) { TypedValue = call.Token.LogBytes });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return (Contradiction(append), 0);
        var version = reader.GetInt32(3);
        if (reader.GetBoolean(0))
        {
            return (JobCallOutcome.Failed(
                JobCallResult.Conflict, $"The job's log would exceed {limits.MaxBytesPerJob} bytes (logs.max_bytes_per_job).", "chunk"), version);
        }

        if (!reader.GetBoolean(1))
            return (JobCallOutcome.Failed(JobCallResult.Invalid, $"Step {stepId} is not a step of this job; see the ids in the claim.", "step_id"), version);
        return version > 0 && stepId is not null && reader.GetString(2) is not ("queued" or "running") and var status
            ? (JobCallOutcome.Failed(
                JobCallResult.Conflict,
                $"The step is {status} already: the log of a step that has ended takes no more when the job has secrets, since what it "
                    + "withheld is shown. Send a step's log before its last status.", "step_id"), version)
            : (null, version);
    }

    private static JobCallOutcome Contradiction(PendingAppend append) => JobCallOutcome.Failed(
        JobCallResult.Conflict,
        append.MasksVersion > 0
            ? $"Chunk {append.Seq} is stored already with other bytes, or a later one is: the chunks of a job with secrets come in order."
            : $"Chunk {append.Seq} is stored already with other bytes.", "seq");
}

/// <param name="MaxBytesPerJob">Of one attempt, all its steps together (<c>logs.max_bytes_per_job</c>).</param>
public sealed record LogLimits(long MaxBytesPerJob);
