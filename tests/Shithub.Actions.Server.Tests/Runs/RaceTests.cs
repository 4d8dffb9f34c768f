using System.Net;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>Two things that happen to one run: one before the other, the other before the one, and both at once, many times.</summary>
public sealed class RaceTests(SharedServer shared) : IClassFixture<SharedServer>
{
    /// <summary>Both at once is as many orders as the machine finds; so it is done this often.</summary>
    private const int Times = 15;

    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Order.OneByOne)]
    [InlineData(Order.AtOnce)]
    public async Task The_last_of_many_completions_rolls_the_run_up_whichever_it_is(Order order)
    {
        const int Jobs = 6;
        for (var time = 0; time < Times; time++)
        {
            var pool = await Pool.CreateAsync(_server);
            var run = await pool.EnqueueAsync([.. JobSpec.Many(Jobs), new JobSpec("last", [.. JobSpec.Many(Jobs).Select(job => job.Key)])]);
            var runner = await pool.RegisterAsync(Jobs);
            var jobs = new List<JobCalls>();
            for (var i = 0; i < Jobs; i++)
                jobs.Add(await runner.ClaimAsync());
            await RunAsync(order, [.. jobs.Select<JobCalls, Func<Task>>(job => () => job.CompleteAsync())]);
            var last = await runner.ClaimAsync();
            Assert.Equal("last", last.Job.JobKey);
            await last.CompleteAsync();
            Assert.StartsWith("run completed success", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Order.OneByOne)]
    [InlineData(Order.Reversed)]
    [InlineData(Order.AtOnce)]
    public async Task A_cancel_and_a_completion_leave_one_conclusion_and_nothing_waiting(Order order)
    {
        for (var time = 0; time < Times; time++)
        {
            var pool = await Pool.CreateAsync(_server);
            var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"));
            var runner = await pool.RegisterAsync(2);
            var build = await runner.ClaimAsync();
            await RunAsync(order, () => build.CompleteAsync(), async () => (await pool.CancelRunAsync(run.RunId)).MustBe(HttpStatusCode.OK));
            var outline = await pool.OutlineAsync(run.RunId);
            Assert.Contains(outline, (string[])
            [
                "run cancelled cancelled; build completed success; test cancelled cancelled",
                "run completed cancelled; build completed success; test cancelled cancelled",
            ]);
            (await runner.HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        }
    }

    [Theory]
    [InlineData(Order.OneByOne)]
    [InlineData(Order.Reversed)]
    [InlineData(Order.AtOnce)]
    public async Task A_cancel_of_who_waits_for_a_group_and_the_end_of_who_holds_it_leave_the_group_to_the_next(Order order)
    {
        for (var time = 0; time < Times; time++)
        {
            var pool = await Pool.CreateAsync(_server);
            var yaml = $$$"""
                on: push
                concurrency: {group: deploy, queue: max}
                jobs:
                  a: {runs-on: {{{pool.Label}}}, steps: [{run: a}]}
                """;
            var first = await EnqueueAsync(pool, yaml);
            var second = await EnqueueAsync(pool, yaml);
            var third = await EnqueueAsync(pool, yaml);
            await SweepAsync();
            var runner = await pool.RegisterAsync(3);
            var job = await runner.ClaimAsync();
            await RunAsync(
                order,
                async () => (await pool.CancelRunAsync(second.RunId)).MustBe(HttpStatusCode.OK),
                async () =>
                {
                    await job.CompleteAsync();
                    await SweepAsync();
                });
            await SweepAsync();
            Assert.StartsWith("run completed success", await pool.OutlineAsync(first.RunId), StringComparison.Ordinal);
            Assert.StartsWith("run cancelled cancelled", await pool.OutlineAsync(second.RunId), StringComparison.Ordinal);
            Assert.Equal("run queued -; a queued -", await pool.OutlineAsync(third.RunId));
            await (await runner.ClaimAsync()).CompleteAsync();
            Assert.StartsWith("run completed success", await pool.OutlineAsync(third.RunId), StringComparison.Ordinal);
            Assert.Equal(0, await pool.ScalarAsync<int>("select count(*) from concurrency_members where repo_id = @RepoId", new { pool.RepoId }));
        }
    }

    [Fact]
    public async Task What_a_newer_run_of_its_group_replaces_is_cancelled_and_says_why()
    {
        var pool = await Pool.CreateAsync(_server);
        var yaml = $$$"""
            on: push
            concurrency: deploy
            jobs:
              a: {runs-on: {{{pool.Label}}}, steps: [{run: a}]}
            """;
        await EnqueueAsync(pool, yaml);
        var second = await EnqueueAsync(pool, yaml);
        await EnqueueAsync(pool, yaml);
        await SweepAsync();
        var answer = (await Answer.GetAsync(_server.Client, $"/api/v1/runs/{second.RunId}", pool.AccessToken)).MustBe(HttpStatusCode.OK);
        Assert.Equal("cancelled", answer.Json.GetProperty("conclusion").GetString());
        Assert.Contains("'deploy'", answer.Json.GetProperty("cancel_reason").GetString(), StringComparison.Ordinal);
    }

    private static async Task RunAsync(Order order, params Func<Task>[] acts)
    {
        if (order == Order.AtOnce)
        {
            await Task.WhenAll(acts.Select(act => Task.Run(act, Cancellation)));
            return;
        }

        foreach (var act in order == Order.Reversed ? acts.Reverse() : acts)
            await act();
    }

    private Task SweepAsync() => _server.Get<ConcurrencyKeeper>().SweepAsync(Cancellation);

    private async Task<EnqueuedRun> EnqueueAsync(Pool pool, string yaml)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var run = await EnqueueRun.ExecuteAsync(
            connection, transaction, pool.NewRun(TestPlan.OfYaml(yaml, new JsonObject { ["ref"] = "refs/heads/trunk" })), Cancellation);
        await transaction.CommitAsync(Cancellation);
        return run;
    }

    public enum Order
    {
        OneByOne,
        Reversed,
        AtOnce,
    }
}
