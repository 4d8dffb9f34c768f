using System.Net;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>The members that existing clients of the protocol send and read (docs/protocol.md).</summary>
public sealed class WireShapeTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    [Fact]
    public async Task A_claim_answers_with_every_member_that_clients_read()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var answer = (await runner.HeartbeatAsync(
            $$"""{"labels":["{{pool.Label}}"],"capacity":1,"host_name":"curl-smoke","version":"manual"}""")).MustBe(HttpStatusCode.OK);

        Assert.Equal("application/json", answer.ContentType);
        Assert.Equal(JsonValueKind.String, answer.Json.GetProperty("token").ValueKind);
        Assert.Equal(TimeSpan.Zero, answer.Json.GetProperty("expires_at").GetDateTimeOffset().Offset);
        var job = answer.Json.GetProperty("job");
        foreach (var id in (string[])["id", "run_id", "repo_id", "run_index", "timeout_minutes"])
            Assert.True(job.GetProperty(id).TryGetInt64(out _), id);
        string[] members =
        [
            "id", "run_id", "repo_id", "run_index", "workflow_file", "workflow_name", "head_sha", "head_ref", "event", "event_payload",
            "job_key", "job_name", "runs_on", "needs", "if", "timeout_minutes", "permissions", "secrets", "mask_values", "env",
            "checkout_url", "checkout_token", "steps",
        ];
        Assert.All(members, member => Assert.True(job.TryGetProperty(member, out _), member));
        Assert.Equal("""{"ref":"refs/heads/trunk"}""", job.GetProperty("event_payload").ToString().Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("hello", job.GetProperty("env").GetProperty("GREETING").GetString());
        Assert.Equal($"{_server.BaseUrl}{pool.Owner}/hello.git", job.GetProperty("checkout_url").GetString());

        var steps = job.GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal([0, 1], steps.Select(step => step.GetProperty("index").GetInt32()));
        Assert.Equal("actions/checkout@v4", steps[0].GetProperty("uses").GetString());
        string[] ofScript = ["id", "index", "step_id", "name", "if", "run", "working_directory", "env", "with", "continue_on_error"];
        Assert.All(ofScript, member => Assert.True(steps[1].TryGetProperty(member, out _), member));
        Assert.Equal("src", steps[1].GetProperty("working_directory").GetString());
        Assert.True(steps[1].GetProperty("continue_on_error").GetBoolean());
    }

    [Fact]
    public async Task A_heartbeat_tells_where_the_runner_is_and_what_it_runs()
    {
        var pool = await Pool.CreateAsync(_server);
        var runner = await pool.RegisterAsync(capacity: 5);
        (await runner.HeartbeatAsync("""{"capacity":3,"host_name":"curl-smoke","version":"manual"}""")).MustBe(HttpStatusCode.NoContent);
        Assert.Equal("curl-smoke manual 3 t", await pool.ScalarAsync<string>(
            "select host_name || ' ' || version || ' ' || offered_capacity || ' ' || (last_heartbeat_at is not null)::text::char from workflow_runners where id = @Id",
            new { runner.Id }));
    }

    [Fact]
    public async Task A_log_call_answers_that_it_was_accepted()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var answer = (await job.LogAsync(0, "hello from curl\n")).MustBe(HttpStatusCode.OK);
        Assert.Equal(["accepted", "next_token", "next_token_expires_at"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.True(answer.Json.GetProperty("accepted").GetBoolean());
    }

    [Fact]
    public async Task A_cancel_check_may_have_no_body_and_answers_whether()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var answer = (await job.CallAsync(WireCall.CancelCheck with { Body = _ => "" })).MustBe(HttpStatusCode.OK);
        Assert.Equal(["cancelled", "next_token", "next_token_expires_at"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.False(answer.Json.GetProperty("cancelled").GetBoolean());
    }

    [Fact]
    public async Task A_status_call_answers_with_the_states_of_job_and_run()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var running = (await job.StatusAsync(StatusNames.Running)).MustBe(HttpStatusCode.OK).Read(ProtocolJson.Default.StatusResponse);
        Assert.Equal(("running", null, "running", null), (running.Status, running.Conclusion, running.RunStatus, running.RunConclusion));
        Assert.NotNull(running.NextToken);

        var step = (await job.StepAsync(1, StatusNames.Completed, ConclusionNames.Failure)).MustBe(HttpStatusCode.OK)
            .Read(ProtocolJson.Default.StatusResponse);
        Assert.Equal(("completed", "failure", "running", null), (step.Status, step.Conclusion, step.RunStatus, step.RunConclusion));

        var done = (await job.StatusAsync(StatusNames.Completed, ConclusionNames.Failure)).MustBe(HttpStatusCode.OK)
            .Read(ProtocolJson.Default.StatusResponse);
        Assert.Equal(
            ("completed", "failure", "completed", "failure", null),
            (done.Status, done.Conclusion, done.RunStatus, done.RunConclusion, done.NextToken));
    }

    [Fact]
    public async Task Unknown_members_are_ignored_so_that_additions_stay_harmless()
    {
        var pool = await Pool.CreateAsync(_server);
        await pool.EnqueueAsync();
        var runner = await pool.RegisterAsync();
        var job = JobCalls.From(runner, (await runner.HeartbeatAsync("""{"future":{"a":[1]}}""")).MustBe(HttpStatusCode.OK));
        var call = WireCall.Status(StatusNames.Running) with { Body = _ => """{"status":"running","future":null}""" };
        (await job.CallAsync(call)).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_runners_times_are_kept_within_what_the_server_saw()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        const string Wild = """{"status":"completed","conclusion":"success","started_at":"0001-01-01T00:00:00Z","completed_at":"9999-12-31T23:59:59.9999999Z"}""";
        (await job.CallAsync(WireCall.Step(1, "") with { Body = _ => Wild })).MustBe(HttpStatusCode.OK);
        const string Early = """{"status":"completed","conclusion":"success","started_at":"0001-01-01T00:00:00Z","completed_at":"0001-01-02T00:00:00Z"}""";
        (await job.CallAsync(WireCall.Step(0, "") with { Body = _ => Early })).MustBe(HttpStatusCode.OK);
        (await job.CallAsync(WireCall.Status("") with { Body = _ => Wild })).MustBe(HttpStatusCode.OK);
        Assert.Equal(0, await pool.ScalarAsync<int>(
            """
            select count(*)
            from workflow_jobs j
            join workflow_steps s on s.job_id = j.id
            where j.id = @Id
                and not (j.queued_at <= j.started_at and j.started_at <= s.started_at and s.started_at <= s.completed_at
                    and s.completed_at <= j.completed_at and j.completed_at <= now())
            """,
            new { job.Job.Id }));
    }
}
