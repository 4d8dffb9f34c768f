using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>The third rule of job tokens in docs/protocol.md: the one exception that makes lost responses harmless, and how narrow it is.</summary>
public sealed class LostResponseTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Key = "call-1";

    private readonly TestServer _server = shared.Server;

    public static TheoryData<string> AllCalls => WireCall.All;

    public static TheoryData<string> CallsInFlight => WireCall.InFlight;

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_lost_response_is_replayed_byte_for_byte_and_changes_nothing(string name)
    {
        var (pool, job, call) = await ClaimedAsync(name);
        var before = await pool.StateAsync(job.Job.RunId);
        var first = (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);
        Assert.NotEqual(before, after);

        for (var retry = 0; retry < 3; retry++)
        {
            var again = (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
            Assert.Equal(first.Body, again.Body);
            Assert.Equal(first.ContentType, again.ContentType);
            Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
        }
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_used_token_with_another_body_another_key_or_none_is_refused_and_changes_nothing(string name)
    {
        var (pool, job, call) = await ClaimedAsync(name);
        (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);

        (await job.SendAsync(call.WithOtherBody(), job.Token, Key)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.SendAsync(call, job.Token, "call-2")).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.SendAsync(call, job.Token)).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
        // None of this has spoilt the honest retry.
        (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_caller_without_a_key_gets_the_strict_rule(string name)
    {
        var (pool, job, call) = await ClaimedAsync(name);
        (await job.SendAsync(call, job.Token)).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);

        (await job.SendAsync(call, job.Token)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.SendAsync(call, job.Token, Key)).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
    }

    [Theory]
    [MemberData(nameof(CallsInFlight))]
    public async Task Once_the_successor_is_used_a_repeat_is_refused(string name)
    {
        var (pool, job, call) = await ClaimedAsync(name);
        var first = job.Token;
        (await job.CallAsync(call, Key)).MustBe(HttpStatusCode.OK);
        (await job.CallAsync(WireCall.CancelCheck, "call-2")).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);

        (await job.SendAsync(call, first, Key)).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
    }

    [Theory]
    [MemberData(nameof(CallsInFlight))]
    public async Task The_replayed_token_is_the_one_that_works(string name)
    {
        var (_, job, call) = await ClaimedAsync(name);
        (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
        var again = (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
        job.Token = again.NextToken!;
        await job.CompleteAsync();
    }

    [Fact]
    public async Task A_key_does_not_carry_over_to_another_path_with_the_same_body()
    {
        var (pool, job, _) = await ClaimedAsync("step running");
        (await job.SendAsync(WireCall.Of("step running"), job.Token, Key)).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);

        (await job.SendAsync(WireCall.Of("job running"), job.Token, Key)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await job.SendAsync(WireCall.Step(0, StatusNames.Running), job.Token, Key)).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
    }

    [Fact]
    public async Task The_same_key_may_serve_every_call_of_a_job()
    {
        var (_, job, _) = await ClaimedAsync("cancel check");
        for (var call = 0; call < 3; call++)
            (await job.CallAsync(WireCall.CancelCheck, Key)).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_cancel_that_came_meanwhile_does_not_change_a_replayed_answer()
    {
        var (pool, job, call) = await ClaimedAsync("cancel check");
        var first = (await job.SendAsync(call, job.Token, Key)).MustBe(HttpStatusCode.OK);
        (await pool.CancelJobAsync(job.Job.Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal(first.Body, (await job.SendAsync(call, job.Token, Key)).Body);

        job.Token = first.NextToken!;
        Assert.True(await job.IsCancelledAsync());
    }

    [Fact]
    public async Task A_lost_claim_is_repeated_with_its_claim_id_byte_for_byte()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(2));
        var runner = await pool.RegisterAsync(capacity: 2);
        var request = new HeartbeatRequest(ClaimId: "claim-1", LeaseSeconds: 60);
        var first = (await runner.HeartbeatAsync(request)).MustBe(HttpStatusCode.OK);

        Assert.Equal(first.Body, (await runner.HeartbeatAsync(request)).MustBe(HttpStatusCode.OK).Body);
        Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from workflow_jobs where runner_id = @Id", new { runner.Id }));
    }

    private async Task<(Pool Pool, JobCalls Job, WireCall Call)> ClaimedAsync(string name)
    {
        var pool = await Pool.CreateAsync(_server);
        return (pool, await pool.ClaimAsync(), WireCall.Of(name));
    }
}
