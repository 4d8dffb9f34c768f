using System.Net;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.PullRequests;

/// <summary>An approval beside what else may happen to its run, in every order and at the same moment.</summary>
public sealed class ApprovalRaceTests : IAsyncLifetime
{
    private Proposals _world = null!;
    private GitClient _stranger = null!;

    public static TheoryData<string> Orders => ["first", "second", "together"];

    public async ValueTask InitializeAsync()
    {
        _world = await Proposals.StartAsync();
        _stranger = await _world.CloneAsync(_world.Host.Stranger);
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Against_a_push_it_lets_the_commit_go_that_was_looked_at_or_nothing(string order)
    {
        for (var round = 0; round < (order == "together" ? 8 : 1); round++)
        {
            var first = await HeldAsync($"{order} {round} one");
            var next = await _stranger.CommitAsync("change.txt", $"{order} {round} two", "Two");
            var answers = await InOrderAsync(order, () => _world.ApproveAsync(first.Id, _world.Host.Writer), async () =>
            {
                await _stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
                return null;
            });
            var runs = await _world.RunsAsync();
            var approved = answers.Single(answer => answer is not null)!.Status == HttpStatusCode.OK;
            var old = runs.Single(run => run.Id == first.Id);
            // The new head always waits, whatever became of the old one; nobody has approved it.
            var held = runs.Where(run => run.HeadSha == next).ToList();
            Assert.Equal(("waiting", "approval"), (Assert.Single(held).Status, held[0].Hold));
            Assert.Equal(approved ? "queued - -" : "cancelled cancelled approval", $"{old.Status} {old.Conclusion} {old.Hold}");
            Assert.Equal(
                approved ? null : $"Pull request #1 has moved on to commit {next}.",
                await _world.ScalarAsync<string>("select cancel_reason from workflow_runs where id = @Id", new { old.Id }));
            if (order != "together")
                Assert.Equal(order == "first", approved);
        }
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Against_a_cancel_the_run_ends_or_is_stopped_and_nothing_starts_after_it(string order)
    {
        for (var round = 0; round < (order == "together" ? 10 : 1); round++)
        {
            var run = await HeldAsync($"{order} {round}");
            var answers = await InOrderAsync(
                order,
                () => _world.ApproveAsync(run.Id, _world.Host.Writer),
                async () => await _world.PostAsync($"/api/v1/runs/{run.Id}/cancel", _world.Host.Writer, ""));
            answers[1]!.MustBe(HttpStatusCode.OK);
            var after = (await _world.RunsAsync()).Single(found => found.Id == run.Id);
            Assert.Equal(("cancelled", "cancelled"), (after.Status, after.Conclusion));
            Assert.Null(await (await _world.RunnerAsync()).TryClaimAsync());
            Assert.Equal(answers[0]!.Status == HttpStatusCode.OK ? "-" : "approval", after.Hold);
        }
    }

    [Fact]
    public async Task Many_at_once_are_one()
    {
        var run = await HeldAsync("many");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _world.ApproveAsync(run.Id, _world.Host.Writer)));
        Assert.All(answers, answer => answer.MustBe(HttpStatusCode.OK));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.Equal(1, await _world.ScalarAsync<long>("select count(*) from workflow_jobs where run_id = @Id", new { run.Id }));
        var runner = await _world.RunnerAsync();
        await _world.ClaimWithoutSecretsAsync(runner);
        Assert.Null(await runner.TryClaimAsync());
        // Also when it runs, and when it has ended.
        (await _world.ApproveAsync(run.Id, _world.Host.Writer)).MustBe(HttpStatusCode.OK);
        Assert.Equal("running", (await _world.RunsAsync())[0].Status);
    }

    private async Task<PulledRun> HeldAsync(string text)
    {
        var sha = await _stranger.CommitAsync("change.txt", text, text);
        await _stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        return (await _world.RunsAsync()).Single(run => run.HeadSha == sha && run.Hold == "approval");
    }

    private static async Task<Answer?[]> InOrderAsync(string order, Func<Task<Answer>> approve, Func<Task<Answer?>> other)
    {
        if (order == "first")
        {
            var approved = await approve();
            return [approved, await other()];
        }

        if (order == "second")
        {
            var done = await other();
            return [await approve(), done];
        }

        var approving = approve();
        var doing = other();
        return [await approving, await doing];
    }
}
