using System.Collections.Concurrent;
using System.Net;
using Shithub.Actions.Server.Tests.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

public sealed class ClaimStormTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int Runners = 50;
    private const int Runs = 20;
    private const int JobsPerRun = 50;

    /// <summary>Half of the runners have capacity 1, half have 3, and each sends one heartbeat more than it has room for.</summary>
    [Fact]
    public async Task Fifty_runners_claim_a_thousand_jobs_at_once_and_each_job_runs_once()
    {
        var pool = await Pool.CreateAsync(shared.Server);
        for (var run = 0; run < Runs; run++)
            await pool.EnqueueAsync(JobSpec.Many(JobsPerRun));
        var claimed = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, Runners).Select(async number =>
        {
            var capacity = number % 2 == 0 ? 1 : 3;
            var runner = await pool.RegisterAsync(capacity);
            do
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, capacity + 1).Select(_ => runner.TryClaimAsync()));
                var jobs = answers.OfType<JobCalls>().ToList();
                Assert.InRange(jobs.Count, 0, capacity);
                await Task.WhenAll(jobs.Select(async job =>
                {
                    claimed.Add(job.Job.Id);
                    (await job.LogAsync(0, $"{job.Job.JobKey}\n")).MustBe(HttpStatusCode.OK);
                    await job.CompleteAsync();
                }));
            }
            while (claimed.Count < Runs * JobsPerRun);
        }));

        Assert.Equal(Runs * JobsPerRun, claimed.Count);
        Assert.Equal(Runs * JobsPerRun, claimed.Distinct().Count());
        Assert.Equal("1000 jobs, 1000 lines, 20 runs", await pool.ScalarAsync<string>(
            """
            select (
                select count(*) from workflow_jobs where repo_id = @RepoId and attempt = 1 and status = 'completed' and conclusion = 'success'
            ) || ' jobs, ' || (
                select count(*) from workflow_step_log_chunks c join workflow_jobs j on j.id = c.job_id where j.repo_id = @RepoId
            ) || ' lines, ' || (
                select count(*) from workflow_runs where repo_id = @RepoId and status = 'completed' and conclusion = 'success'
            ) || ' runs'
            """,
            new { pool.RepoId }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Forty_heartbeats_of_one_runner_at_once_claim_as_many_jobs_as_it_has_room_for(int capacity)
    {
        var pool = await Pool.CreateAsync(shared.Server);
        await pool.EnqueueAsync(JobSpec.Many(20));
        var runner = await pool.RegisterAsync(capacity);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => runner.HeartbeatAsync()));
        Assert.Equal(capacity, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(40 - capacity, answers.Count(answer => answer.Status == HttpStatusCode.NoContent));
        Assert.Equal(capacity, await pool.ScalarAsync<int>(
            "select count(*) from workflow_jobs where runner_id = @Id and status = 'running'", new { runner.Id }));
    }
}
