using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>That the server carries out what the rules of runs say. The rules themselves are tested with RunMachine.</summary>
public sealed class RunMachineRowsTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_matrix_of_outputs_becomes_jobs_with_their_contexts()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await EnqueueAsync(pool, $$$"""
            on: push
            env: {LEVEL: "${{ github.event.title }}"}
            jobs:
              find:
                runs-on: {{{pool.Label}}}
                outputs: {list: "${{ steps.l.outputs.list }}"}
                steps: [{id: l, run: find}]
              test:
                needs: find
                runs-on: {{{pool.Label}}}
                strategy:
                  matrix: {v: "${{ fromJSON(needs.find.outputs.list) }}"}
                steps: [{run: "test ${{ matrix.v }}", continue-on-error: "${{ matrix.v == 2 }}", timeout-minutes: 3}]
              after: {needs: test, runs-on: {{{pool.Label}}}, steps: [{run: after}]}
            """);
        Assert.Equal("run queued -; find queued -; test waiting -; after waiting -", await pool.OutlineAsync(run.RunId));
        var runner = await pool.RegisterAsync(capacity: 4);
        var find = await runner.ClaimAsync();
        Assert.Equal("${{ steps.l.outputs.list }}", find.Job.Outputs!["list"]);
        (await StatusAsync(find, new
        {
            status = "completed",
            conclusion = "success",
            outputs = new { list = "[1, 2]" },
            tainted_outputs = new[] { "list" },
        })).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            "run running -; find completed success; after waiting -; test[0] queued -; test[1] queued -", await pool.OutlineAsync(run.RunId));

        var test = await runner.ClaimAsync();
        Assert.Equal(("test", "test (1)"), (test.Job.JobKey, test.Job.JobName));
        Assert.Equal("${{ github.event.title }}", test.Job.Env["LEVEL"]);
        var step = Assert.Single(test.Job.Steps);
        Assert.Equal(("test ${{ matrix.v }}", "Run test 1", "${{ matrix.v == 2 }}", "3"), (step.Run, step.Name, step.ContinueOnErrorIf, step.TimeoutMinutes));
        var contexts = test.Job.Contexts!;
        Assert.Equal("""{"v":1}""", contexts.Values.GetProperty("matrix").GetRawText());
        Assert.Equal("[1, 2]", contexts.Values.GetProperty("needs").GetProperty("find").GetProperty("outputs").GetProperty("list").GetString());
        Assert.Contains("/matrix", contexts.Tainted);
        Assert.Contains("/github/event", contexts.Tainted);

        await test.CompleteAsync("success");
        await (await runner.ClaimAsync()).CompleteAsync("success");
        await (await runner.ClaimAsync()).CompleteAsync("success");
        Assert.Equal(
            "run completed success; find completed success; after completed success; test[0] completed success; test[1] completed success",
            await pool.OutlineAsync(run.RunId));
    }

    [Fact]
    public async Task A_failed_leg_stops_the_others()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await EnqueueAsync(pool, $$$"""
            on: push
            jobs:
              t:
                runs-on: {{{pool.Label}}}
                strategy:
                  matrix: {v: [1, 2, 3]}
                steps: [{run: t}]
            """);
        var runner = await pool.RegisterAsync(capacity: 2);
        var first = await runner.ClaimAsync();
        var second = await runner.ClaimAsync();
        await first.CompleteAsync("failure");
        Assert.Equal(
            "run running -; t[0] completed failure; t[1] running -; t[2] cancelled cancelled", await pool.OutlineAsync(run.RunId));
        Assert.True(await second.IsCancelledAsync());
        await second.CompleteAsync("cancelled");
        Assert.StartsWith("run completed failure", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":"running","outputs":{"a":"b"}}""", "outputs")]
    [InlineData("""{"status":"completed","conclusion":"success","outputs":{"a":null}}""", "outputs")]
    [InlineData("""{"status":"completed","conclusion":"success","outputs":{"":"b"}}""", "outputs")]
    [InlineData("""{"status":"completed","conclusion":"success","outputs":{"a":"\u0000"}}""", "outputs")]
    [InlineData("""{"status":"completed","conclusion":"success","outputs":{"a":"b"},"tainted_outputs":["c"]}""", "tainted_outputs")]
    public async Task Wrong_outputs_are_refused_by_name(string body, string field)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await StatusAsync(job, JsonNode.Parse(body)!)).MustBeProblem(HttpStatusCode.UnprocessableEntity, field);
    }

    [Fact]
    public async Task Outputs_beyond_a_mebibyte_are_413_and_leave_the_token_good()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var outputs = new Dictionary<string, string> { ["a"] = new('é', ProtocolLimits.OutputBytes / 2) };
        (await StatusAsync(job, new { status = "completed", conclusion = "success", outputs }))
            .MustBeProblem(HttpStatusCode.RequestEntityTooLarge, "outputs");
        outputs["a"] = new string('\u0001', ProtocolLimits.OutputBytes - 1);
        (await StatusAsync(job, new { status = "completed", conclusion = "success", outputs })).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_cancelled_run_still_starts_the_jobs_that_ask_for_it()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await EnqueueAsync(pool, $$$"""
            on: push
            jobs:
              a: {runs-on: {{{pool.Label}}}, steps: [{run: a}]}
              b: {needs: a, runs-on: {{{pool.Label}}}, steps: [{run: b}]}
              c: {needs: a, if: always(), runs-on: {{{pool.Label}}}, steps: [{run: c}]}
            """);
        var runner = await pool.RegisterAsync();
        var a = await runner.ClaimAsync();
        await _server.Get<CancelJob>().ExecuteAsync(run.RunId, null, Cancellation);
        Assert.Equal("run running -; a running -; b cancelled cancelled; c waiting -", await pool.OutlineAsync(run.RunId));
        await a.CompleteAsync("cancelled");
        var c = await runner.ClaimAsync();
        Assert.Equal("c", c.Job.JobKey);
        await c.CompleteAsync("success");
        Assert.StartsWith("run cancelled cancelled", await pool.OutlineAsync(run.RunId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_run_at_a_time_is_in_a_concurrency_group_and_the_newest_waits()
    {
        var pool = await Pool.CreateAsync(_server);
        var yaml = $$$"""
            on: push
            concurrency: Deploy
            jobs:
              a: {runs-on: {{{pool.Label}}}, steps: [{run: a}]}
            """;
        var first = await EnqueueAsync(pool, yaml);
        var second = await EnqueueAsync(pool, yaml);
        var third = await EnqueueAsync(pool, yaml.Replace("Deploy", "DEPLOY", StringComparison.Ordinal));
        await SweepAsync();
        Assert.Equal("run queued -; a queued -", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run cancelled cancelled; a cancelled cancelled", await pool.OutlineAsync(second.RunId));
        Assert.Equal("run waiting -; a waiting -", await pool.OutlineAsync(third.RunId));
        await (await (await pool.RegisterAsync()).ClaimAsync()).CompleteAsync("failure");
        await SweepAsync();
        Assert.Equal("run queued -; a queued -", await pool.OutlineAsync(third.RunId));
    }

    [Fact]
    public async Task Cancel_in_progress_stops_what_holds_the_group()
    {
        var pool = await Pool.CreateAsync(_server);
        var yaml = $$$"""
            on: push
            jobs:
              a:
                runs-on: {{{pool.Label}}}
                concurrency: {group: g, cancel-in-progress: true}
                steps: [{run: a}]
            """;
        var first = await EnqueueAsync(pool, yaml);
        await SweepAsync();
        var job = await (await pool.RegisterAsync()).ClaimAsync();
        var second = await EnqueueAsync(pool, yaml);
        await SweepAsync();
        Assert.True(await job.IsCancelledAsync());
        Assert.Equal("run waiting -; a waiting -", await pool.OutlineAsync(second.RunId));
        await job.CompleteAsync("cancelled");
        await SweepAsync();
        Assert.Equal("run cancelled cancelled; a cancelled cancelled", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run queued -; a queued -", await pool.OutlineAsync(second.RunId));
    }

    [Fact]
    public async Task A_called_workflow_waits_for_its_groups_and_the_newest_replaces_those_in_line()
    {
        var pool = await Pool.CreateAsync(_server);
        var first = await EnqueueCallAsync(pool, "concurrency: g,");
        var second = await EnqueueCallAsync(pool, "concurrency: G,");
        var third = await EnqueueCallAsync(pool, "concurrency: g,");
        await SweepAsync();
        Assert.Equal("run queued -; call/a queued -; call/b waiting -", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run cancelled cancelled; call/a cancelled cancelled; call/b cancelled cancelled", await pool.OutlineAsync(second.RunId));
        Assert.Equal("run waiting -; call/a waiting -; call/b waiting -", await pool.OutlineAsync(third.RunId));
        var runner = await pool.RegisterAsync();
        await (await runner.ClaimAsync()).CompleteAsync("success");
        await SweepAsync();
        Assert.Equal("run running -; call/a completed success; call/b queued -", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run waiting -; call/a waiting -; call/b waiting -", await pool.OutlineAsync(third.RunId));
        await (await runner.ClaimAsync()).CompleteAsync("success");
        await SweepAsync();
        Assert.Equal("run queued -; call/a queued -; call/b waiting -", await pool.OutlineAsync(third.RunId));
        // The two groups of the third; nobody else is in any.
        Assert.Equal(2, await pool.ScalarAsync<int>("select count(*) from concurrency_members where repo_id = @RepoId", new { pool.RepoId }));
    }

    [Fact]
    public async Task Cancel_in_progress_stops_a_called_workflow_as_a_whole()
    {
        var pool = await Pool.CreateAsync(_server);
        const string Group = "concurrency: {group: g, cancel-in-progress: true},";
        var first = await EnqueueCallAsync(pool, Group);
        await SweepAsync();
        var job = await (await pool.RegisterAsync()).ClaimAsync();
        var second = await EnqueueCallAsync(pool, Group);
        await SweepAsync();
        Assert.True(await job.IsCancelledAsync());
        Assert.Equal("run running -; call/a running -; call/b cancelled cancelled", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run waiting -; call/a waiting -; call/b waiting -", await pool.OutlineAsync(second.RunId));
        await job.CompleteAsync("cancelled");
        await SweepAsync();
        Assert.Equal("run cancelled cancelled; call/a cancelled cancelled; call/b cancelled cancelled", await pool.OutlineAsync(first.RunId));
        Assert.Equal("run queued -; call/a queued -; call/b waiting -", await pool.OutlineAsync(second.RunId));
    }

    private async Task<EnqueuedRun> EnqueueCallAsync(Pool pool, string group)
    {
        const string Path = "./.shithub/workflows/called.yml";
        var called = $$"""
            on: workflow_call
            concurrency: own
            jobs:
              a: {runs-on: {{pool.Label}}, steps: [{run: a}]}
              b: {runs-on: {{pool.Label}}, needs: a, if: always(), steps: [{run: a}]}
            """;
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var plan = TestPlan.OfYaml(
            $"on: push\njobs: {{call: {{{group} uses: {Path}}}}}", new JsonObject { ["ref"] = "refs/heads/trunk" },
            called: new Dictionary<string, string> { [Path] = called, [Path[2..]] = called });
        var run = await EnqueueRun.ExecuteAsync(connection, transaction, pool.NewRun(plan), Cancellation);
        await transaction.CommitAsync(Cancellation);
        return run;
    }

    private static Task<Answer> StatusAsync(JobCalls job, object body) =>
        job.CallAsync(new WireCall(_ => $"/api/v1/jobs/{job.Job.Id}/status", _ => JsonSerializer.Serialize(body)));

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
}
