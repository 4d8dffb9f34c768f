using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>Each job token is good for one call, however many are made with it at the same moment.</summary>
public sealed class OneWinnerTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int Uses = 100;

    private readonly TestServer _server = shared.Server;

    public static TheoryData<string> AllCalls => WireCall.All;

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task Of_a_hundred_uses_without_a_key_one_wins(string name)
    {
        var (answers, _) = await UseAtOnceAsync(name, _ => null);
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.MustBeProblem(HttpStatusCode.Unauthorized));
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task Of_a_hundred_uses_with_different_keys_one_wins(string name)
    {
        var (answers, _) = await UseAtOnceAsync(name, use => $"key-{use}");
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.MustBeProblem(HttpStatusCode.Unauthorized));
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_hundred_uses_with_the_same_key_are_one_call_with_one_answer(string name)
    {
        var (answers, _) = await UseAtOnceAsync(name, _ => "key");
        Assert.All(answers, answer => answer.MustBe(HttpStatusCode.OK));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
    }

    [Fact]
    public async Task Of_a_hundred_different_chunks_sent_with_one_token_one_is_stored()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, Uses).Select(use => job.SendAsync(WireCall.Log(use, $"line {use}\n"), job.Token, "key")));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(1, await pool.ScalarAsync<int>(
            "select count(*) from workflow_step_log_chunks where job_id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task A_hundred_heartbeats_with_one_claim_id_claim_one_job()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(5));
        var runner = await pool.RegisterAsync(capacity: 5);
        var answers = await Task.WhenAll(Enumerable.Range(0, Uses).Select(_ => runner.HeartbeatAsync(new HeartbeatRequest(ClaimId: "claim-1"))));
        Assert.All(answers, answer => answer.MustBe(HttpStatusCode.OK));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.Equal(1, await pool.ScalarAsync<int>(
            "select count(*) from workflow_jobs where runner_id = @Id and status = 'running'", new { runner.Id }));
    }

    /// <summary>Makes the call a hundred times at once and checks that the database has the effect of one.</summary>
    private async Task<(Answer[] Answers, Pool Pool)> UseAtOnceAsync(string name, Func<int, string?> key)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var call = WireCall.Of(name);
        var answers = await Task.WhenAll(Enumerable.Range(0, Uses).Select(use => job.SendAsync(call, job.Token, key(use))));
        Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from runner_jwt_used where job_id = @Id", new { job.Job.Id }));
        var chunks = name.StartsWith("a log", StringComparison.Ordinal) ? 1 : 0;
        Assert.Equal(chunks, await pool.ScalarAsync<int>(
            "select count(*) from workflow_step_log_chunks where job_id = @Id", new { job.Job.Id }));
        return (answers, pool);
    }
}
