using System.Net;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>What a chunk's number means, and that a log comes back as it was sent.</summary>
public sealed class LogChunkTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_chunk_twice_is_one_chunk()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        for (var time = 0; time < 3; time++)
            (await job.LogAsync(0, "once\n")).MustBe(HttpStatusCode.OK);
        Assert.Equal("once\n", await ReadAsync(pool, $"/api/v1/jobs/{job.Job.Id}/logs"));
        Assert.Equal(5, _server.Get<JobTokens>().Verify(job.Token, JobTokens.ApiPurpose)!.LogBytes);
    }

    [Fact]
    public async Task A_different_chunk_under_the_same_number_is_409_and_leaves_the_token_good()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        (await job.LogAsync(0, "first\n")).MustBe(HttpStatusCode.OK);
        var before = await pool.StateAsync(job.Job.RunId);
        (await job.LogAsync(0, "other\n")).MustBeProblem(HttpStatusCode.Conflict, "seq");
        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        (await job.LogAsync(1, "second\n")).MustBe(HttpStatusCode.OK);
        Assert.Equal("first\nsecond\n", await ReadAsync(pool, $"/api/v1/jobs/{job.Job.Id}/logs"));
    }

    [Fact]
    public async Task Each_step_and_the_job_itself_count_their_chunks_apart()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var steps = job.Job.Steps;
        (await job.LogAsync(0, "c", steps[1].Id)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, "b", steps[0].Id)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, "a")).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(2, "!", steps[1].Id)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(1, "d", steps[1].Id)).MustBe(HttpStatusCode.OK);
        // In order of their numbers, however they arrived; the job's own log first.
        Assert.Equal("abcd!", await ReadAsync(pool, $"/api/v1/jobs/{job.Job.Id}/logs"));
        Assert.Equal("cd!", await ReadAsync(pool, $"/api/v1/jobs/{job.Job.Id}/steps/{steps[1].Id}/logs"));
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were_sent_whatever_they_are()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        byte[][] chunks = [[0, 255, 13, 10], [0xE2, 0x82], [0xAC], [], Enumerable.Range(0, 256).Select(value => (byte)value).ToArray()];
        for (var seq = 0; seq < chunks.Length; seq++)
        {
            var body = $$"""{"seq":{{seq}},"chunk":"{{Convert.ToBase64String(chunks[seq])}}"}""";
            (await job.CallAsync(WireCall.Log(0, "") with { Body = _ => body })).MustBe(HttpStatusCode.OK);
        }

        using var client = _server.ClientWith(pool.AccessToken);
        Assert.Equal(chunks.SelectMany(chunk => chunk), await client.GetByteArrayAsync($"/api/v1/jobs/{job.Job.Id}/logs", Cancellation));
    }

    [Fact]
    public async Task Ten_thousand_lines_in_hundreds_of_chunks_come_back_once_and_in_order()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var lines = Enumerable.Range(0, 10_000).Select(number => $"line {number}\n").Chunk(50).Select(chunk => string.Concat(chunk)).ToList();
        for (var seq = 0; seq < lines.Count; seq++)
            (await job.LogAsync(seq, lines[seq], job.Job.Steps[1].Id)).MustBe(HttpStatusCode.OK);
        Assert.Equal(string.Concat(lines), await ReadAsync(pool, $"/api/v1/jobs/{job.Job.Id}/steps/{job.Job.Steps[1].Id}/logs"));
    }

    [Fact]
    public async Task A_log_beyond_the_limit_is_409_and_the_job_can_still_end()
    {
        await using var server = await TestServer.StartAsync(new StoppedTime(), ("logs.max_bytes_per_job", "1m"));
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        var half = new string('x', 512 * 1024);
        (await job.LogAsync(0, half)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, half)).MustBe(HttpStatusCode.OK);
        Assert.False(await job.IsCancelledAsync());
        (await job.StepAsync(1, StatusNames.Running)).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(0, half, job.Job.Steps[1].Id)).MustBe(HttpStatusCode.OK);
        var before = await pool.StateAsync(job.Job.RunId);
        (await job.LogAsync(2, "x")).MustBeProblem(HttpStatusCode.Conflict, "chunk");
        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        await job.CompleteAsync();
    }

    [Fact]
    public async Task A_token_of_the_version_before_counts_on_from_the_jobs_row()
    {
        await using var server = await TestServer.StartAsync(new StoppedTime(), ("logs.max_bytes_per_job", "1m"));
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        (await job.LogAsync(0, "x")).MustBe(HttpStatusCode.OK);
        await pool.ExecuteAsync("update workflow_jobs set log_bytes = 1024 * 1024 - 2 where id = @Id", new { job.Job.Id });
        var tokens = server.Get<JobTokens>();
        job.Token = tokens.Issue(tokens.Verify(job.Token, JobTokens.ApiPurpose)! with { LogBytes = null });
        (await job.LogAsync(1, "123")).MustBeProblem(HttpStatusCode.Conflict, "chunk");
        (await job.LogAsync(1, "12")).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(2, "1")).MustBeProblem(HttpStatusCode.Conflict, "chunk");
    }

    [Fact]
    public async Task The_jobs_row_is_written_when_its_lease_lacks_a_second_and_not_at_each_append()
    {
        const string Row = "select ctid::text || ' ' || log_bytes from workflow_jobs where id = @Id";
        const string Extend = "update workflow_jobs set lease_expires_at = now() + make_interval(secs => lease_seconds + @more) where id = @Id";
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.ExecuteAsync(Extend, new { job.Job.Id, more = 3600 });
        var before = await pool.ScalarAsync<string>(Row, new { job.Job.Id });
        (await job.LogAsync(0, "one\n")).MustBe(HttpStatusCode.OK);
        (await job.LogAsync(1, "two\n")).MustBe(HttpStatusCode.OK);
        Assert.Equal(before, await pool.ScalarAsync<string>(Row, new { job.Job.Id }));
        await pool.ExecuteAsync(Extend, new { job.Job.Id, more = -1 });
        (await job.LogAsync(2, "three\n")).MustBe(HttpStatusCode.OK);
        Assert.Equal(14, await pool.ScalarAsync<int>("select log_bytes from workflow_jobs where id = @Id", new { job.Job.Id }));
        Assert.True(await pool.ScalarAsync<bool>(
            "select lease_expires_at > now() + make_interval(secs => lease_seconds - 60) from workflow_jobs where id = @Id", new { job.Job.Id }));
    }

    private async Task<string> ReadAsync(Pool pool, string path)
    {
        using var client = _server.ClientWith(pool.AccessToken);
        return Encoding.UTF8.GetString(await client.GetByteArrayAsync(path, Cancellation));
    }
}
