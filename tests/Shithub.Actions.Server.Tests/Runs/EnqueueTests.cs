using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>A run comes into being in the transaction of its trigger, once.</summary>
public sealed class EnqueueTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trigger_that_arrives_thirty_times_at_once_makes_one_run()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = pool.NewRun(Plan(pool, new JobSpec("green")));
        var made = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => EnqueueAsync(run)));
        Assert.Single(made, one => one.Created);
        Assert.Single(made.Select(one => (one.RunId, one.RunIndex)).Distinct());
        Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from workflow_runs where repo_id = @RepoId", new { pool.RepoId }));
    }

    [Fact]
    public async Task Runs_are_numbered_from_1_without_gaps_per_repository_however_many_come_at_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var other = await Pool.CreateAsync(_server);
        var plan = Plan(pool, new JobSpec("green"));
        var made = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => EnqueueAsync((number % 2 == 0 ? pool : other).NewRun(plan))));
        Assert.Equal(Enumerable.Range(1, 20).SelectMany(index => (int[])[index, index]), made.Select(run => run.RunIndex).Order());
    }

    [Fact]
    public async Task Runs_that_bring_new_label_sets_in_any_order_do_not_block_each_other()
    {
        var runs = new List<NewRun>();
        var random = new Random(7);
        for (var number = 0; number < 30; number++)
        {
            var pool = await Pool.CreateAsync(_server);
            var jobs = Enumerable.Range(0, 12).Select(label => new JobSpec($"job{label}") { Labels = [$"new-{label}"] }).ToArray();
            random.Shuffle(jobs);
            runs.Add(pool.NewRun(TestPlan.Of("Smoke", jobs.Select(job => job.ToJob("anywhere")))));
        }

        var made = await Task.WhenAll(runs.Select(EnqueueAsync));
        Assert.All(made, run => Assert.True(run.Created));
    }

    [Fact]
    public async Task What_is_rolled_back_was_never_there()
    {
        var pool = await Pool.CreateAsync(_server);
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await EnqueueRun.ExecuteAsync(connection, transaction, pool.NewRun(Plan(pool, new JobSpec("green"))), Cancellation);
        }

        Assert.Equal(1, (await pool.EnqueueAsync()).RunIndex);
    }

    [Fact]
    public async Task A_run_that_could_not_be_planned_ends_at_once_as_a_failure()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await EnqueueAsync(pool.NewRun(null) with { Diagnostics = [] });
        Assert.Equal("completed failure", await pool.ScalarAsync<string>(
            "select status || ' ' || conclusion from workflow_runs where id = @RunId", new { run.RunId }));
    }

    private static PlannedRun Plan(Pool pool, params JobSpec[] jobs) => TestPlan.Of("Smoke", jobs.Select(job => job.ToJob(pool.Label)));

    private async Task<EnqueuedRun> EnqueueAsync(NewRun run)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var made = await EnqueueRun.ExecuteAsync(connection, transaction, run, Cancellation);
        await transaction.CommitAsync(Cancellation);
        return made;
    }
}
