using System.Net;
using Dapper;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>
/// Random walks over everything that can happen to a run: claims, logs, statuses, cancels, silence, sweeps, late writes. After each step
/// the rows must say what docs/state-machine.md says they always do.
/// </summary>
public sealed class RandomWalkTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Terminal = "('completed', 'cancelled', 'skipped')";

    private static readonly string[] Conclusions =
        [ConclusionNames.Success, ConclusionNames.Success, ConclusionNames.Failure, ConclusionNames.TimedOut, ConclusionNames.Cancelled];

    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_walk_breaks_what_always_holds_of_a_run()
    {
        var walks = Gen.Choose(0, 9_999).ArrayOf(30).ToArbitrary();
        await Task.Run(
            () => Prop.ForAll(walks, walk => WalkAsync(walk).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(40)),
            Cancellation);
    }

    private async Task<bool> WalkAsync(int[] walk)
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(
            new JobSpec("a"), new JobSpec("b"), new JobSpec("c", "a"), new JobSpec("d", "a", "b"), new JobSpec("e", "d"));
        RunnerCalls[] runners = [await pool.RegisterAsync(), await pool.RegisterAsync(capacity: 2)];
        var jobs = new List<JobCalls>();
        var ended = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var step in walk)
        {
            await TakeAsync(step, pool, run.RunId, runners, jobs);
            await CheckAsync(run.RunId, ended);
        }

        return true;
    }

    private async Task TakeAsync(int step, Pool pool, long runId, RunnerCalls[] runners, List<JobCalls> jobs)
    {
        var choice = step / 10;
        switch (step % 10)
        {
            case 0 or 1 or 2:
                if (await runners[choice % runners.Length].TryClaimAsync() is { } claimed)
                    jobs.Add(claimed);
                return;
            case 8 when choice % 4 == 0:
                (await pool.CancelRunAsync(runId)).MustBe(HttpStatusCode.OK);
                return;
            case 8:
                var ids = await pool.JobIdsAsync(runId);
                (await pool.CancelJobAsync(ids[choice % ids.Length])).MustBe(HttpStatusCode.OK);
                return;
            case 9:
                await _server.Get<JobRescuer>().SweepAsync(Cancellation);
                return;
        }

        if (jobs.Count == 0)
            return;
        // Any attempt there was: those that were lost write late.
        var job = jobs[choice % jobs.Count];
        var answer = (step % 10) switch
        {
            3 => await job.LogAsync(choice % 3, $"{job.Job.Attempt} {choice % 3}\n", choice % 2 == 0 ? null : job.Job.Steps[choice % 4 / 2].Id),
            4 => await job.StepAsync(choice % 2, StatusNames.Running),
            5 => await job.StepAsync(choice % 2, StatusNames.Completed, Conclusions[choice % Conclusions.Length]),
            6 => await job.StatusAsync(StatusNames.Completed, Conclusions[choice % Conclusions.Length]),
            _ => await ExpireAsync(pool, job),
        };
        Assert.True(
            answer.Status is HttpStatusCode.OK or HttpStatusCode.Conflict or HttpStatusCode.Unauthorized,
            $"{(int)answer.Status}: {answer.Body}");
    }

    private static async Task<Answer> ExpireAsync(Pool pool, JobCalls job)
    {
        await pool.ExecuteAsync(
            "update workflow_jobs set lease_expires_at = now() where id = @Id and attempt = @Attempt and status = 'running'",
            new { job.Job.Id, job.Job.Attempt });
        return await job.Runner.RenewAsync(job.Lease);
    }

    private async Task CheckAsync(long runId, Dictionary<string, string> ended)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        var broken = await connection.QueryAsync<string>(
            $"""
            select 'a run that is terminal exactly when all its jobs are' as rule
            from workflow_runs r
            where r.id = @runId and (r.status in {Terminal}) <> (
                select bool_and(j.status in {Terminal}) from workflow_jobs j where j.run_id = r.id)
            union all
            select 'a run that runs while any of its jobs does'
            from workflow_runs r
            where r.id = @runId and r.status <> 'running' and exists (
                select from workflow_jobs j where j.run_id = r.id and j.status = 'running')
            union all
            select 'steps that are terminal with their job'
            from workflow_steps s
            join workflow_jobs j on j.id = s.job_id
            where j.run_id = @runId and j.status in {Terminal} and s.status not in {Terminal}
            union all
            select 'steps that are untouched until their job runs'
            from workflow_steps s
            join workflow_jobs j on j.id = s.job_id
            where j.run_id = @runId and j.status in ('queued', 'waiting') and s.status <> 'queued'
            union all
            select 'a runner without more jobs than its capacity'
            from workflow_runners w
            where w.capacity < (select count(*) from workflow_jobs j where j.runner_id = w.id and j.status = 'running')
            union all
            select 'a job that waits only for what has not ended'
            from workflow_jobs j
            where j.run_id = @runId and j.status = 'waiting' and not exists (
                select from workflow_jobs n where n.run_id = j.run_id and n.job_key = any (j.needs) and n.status not in {Terminal})
            union all
            select 'a job that runs only after what it needs has succeeded'
            from workflow_jobs j
            join workflow_jobs n on n.run_id = j.run_id and n.job_key = any (j.needs)
            where j.run_id = @runId and (j.status = 'queued' or j.attempt > 0) and n.conclusion is distinct from 'success'
            union all
            select 'a job that is queued again three times at most'
            from workflow_jobs j
            where j.run_id = @runId and j.rescues > 3
            union all
            select 'times in order'
            from workflow_jobs j
            where j.run_id = @runId and not (j.created_at <= coalesce(j.queued_at, j.created_at)
                and coalesce(j.queued_at, j.created_at) <= coalesce(j.started_at, 'infinity')
                and coalesce(j.started_at, j.created_at) <= coalesce(j.completed_at, 'infinity'))
            """,
            new { runId });
        Assert.Empty(broken);

        var rows = await connection.QueryAsync<(string Id, string Row)>(
            $"""
            select 'run ' || r.id, to_jsonb(r)::text from workflow_runs r where r.id = @runId and r.status in {Terminal}
            union all
            select 'job ' || j.id, to_jsonb(j)::text from workflow_jobs j where j.run_id = @runId and j.status in {Terminal}
            union all
            select 'step ' || s.id || ' after rescue ' || j.rescues, to_jsonb(s)::text
            from workflow_steps s
            join workflow_jobs j on j.id = s.job_id
            where j.run_id = @runId and s.status in {Terminal}
            """,
            new { runId });
        foreach (var (id, row) in rows)
        {
            if (!ended.TryAdd(id, row))
                Assert.Equal(ended[id], row);
        }
    }
}
