using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

public sealed class HammerTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Everything that takes locks, at once, on few runs: a deadlock would show as an answer of 5xx and in PostgreSQL's count.</summary>
    [Fact]
    public async Task Claims_completions_renewals_cancels_revocations_and_sweeps_at_once_never_deadlock()
    {
        var pool = await Pool.CreateAsync(_server);
        var other = await Pool.CreateAsync(_server);
        var runs = new List<long>();
        for (var number = 0; number < 24; number++)
        {
            runs.Add((await (number % 2 == 0 ? pool : other).EnqueueAsync(
                new JobSpec("a"), new JobSpec("b"), new JobSpec("c"), new JobSpec("d", "a"), new JobSpec("e", "b", "c"), new JobSpec("f", "d", "e"))).RunId);
        }

        var workers = new List<Task>();
        for (var number = 0; number < 12; number++)
            workers.Add(WorkAsync(await pool.RegisterAsync(3, other.Label), new Random(number)));
        for (var number = 0; number < 3; number++)
            workers.Add(DisturbAsync(pool, other, runs, new Random(100 + number)));
        await Task.WhenAll(workers);

        // Nothing is stuck: a healthy runner brings every run to its end.
        await pool.ExecuteAsync("update workflow_jobs set lease_expires_at = now() where status = 'running'");
        var last = await pool.RegisterAsync(1000, other.Label);
        await Until.TrueAsync(async () =>
        {
            await _server.Get<JobRescuer>().SweepAsync(Cancellation);
            while (await last.TryClaimAsync() is { } job)
                await job.CompleteAsync();
            return 0 == await UnfinishedAsync("workflow_runs");
        });
        Assert.Equal(0, await UnfinishedAsync("workflow_jobs"));
        Assert.Equal(0, await pool.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()"));

        Task<int> UnfinishedAsync(string table) => pool.ScalarAsync<int>(
            $"select count(*) from {table} where conclusion is null and repo_id in (@first, @second)",
            new { first = pool.RepoId, second = other.RepoId });
    }

    /// <summary>All that locks a run and its jobs meets on one run, again and again.</summary>
    [Fact]
    public async Task A_cancel_sweeps_completions_and_renewals_of_one_run_at_once_never_deadlock()
    {
        var pool = await Pool.CreateAsync(_server);
        for (var round = 0; round < 30; round++)
        {
            var run = await pool.EnqueueAsync([.. JobSpec.Many(6), new JobSpec("last", "job1", "job6")]);
            var runner = await pool.RegisterAsync(capacity: 6);
            var jobs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => runner.ClaimAsync()));
            foreach (var job in jobs.Take(3))
                await pool.ExpireLeaseAsync(job.Job.Id);
            await Task.WhenAll(
            [
                .. Enumerable.Range(0, 3).Select(_ => _server.Get<JobRescuer>().SweepAsync(Cancellation)),
                .. jobs.Skip(3).Select(job => Expected(job.StatusAsync(StatusNames.Completed, ConclusionNames.Success))),
                .. jobs.Select(job => Expected(pool.CancelJobAsync(job.Job.Id))),
                Expected(runner.RenewAsync([.. jobs.Reverse().Select(job => job.Lease)])),
                Expected(pool.CancelRunAsync(run.RunId)),
            ]);
            await _server.Get<JobRescuer>().SweepAsync(Cancellation);
            Assert.DoesNotContain(" -", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
        }

        Assert.Equal(0, await pool.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()"));
    }

    /// <summary>A runner that does its work well, or forgets it.</summary>
    private static async Task WorkAsync(RunnerCalls runner, Random random)
    {
        var held = new List<JobCalls>();
        for (var round = 0; round < 40; round++)
        {
            var claims = await Task.WhenAll(
                Expected(runner.HeartbeatAsync()), Expected(runner.HeartbeatAsync()), Expected(runner.RenewAsync([.. held.Select(job => job.Lease)])));
            if (claims[0].Status == HttpStatusCode.Unauthorized)
                return;
            held.AddRange(claims.Take(2).Where(claim => claim.Status == HttpStatusCode.OK).Select(claim => JobCalls.From(runner, claim)));
            await Task.WhenAll(held.Select(async job =>
            {
                await Expected(job.StepAsync(0, StatusNames.Running));
                await Expected(job.LogAsync(round, "log\n"));
            }));
            var done = held.Where(_ => random.Next(3) > 0).ToList();
            await Task.WhenAll(done.Select(job => Expected(
                job.StatusAsync(StatusNames.Completed, random.Next(5) > 0 ? ConclusionNames.Success : ConclusionNames.Failure))));
            held.RemoveAll(done.Contains);
        }
    }

    private async Task DisturbAsync(Pool pool, Pool other, List<long> runs, Random random)
    {
        for (var round = 0; round < 60; round++)
        {
            var run = runs[random.Next(runs.Count)];
            var owner = runs.IndexOf(run) % 2 == 0 ? pool : other;
            var ids = await pool.JobIdsAsync(run);
            await (random.Next(8) switch
            {
                0 => Expected(owner.CancelRunAsync(run)),
                1 => Expected(owner.CancelJobAsync(ids[random.Next(ids.Length)])),
                2 => pool.ExecuteAsync("update workflow_jobs set lease_expires_at = now() where run_id = @run and status = 'running'", new { run }),
                3 => RevokeAsync(await pool.RegisterAsync(3, other.Label)),
                4 => owner.EnqueueAsync(new JobSpec("a"), new JobSpec("b", "a")),
                _ => _server.Get<JobRescuer>().SweepAsync(Cancellation),
            });
        }
    }

    private async Task RevokeAsync(RunnerCalls runner)
    {
        var claims = Enumerable.Range(0, 3).Select(_ => Expected(runner.HeartbeatAsync())).ToList();
        await _server.Get<RunnerPool>().RevokeAsync(runner.Id, "hammer", Cancellation);
        await Task.WhenAll(claims);
    }

    private static async Task<Answer> Expected(Task<Answer> call)
    {
        var answer = await call;
        Assert.True((int)answer.Status < 500, $"{(int)answer.Status}: {answer.Body}");
        return answer;
    }
}
