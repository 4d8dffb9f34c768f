using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dapper;
using Npgsql;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>What the servers have acknowledged, and whether the database still knows it.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentQueue<(long Job, int Attempt, long Step, int Seq, byte[] Hash)> _chunks = [];
    private readonly ConcurrentQueue<(long Step, string Conclusion)> _steps = [];
    private readonly ConcurrentQueue<(long Job, int Attempt, string Conclusion)> _jobs = [];
    private readonly ConcurrentQueue<long> _runs = [];
    private readonly ConcurrentDictionary<long, bool> _untrusted = [];
    private readonly ConcurrentDictionary<long, (string HeadSha, DateTimeOffset At)> _approvals = [];
    private readonly ConcurrentQueue<(long Run, string Event, bool HasSecret, int Masks)> _claims = [];
    private int _acknowledged;

    public int Runs => _runs.Count;

    public int Chunks => _chunks.Count;

    public int Approvals => _approvals.Count;

    public int Claims => _claims.Count;

    /// <summary>How many calls of runners were answered with success.</summary>
    public int Acknowledged => _acknowledged;

    public void Accepted() => Interlocked.Increment(ref _acknowledged);

    public void Dispatched(long run) => _runs.Enqueue(run);

    public void Untrusted(long run) => _untrusted[run] = true;

    /// <param name="at">As the answer said; a repeat says the same.</param>
    public void Approved(long run, string headSha, DateTimeOffset at)
    {
        var known = _approvals.GetOrAdd(run, (headSha, at));
        Assert.True(known == (headSha, at), $"Run {run} was approved at {known.At} and at {at}.");
    }

    public void Claimed(long run, string @event, bool hasSecret, int masks) => _claims.Enqueue((run, @event, hasSecret, masks));

    public void Appended(long job, int attempt, long step, int seq, byte[] chunk) =>
        _chunks.Enqueue((job, attempt, step, seq, SHA256.HashData(chunk)));

    public void StepEnded(long step, string conclusion) => _steps.Enqueue((step, conclusion));

    public void JobEnded(long job, int attempt, string conclusion) => _jobs.Enqueue((job, attempt, conclusion));

    /// <summary>How many runs have not ended.</summary>
    public static Task<long> OpenRunsAsync(NpgsqlConnection connection) => connection.ExecuteScalarAsync<long>(
        "select count(*) from workflow_runs where completed_at is null");

    /// <summary>Fails with the first thing that is not as it was acknowledged.</summary>
    public async Task VerifyAsync(NpgsqlConnection connection, string replay)
    {
        Assert.True(await OpenRunsAsync(connection) == 0, $"Not every run has ended. {replay}");
        var runs = (await connection.QueryAsync<long>("select id from workflow_runs")).ToHashSet();
        Assert.All(_runs, run => Assert.True(runs.Contains(run), $"Run {run} was promised and is gone. {replay}"));

        var stored = (await connection.QueryAsync<(long Job, int Attempt, long Step, int Seq, byte[] Chunk)>(
                "select job_id, attempt, step_id, seq, chunk from workflow_step_log_chunks where step_id is not null"))
            .ToDictionary(row => (row.Job, row.Attempt, row.Step, row.Seq), row => SHA256.HashData(row.Chunk));
        Assert.All(_chunks, chunk => Assert.True(
            stored.TryGetValue((chunk.Job, chunk.Attempt, chunk.Step, chunk.Seq), out var hash) && hash.AsSpan().SequenceEqual(chunk.Hash),
            $"Chunk {chunk.Seq} of step {chunk.Step}, job {chunk.Job}, attempt {chunk.Attempt} is lost or changed. {replay}"));

        var steps = (await connection.QueryAsync<(long Id, string? Conclusion)>("select id, conclusion from workflow_steps"))
            .ToDictionary(row => row.Id, row => row.Conclusion);
        Assert.All(_steps, step => Assert.True(
            steps[step.Step] == step.Conclusion, $"Step {step.Step} ended as {step.Conclusion} and is {steps[step.Step]}. {replay}"));

        var jobs = (await connection.QueryAsync<(long Id, int Attempt, string? Conclusion)>("select id, attempt, conclusion from workflow_jobs"))
            .ToDictionary(row => row.Id);
        Assert.All(_jobs, job => Assert.True(
            jobs[job.Job].Attempt == job.Attempt && jobs[job.Job].Conclusion == job.Conclusion,
            $"Job {job.Job} ended as {job.Conclusion} in attempt {job.Attempt} and is {jobs[job.Job]}. {replay}"));
        var twice = _jobs.GroupBy(job => job.Job).FirstOrDefault(ends => ends.Count() > 1);
        Assert.True(twice is null, $"Two ends of job {twice?.Key} were accepted. {replay}");
        await VerifyTrustAsync(connection, replay);
    }

    private async Task VerifyTrustAsync(NpgsqlConnection connection, string replay)
    {
        var runs = (await connection.QueryAsync<(long Id, string Trust, string HeadSha, DateTime? ApprovedAt, string? By, long Audited)>(
                """
                select r.id, r.trust, r.head_sha, r.approved_at, a.name,
                    (select count(*) from audit_log l where l.verb = 'run.approve' and l.object_id = r.id)
                from workflow_runs r
                left join owners a on a.id = r.approved_by
                """))
            .ToDictionary(row => row.Id);
        Assert.All(_approvals, approval =>
        {
            var run = runs[approval.Key];
            Assert.True(
                run.ApprovedAt == approval.Value.At.UtcDateTime && run.HeadSha == approval.Value.HeadSha && run.By == ControlPlane.User && run.Audited == 1,
                $"The approval of run {approval.Key} ({approval.Value}) is {run}. {replay}");
        });
        Assert.All(_untrusted.Keys, run => Assert.True(runs[run].Trust == "untrusted", $"Run {run} became {runs[run].Trust}. {replay}"));
        Assert.All(_claims, claim =>
        {
            var run = runs[claim.Run];
            var isUntrusted = claim.Event == "pull_request";
            Assert.True(
                run.Trust == (isUntrusted ? "untrusted" : "trusted") && claim.HasSecret == !isUntrusted && claim.Masks > 0 == !isUntrusted,
                $"{claim} is of {run}. {replay}");
            Assert.True(!isUntrusted || run.ApprovedAt is not null, $"A job of run {run} was claimed, and nobody had approved it. {replay}");
        });
        var early = await connection.QueryFirstOrDefaultAsync<long?>(
            "select j.id from workflow_jobs j join workflow_runs r on r.id = j.run_id where r.trust = 'untrusted' and j.started_at < r.approved_at");
        Assert.True(early is null, $"Job {early} began before its run was approved. {replay}");
    }
}
