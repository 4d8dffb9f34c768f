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
    private int _acknowledged;

    public int Runs => _runs.Count;

    public int Chunks => _chunks.Count;

    /// <summary>How many calls of runners were answered with success.</summary>
    public int Acknowledged => _acknowledged;

    public void Accepted() => Interlocked.Increment(ref _acknowledged);

    public void Dispatched(long run) => _runs.Enqueue(run);

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
    }
}
