using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>Responses that really are lost: the connection dies between the request and its answer.</summary>
public sealed class CutConnectionTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    public static MatrixTheoryData<string, Cut> CallsAndCuts =>
        new(WireCall.All.Select(row => row.Data), [Cut.AfterTheRequest, Cut.BeforeTheAnswer]);

    public static TheoryData<Cut> Cuts => [Cut.AfterTheRequest, Cut.BeforeTheAnswer];

    [Theory]
    [MemberData(nameof(CallsAndCuts))]
    public async Task A_call_whose_connection_was_cut_is_retried_with_one_effect(string name, Cut cut)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var call = WireCall.Of(name);
        await using var proxy = new CuttingProxy(_server.BaseUrl, cut);

        await Assert.ThrowsAsync<HttpRequestException>(() => job.SendAsync(call, job.Token, "key", proxy.Client));
        Assert.Equal(1, proxy.Forwarded);
        var answer = (await job.SendAsync(call, job.Token, "key")).MustBe(HttpStatusCode.OK);
        var after = await pool.StateAsync(job.Job.RunId);

        Assert.Equal(answer.Body, (await job.SendAsync(call, job.Token, "key")).Body);
        Assert.Equal(after, await pool.StateAsync(job.Job.RunId));
        Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from runner_jwt_used where job_id = @Id", new { job.Job.Id }));
        if (answer.NextToken is { } next)
        {
            job.Token = next;
            await job.CompleteAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_claim_whose_connection_was_cut_is_retried_and_took_one_job(Cut cut)
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync(JobSpec.Many(3));
        var runner = await pool.RegisterAsync(capacity: 3);
        await using var proxy = new CuttingProxy(_server.BaseUrl, cut);

        const string Claim = """{"claim_id":"claim-1","lease_seconds":60}""";
        await Assert.ThrowsAsync<HttpRequestException>(
            () => Answer.PostAsync(proxy.Client, "/api/v1/runners/heartbeat", runner.Token, Claim));
        var job = JobCalls.From(runner, (await runner.HeartbeatAsync(Claim)).MustBe(HttpStatusCode.OK));

        Assert.Equal(1, await pool.ScalarAsync<int>(
            "select count(*) from workflow_jobs where repo_id = @RepoId and status = 'running'", new { pool.RepoId }));
        await job.CompleteAsync();
    }

    [Fact]
    public async Task A_waiting_heartbeat_whose_runner_is_gone_takes_no_job()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync();
        await using (var proxy = new CuttingProxy(_server.BaseUrl, Cut.AfterTheRequest))
        {
            await Assert.ThrowsAsync<HttpRequestException>(
                () => Answer.PostAsync(proxy.Client, "/api/v1/runners/heartbeat", runner.Token, """{"wait_seconds":50}"""));
        }

        await pool.EnqueueAsync();
        // Another runner's heartbeat, queued after the news, finds the job still there.
        var other = await pool.RegisterAsync();
        (await other.HeartbeatAsync(new HeartbeatRequest(WaitSeconds: 50))).MustBe(HttpStatusCode.OK);
    }
}
