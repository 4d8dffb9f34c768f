using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>What is refused names the field, stores nothing and consumes no token.</summary>
public sealed class BadInputTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    /// <summary>Bodies that are wrong for whatever takes an object with members of its own.</summary>
    private static readonly (string Body, int Status)[] WrongForAll =
    [
        ("{", 400), ("{\"a\":1}}", 400), ("nonsense", 400), ("{'status':'running'}", 400), ("{\"a\":\"\u0001\"}", 400),
        ("null", 400), ("[]", 422), ("[1,2]", 422), ("\"text\"", 422), ("42", 422), ("true", 422),
    ];

    private static readonly string[] Endpoints = ["logs", "status", "step", "cancel-check", "heartbeat", "leases"];

    public static TheoryData<string, string, int, string?> Bodies
    {
        get
        {
            var data = new TheoryData<string, string, int, string?>();
            foreach (var endpoint in Endpoints)
            {
                foreach (var (body, status) in WrongForAll)
                    data.Add(endpoint, body, status, null);
            }

            void Add(string endpoint, string body, string? name, int status = 422) => data.Add(endpoint, body, status, name);

            Add("logs", "{}", "seq");
            Add("logs", """{"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":null,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":-1,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":10000000,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":2147483648,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":99999999999999999999999999,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":0.5,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":"0","chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":[0],"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":true,"chunk":"aGk="}""", "seq");
            Add("logs", """{"seq":0}""", "chunk");
            Add("logs", """{"seq":0,"chunk":null}""", "chunk");
            Add("logs", """{"seq":0,"chunk":5}""", "chunk");
            Add("logs", """{"seq":0,"chunk":["aGk="]}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"not base64!"}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"aGk"}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"a==="}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"aGk=aGk="}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"aG\u0000k="}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"\ud800"}""", "chunk");
            Add("logs", """{"seq":0,"chunk":"aGk=","step_id":0}""", "step_id");
            Add("logs", """{"seq":0,"chunk":"aGk=","step_id":-5}""", "step_id");
            Add("logs", """{"seq":0,"chunk":"aGk=","step_id":"1"}""", "step_id");
            Add("logs", """{"seq":0,"chunk":"aGk=","step_id":9223372036854775808}""", "step_id");
            Add("logs", """{"seq":0,"chunk":"aGk=","step_id":9223372036854775807}""", "step_id");

            foreach (var endpoint in (string[])["status", "step"])
            {
                Add(endpoint, "{}", "status");
                Add(endpoint, """{"status":null}""", "status");
                Add(endpoint, """{"status":1}""", "status");
                Add(endpoint, """{"status":{}}""", "status");
                Add(endpoint, """{"status":"RUNNING"}""", "status");
                Add(endpoint, """{"status":"queued"}""", "status");
                Add(endpoint, """{"status":"waiting"}""", "status");
                Add(endpoint, """{"status":"in_progress"}""", "status");
                Add(endpoint, """{"status":"running\u0000"}""", "status");
                Add(endpoint, """{"status":"completed"}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":""}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":"great"}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":"runner_lost"}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":"action_required"}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":["success"]}""", "conclusion");
                Add(endpoint, """{"status":"running","conclusion":"success"}""", "conclusion");
                Add(endpoint, """{"status":"cancelled","conclusion":"success"}""", "conclusion");
                Add(endpoint, """{"status":"completed","conclusion":"success","started_at":"yesterday"}""", "started_at");
                Add(endpoint, """{"status":"completed","conclusion":"success","started_at":1700000000}""", "started_at");
                Add(endpoint, """{"status":"completed","conclusion":"success","started_at":"2026-02-30T00:00:00Z"}""", "started_at");
                Add(endpoint, """{"status":"completed","conclusion":"success","started_at":"0001-01-01T00:00:00+14:00"}""", "started_at");
                Add(endpoint, """{"status":"completed","conclusion":"success","completed_at":"99999-01-01T00:00:00Z"}""", "completed_at");
                Add(
                    endpoint,
                    """{"status":"completed","conclusion":"success","started_at":"2026-01-02T00:00:00Z","completed_at":"2026-01-01T00:00:00Z"}""",
                    "completed_at");
            }

            Add("status", """{"status":"skipped"}""", "status");
            Add("step", """{"status":"skipped","conclusion":"success"}""", "conclusion");

            Add("heartbeat", """{"labels":[]}""", "labels");
            Add("heartbeat", """{"labels":"ubuntu-latest"}""", "labels");
            Add("heartbeat", """{"labels":{"a":1}}""", "labels");
            Add("heartbeat", """{"labels":[1]}""", "labels[0]");
            Add("heartbeat", """{"labels":["a",null]}""", "labels[1]");
            Add("heartbeat", """{"labels":["a",""]}""", "labels[1]");
            Add("heartbeat", """{"labels":["a b"]}""", "labels[0]");
            Add("heartbeat", """{"labels":["a\u0000b"]}""", "labels[0]");
            Add("heartbeat", """{"labels":["ü"]}""", "labels[0]");
            Add("heartbeat", $$"""{"labels":["{{new string('a', 101)}}"]}""", "labels[0]");
            Add("heartbeat", $$"""{"labels":[{{string.Join(',', Enumerable.Range(0, 65).Select(number => $"\"l{number}\""))}}]}""", "labels");
            Add("heartbeat", """{"capacity":0}""", "capacity");
            Add("heartbeat", """{"capacity":-1}""", "capacity");
            Add("heartbeat", """{"capacity":1001}""", "capacity");
            Add("heartbeat", """{"capacity":1.5}""", "capacity");
            Add("heartbeat", """{"capacity":"1"}""", "capacity");
            Add("heartbeat", """{"host_name":"a\u0000b"}""", "host_name");
            Add("heartbeat", """{"host_name":"a\nb"}""", "host_name");
            Add("heartbeat", """{"host_name":"\ud800"}""", "host_name");
            Add("heartbeat", """{"host_name":7}""", "host_name");
            Add("heartbeat", $$"""{"host_name":"{{new string('h', 256)}}"}""", "host_name");
            Add("heartbeat", """{"version":"\u0007"}""", "version");
            Add("heartbeat", $$"""{"version":"{{new string('v', 101)}}"}""", "version");
            Add("heartbeat", """{"claim_id":""}""", "claim_id");
            Add("heartbeat", """{"claim_id":"\u0000"}""", "claim_id");
            Add("heartbeat", """{"claim_id":12}""", "claim_id");
            Add("heartbeat", $$"""{"claim_id":"{{new string('c', 101)}}"}""", "claim_id");
            Add("heartbeat", """{"wait_seconds":-1}""", "wait_seconds");
            Add("heartbeat", """{"wait_seconds":51}""", "wait_seconds");
            Add("heartbeat", """{"wait_seconds":"5"}""", "wait_seconds");
            Add("heartbeat", """{"lease_seconds":9}""", "lease_seconds");
            Add("heartbeat", """{"lease_seconds":901}""", "lease_seconds");
            Add("heartbeat", """{"lease_seconds":1e99}""", "lease_seconds");

            Add("leases", """{"leases":{}}""", "leases");
            Add("leases", """{"leases":[null]}""", "leases[0]");
            Add("leases", """{"leases":[{"job_id":1,"attempt":1},{}]}""", "leases[1]");
            Add("leases", """{"leases":[{"job_id":"1","attempt":1}]}""", "leases[0].job_id");
            Add("leases", """{"leases":[{"job_id":-1,"attempt":1}]}""", "leases[0]");
            Add("leases", """{"leases":[{"job_id":1,"attempt":0}]}""", "leases[0]");
            Add("leases", """{"leases":[{"job_id":1,"attempt":1},{"job_id":1,"attempt":2}]}""", "leases[1].job_id");
            Add("leases", $$"""{"leases":[{{string.Join(',', Enumerable.Range(1, 1001).Select(id => $"{{\"job_id\":{id},\"attempt\":1}}"))}}]}""", "leases");
            Add("leases", """{"wait_seconds":51}""", "wait_seconds");
            Add("leases", """{"lease_seconds":9}""", "lease_seconds");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_wrong_body_is_refused_by_name_and_changes_nothing(string endpoint, string body, int status, string? field)
    {
        var (pool, job) = await ClaimedAsync();
        await RefusedAsync(pool, job, endpoint, new StringContent(body, Encoding.UTF8, "application/json"), (HttpStatusCode)status, field);
    }

    [Theory]
    [InlineData("logs")]
    [InlineData("status")]
    [InlineData("step")]
    [InlineData("cancel-check")]
    [InlineData("heartbeat")]
    [InlineData("leases")]
    public async Task Bytes_that_are_no_UTF8_are_refused_and_change_nothing(string endpoint)
    {
        var (pool, job) = await ClaimedAsync();
        byte[] body = [.. "{\"host_name\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        await RefusedAsync(pool, job, endpoint, Json(body), HttpStatusCode.BadRequest, null);
    }

    [Theory]
    [InlineData("logs")]
    [InlineData("heartbeat")]
    [InlineData("leases")]
    [InlineData("status")]
    public async Task A_body_that_is_too_large_is_413(string endpoint)
    {
        var (pool, job) = await ClaimedAsync();
        var body = new byte[(endpoint == "status" ? ProtocolLimits.StatusBodyBytes : ProtocolLimits.RequestBodyBytes) + 1];
        body.AsSpan().Fill((byte)' ');
        await RefusedAsync(pool, job, endpoint, Json(body), HttpStatusCode.RequestEntityTooLarge, null);
    }

    [Fact]
    public async Task A_chunk_of_512_KiB_is_taken_and_one_byte_more_is_413()
    {
        var (pool, job) = await ClaimedAsync();
        var tooLarge = Convert.ToBase64String(new byte[ProtocolLimits.LogChunkBytes + 1]);
        await RefusedAsync(
            pool, job, "logs", Json(Encoding.UTF8.GetBytes($$"""{"seq":0,"chunk":"{{tooLarge}}"}""")),
            HttpStatusCode.RequestEntityTooLarge, "chunk");

        var chunk = new byte[ProtocolLimits.LogChunkBytes];
        Random.Shared.NextBytes(chunk);
        var taken = new WireCall(WireCall.Log(1, "").Path, _ => $$"""{"seq":1,"chunk":"{{Convert.ToBase64String(chunk)}}"}""");
        (await job.CallAsync(taken)).MustBe(HttpStatusCode.OK);
        Assert.Equal(chunk, await pool.ScalarAsync<byte[]>(
            "select chunk from workflow_step_log_chunks where job_id = @Id and seq = 1", new { job.Job.Id }));
    }

    /// <summary>As a client sends it that does not know yet how long it will be.</summary>
    [Fact]
    public async Task A_chunk_of_512_KiB_is_taken_from_a_body_without_a_length()
    {
        var (pool, job) = await ClaimedAsync();
        var chunk = new byte[ProtocolLimits.LogChunkBytes];
        Random.Shared.NextBytes(chunk);
        var path = $"/api/v1/jobs/{job.Job.Id}/logs";
        var body = $$"""{"seq":0,"chunk":"{{Convert.ToBase64String(chunk)}}"}""";
        using var tooLarge = InParts(body.PadRight(ProtocolLimits.RequestBodyBytes + 1));
        (await Answer.PostAsync(_server.Client, path, job.Token, tooLarge)).MustBeProblem(HttpStatusCode.RequestEntityTooLarge);
        using var taken = InParts(body);
        (await Answer.PostAsync(_server.Client, path, job.Token, taken)).MustBe(HttpStatusCode.OK);
        Assert.Equal(chunk, await pool.ScalarAsync<byte[]>("select chunk from workflow_step_log_chunks where job_id = @Id", new { job.Job.Id }));

        static StreamContent InParts(string body) => new(PipeReader.Create(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body))).AsStream())
        {
            Headers = { ContentType = new("application/json") },
        };
    }

    [Fact]
    public async Task Another_jobs_step_is_no_step_of_this_job()
    {
        var (pool, job) = await ClaimedAsync();
        var foreign = (await pool.ClaimAsync()).Job.Steps[0].Id;
        var body = Encoding.UTF8.GetBytes($$"""{"seq":0,"chunk":"aGk=","step_id":{{foreign}}}""");
        await RefusedAsync(pool, job, "logs", Json(body), HttpStatusCode.UnprocessableEntity, "step_id");

        foreach (var id in (long[])[foreign, long.MaxValue, 0, -1])
        {
            var before = await pool.StateAsync(job.Job.RunId);
            var call = new WireCall(at => $"/api/v1/jobs/{at.Id}/steps/{id}/status", _ => """{"status":"running"}""");
            (await job.SendAsync(call, job.Token)).MustBeProblem(HttpStatusCode.NotFound, "step_id");
            Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        }
    }

    [Theory]
    [InlineData("a\tb")]
    [InlineData("schlüssel")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x")]
    public async Task An_idempotency_key_is_at_most_a_hundred_printable_characters(string key)
    {
        var (pool, job) = await ClaimedAsync();
        var before = await pool.StateAsync(job.Job.RunId);
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = _server.BaseUrl };
        (await job.SendAsync(WireCall.CancelCheck, job.Token, key, client)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
    }

    [Theory]
    [InlineData("POST", "/api/v1/jobs/12/nonsense", 404)]
    [InlineData("POST", "/api/v1/jobs/twelve/logs", 404)]
    [InlineData("POST", "/api/v1/jobs/99999999999999999999/logs", 404)]
    [InlineData("GET", "/api/v1/runners/heartbeat", 405)]
    [InlineData("DELETE", "/api/v1/jobs/12/status", 405)]
    public async Task What_the_framework_refuses_is_a_problem_too(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await _server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        Assert.Contains(status == 404 ? "/openapi/v1.json" : "it takes", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_is_not_json()
    {
        var (_, job) = await ClaimedAsync();
        var answer = await Answer.PostAsync(
            _server.Client, $"/api/v1/jobs/{job.Job.Id}/status", job.Token, new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"));
        answer.MustBe(HttpStatusCode.UnsupportedMediaType);
        Assert.Contains("Content-Type: application/json", answer.Detail, StringComparison.Ordinal);
        await job.CompleteAsync();
    }

    private static ByteArrayContent Json(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        return content;
    }

    private async Task<(Pool Pool, JobCalls Job)> ClaimedAsync()
    {
        var pool = await Pool.CreateAsync(_server);
        return (pool, await pool.ClaimAsync());
    }

    private async Task RefusedAsync(Pool pool, JobCalls job, string endpoint, HttpContent body, HttpStatusCode status, string? field)
    {
        const string Runner = "select to_jsonb(r)::text from workflow_runners r where id = @Id";
        var (path, token) = endpoint switch
        {
            "heartbeat" or "leases" => ($"/api/v1/runners/{endpoint}", job.Runner.Token),
            "step" => ($"/api/v1/jobs/{job.Job.Id}/steps/{job.Job.Steps[0].Id}/status", job.Token),
            _ => ($"/api/v1/jobs/{job.Job.Id}/{endpoint}", job.Token),
        };
        var before = await pool.StateAsync(job.Job.RunId);
        var runner = await pool.ScalarAsync<string>(Runner, new { job.Runner.Id });

        (await Answer.PostAsync(_server.Client, path, token, body)).MustBeProblem(status, field);

        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        Assert.Equal(runner, await pool.ScalarAsync<string>(Runner, new { job.Runner.Id }));
        // The token is as good as it was.
        (await job.CallAsync(WireCall.Log(0, "all is well\n"))).MustBe(HttpStatusCode.OK);
    }
}
