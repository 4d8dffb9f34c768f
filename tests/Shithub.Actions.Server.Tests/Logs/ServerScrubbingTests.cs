using System.Net;
using System.Text;
using Shithub.Actions.Server.Logs;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Tests.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Logs;

/// <summary>That the server hides an attempt's secrets whatever its runner sends, and loses nothing of the log.</summary>
public sealed class ServerScrubbingTests(SecretJobs jobs) : IClassFixture<SecretJobs>
{
    private const string Secret = "s3cret-Value";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_is_hidden_wherever_the_log_is_cut_and_whichever_server_gets_the_pieces()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var text = Encoding.UTF8.GetBytes($"before {Secret} after\n");
        var seq = 0;
        for (var cut = 0; cut <= text.Length; cut++)
        {
            (await jobs.LogAsync(job, seq++, text[..cut])).MustBe(HttpStatusCode.OK);
            (await jobs.LogAsync(job, seq++, text[cut..], server: jobs.Second)).MustBe(HttpStatusCode.OK);
        }

        Assert.Equal(string.Concat(Enumerable.Repeat("before *** after\n", text.Length + 1)), await StoredAsync(job, null));
    }

    [Fact]
    public async Task A_secret_that_comes_byte_by_byte_is_one_row_of_stars()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var text = Encoding.UTF8.GetBytes($"x{Secret}{Secret}y{Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret))}#");
        for (var seq = 0; seq < text.Length; seq++)
            (await jobs.LogAsync(job, seq, [text[seq]], server: seq % 3 == 0 ? jobs.Second : jobs.First)).MustBe(HttpStatusCode.OK);
        Assert.Equal("x***y***#", await StoredAsync(job, null));
    }

    [Fact]
    public async Task Logs_of_two_steps_do_not_complete_each_others_secrets()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var (one, two) = (job.Job.Steps[0].Id, job.Job.Steps[1].Id);
        await jobs.LogAsync(job, 0, "a s3cret"u8.ToArray(), one);
        await jobs.LogAsync(job, 0, "b s3cret-Va"u8.ToArray(), two);
        await jobs.LogAsync(job, 1, "-Value."u8.ToArray(), one);
        await jobs.LogAsync(job, 1, "se."u8.ToArray(), two);
        Assert.Equal(("a ***.", "b s3cret-Vase."), (await StoredAsync(job, one), await StoredAsync(job, two)));
    }

    [Fact]
    public async Task A_repeated_chunk_is_one_chunk_and_another_one_under_its_number_is_409()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        for (var time = 0; time < 3; time++)
        {
            var token = job.Token;
            (await jobs.LogAsync(job, 0, "x s3cret-V"u8.ToArray(), key: "k" + time)).MustBe(HttpStatusCode.OK);
            // The same call again, whose answer was lost, at another server.
            job.Token = token;
            (await jobs.LogAsync(job, 0, "x s3cret-V"u8.ToArray(), key: "k" + time, server: jobs.Second)).MustBe(HttpStatusCode.OK);
        }

        (await jobs.LogAsync(job, 0, "x s3cret-W"u8.ToArray())).MustBeProblem(HttpStatusCode.Conflict, "seq");
        (await jobs.LogAsync(job, 5, "alue y"u8.ToArray())).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 3, "late"u8.ToArray())).MustBeProblem(HttpStatusCode.Conflict, "seq");
        (await jobs.LogAsync(job, 3, "late"u8.ToArray(), server: jobs.Second)).MustBeProblem(HttpStatusCode.Conflict, "seq");
        Assert.Equal("x *** y", await StoredAsync(job, null));
    }

    [Fact]
    public async Task What_is_withheld_is_stored_sealed_and_shown_when_the_step_ends_which_takes_no_more_then()
    {
        var (pool, job) = await jobs.ClaimAsync(Secret);
        var step = job.Job.Steps[0].Id;
        (await job.StepAsync(0, "running")).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 0, "ends with s3cret-Valu"u8.ToArray(), step)).MustBe(HttpStatusCode.OK);
        Assert.Equal("ends with ", await StoredAsync(job, step));
        Assert.Equal(1, await pool.ScalarAsync<int>(
            "select count(*) from workflow_log_withheld where job_id = @Id and position('s3cret'::bytea in sealed) = 0", new { job.Job.Id }));
        (await job.StepAsync(0, "completed", "success")).MustBe(HttpStatusCode.OK);
        Assert.Equal("ends with s3cret-Valu", await StoredAsync(job, step));
        Assert.Equal(0, await pool.ScalarAsync<int>("select count(*) from workflow_log_withheld where job_id = @Id", new { job.Job.Id }));
        (await jobs.LogAsync(job, 1, "e"u8.ToArray(), step)).MustBeProblem(HttpStatusCode.Conflict, "step_id");
        (await jobs.LogAsync(job, 1, "e"u8.ToArray(), step, jobs.Second)).MustBeProblem(HttpStatusCode.Conflict, "step_id");
        Assert.Equal("ends with s3cret-Valu", await StoredAsync(job, step));
    }

    [Fact]
    public async Task A_status_that_is_refused_shows_nothing()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var step = job.Job.Steps[0].Id;
        var first = job.Token;
        (await jobs.LogAsync(job, 0, "s3cret-Valu"u8.ToArray(), step)).MustBe(HttpStatusCode.OK);
        (await job.SendAsync(WireCall.Step(0, "completed", "success"), first)).MustBe(HttpStatusCode.Unauthorized);
        Assert.Equal("", await StoredAsync(job, step));
    }

    [Fact]
    public async Task The_end_of_the_job_shows_what_is_withheld_of_all_its_logs()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        await jobs.LogAsync(job, 0, "job s3c"u8.ToArray());
        await jobs.LogAsync(job, 0, "step s3cret-Value s3cre"u8.ToArray(), job.Job.Steps[1].Id);
        await job.CompleteAsync();
        Assert.Equal(("job s3c", "step *** s3cre"), (await StoredAsync(job, null), await StoredAsync(job, job.Job.Steps[1].Id)));
    }

    [Fact]
    public async Task A_lost_runner_loses_nothing_of_what_was_acknowledged()
    {
        var (pool, job) = await jobs.ClaimAsync(Secret);
        await jobs.LogAsync(job, 0, "lost s3c"u8.ToArray());
        await pool.ExpireLeaseAsync(job.Job.Id);
        await jobs.Second.Get<JobRescuer>().SweepAsync(Cancellation);
        Assert.Equal("lost s3c", await StoredAsync(job, null));
    }

    [Fact]
    public async Task What_a_step_asks_to_hide_is_hidden_from_that_chunk_on_whichever_server_gets_it()
    {
        var (_, job) = await jobs.ClaimAsync();
        (await jobs.LogAsync(job, 0, "hunter2 is shown\n"u8.ToArray())).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 1, "now hunter2 "u8.ToArray(), masks: ["hunter2", " "])).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 2, "and hunter2 "u8.ToArray(), server: jobs.Second)).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 3, "and 'other one' "u8.ToArray(), server: jobs.Second, masks: ["other one"])).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 4, "and other%20one, hunt"u8.ToArray())).MustBe(HttpStatusCode.OK);
        (await jobs.LogAsync(job, 5, "er2\n"u8.ToArray(), server: jobs.Second)).MustBe(HttpStatusCode.OK);
        Assert.Equal("hunter2 is shown\nnow *** and *** and '***' and ***, ***\n", await StoredAsync(job, null));
    }

    [Fact]
    public async Task A_job_hides_a_bounded_number_of_values_by_itself()
    {
        var (_, job) = await jobs.ClaimAsync();
        string[] many = [.. Enumerable.Range(0, 1001).Select(number => $"value-{number}")];
        (await jobs.LogAsync(job, 0, "x"u8.ToArray(), masks: many)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "mask_values");
        (await jobs.LogAsync(job, 0, "value-7\n"u8.ToArray(), masks: many[1..])).MustBe(HttpStatusCode.OK);
        Assert.Equal("***\n", await StoredAsync(job, null));
    }

    [Fact]
    public async Task Outputs_with_a_secret_are_left_out()
    {
        var (pool, job) = await jobs.ClaimAsync(Secret);
        var body = $$"""
            {"status":"completed","conclusion":"success","outputs":{"plain":"1","value":"a {{Secret}}","{{Secret}}":"x"},
             "tainted_outputs":["plain","value"]}
            """;
        (await job.CallAsync(new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/status", _ => body))).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            """{"plain":"1"} {plain}""",
            await pool.ScalarAsync<string>("select outputs::text || ' ' || tainted_outputs::text from workflow_jobs where id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task A_text_for_an_attempt_is_scrubbed_in_one_call()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var scrub = await jobs.Second.Get<AttemptMasks>().ScrubberAsync(job.Job.Id, job.Job.Attempt, [], Cancellation);
        Assert.Equal("a *** b", scrub!($"a {Secret} b"));
    }

    [Fact]
    public async Task Annotations_and_a_summary_are_scrubbed_whatever_runner_sends_them()
    {
        var (pool, job) = await jobs.ClaimAsync(Secret);
        var body = $$"""
            {"status":"completed","conclusion":"success","summary":"# {{Secret}}\n","annotations":[
              {"level":"error","message":"m {{Secret}}","title":"t {{Secret}}","file":"src/{{Secret}}/a.cs","line":3}]}
            """;
        (await job.CallAsync(new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/steps/{claimed.Steps[0].Id}/status", _ => body))).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            "m ***|t ***|src/***/a.cs|3",
            await pool.ScalarAsync<string>("select concat_ws('|', message, title, file, line) from workflow_annotations where job_id = @Id", new { job.Job.Id }));
        Assert.Equal("# ***\n", await pool.ScalarAsync<string>("select markdown from workflow_step_summaries where job_id = @Id", new { job.Job.Id }));
    }

    /// <summary>Whether it says so or not: what a step can get at, nobody can tell from its script.</summary>
    [Theory]
    [InlineData("T: '${{ github.token }}'")]
    [InlineData("T: 'no token'")]
    [InlineData("S: '${{ secrets.S0 }}'")]
    public async Task The_tokens_of_a_job_are_hidden_from_a_runner_that_hides_nothing(string env)
    {
        var (_, job) = await jobs.ClaimWithAsync(env, Secret);
        var tokens = $"{job.Token} {job.Job.CheckoutToken} {Convert.ToBase64String(Encoding.UTF8.GetBytes("x:" + job.Job.CheckoutToken))}";
        (await jobs.LogAsync(job, 0, Encoding.UTF8.GetBytes($"tokens {tokens}\n"))).MustBe(HttpStatusCode.OK);
        // The masks may begin within a character of base64 that is not the token's alone.
        Assert.Matches(@"^tokens \*\*\* \*\*\* eD\w?\*\*\*.{0,3}\n$", await StoredAsync(job, null));
    }

    [Fact]
    public async Task A_token_is_hidden_wherever_it_is_cut_and_whichever_server_gets_the_pieces()
    {
        for (var cut = 1; cut < 60; cut += 6)
        {
            var (_, job) = await jobs.ClaimWithAsync("T: 'no token'", Secret);
            var text = Encoding.UTF8.GetBytes($"token {job.Job.CheckoutToken}\n");
            (await jobs.LogAsync(job, 0, text[..cut])).MustBe(HttpStatusCode.OK);
            (await jobs.LogAsync(job, 1, text[cut..(2 * cut)], server: jobs.Second)).MustBe(HttpStatusCode.OK);
            (await jobs.LogAsync(job, 2, text[(2 * cut)..])).MustBe(HttpStatusCode.OK);
            Assert.Equal("token ***\n", await StoredAsync(job, null));
        }
    }

    [Fact]
    public async Task A_job_that_prints_nothing_like_a_token_keeps_no_mask()
    {
        var (pool, job) = await jobs.ClaimWithAsync("T: '${{ github.token }}'", Secret);
        (await jobs.LogAsync(job, 0, "e eyJhbGci eyJhbGciOiJSUzI1NiJ9.e30.x\n"u8.ToArray())).MustBe(HttpStatusCode.OK);
        Assert.Equal(0, await pool.ScalarAsync<int>("select count(*) from workflow_job_secret_masks where job_id = @Id", new { job.Job.Id }));
        (await jobs.LogAsync(job, 1, Encoding.UTF8.GetBytes(job.Job.CheckoutToken))).MustBe(HttpStatusCode.OK);
        Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from workflow_job_secret_masks where job_id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task No_token_is_stored_with_what_else_a_step_leaves()
    {
        var (pool, job) = await jobs.ClaimWithAsync("T: 'no token'", Secret);
        var token = job.Job.CheckoutToken;
        var body = $$"""
            {"status":"completed","conclusion":"success","summary":"# {{token}}\n","annotations":[{"level":"error","message":"m {{token}} n"}]}
            """;
        (await job.CallAsync(new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/steps/{claimed.Steps[0].Id}/status", _ => body))).MustBe(HttpStatusCode.OK);
        Assert.Equal(
            "m *** n # ***\n",
            await pool.ScalarAsync<string>(
                "select a.message || ' ' || s.markdown from workflow_annotations a join workflow_step_summaries s using (job_id) where job_id = @Id",
                new { job.Job.Id }));
        body = $$"""{"status":"completed","conclusion":"success","outputs":{"value":"a {{token}}","plain":"1" } }""";
        (await job.CallAsync(new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/status", _ => body))).MustBe(HttpStatusCode.OK);
        Assert.Equal("""{"plain": "1"}""", await pool.ScalarAsync<string>("select outputs::jsonb::text from workflow_jobs where id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task Hidden_values_are_counted()
    {
        var (_, job) = await jobs.ClaimAsync(Secret);
        var before = await CountedAsync();
        await jobs.LogAsync(job, 0, Encoding.UTF8.GetBytes($"{Secret} and {Secret} and s3cret"));
        await jobs.LogAsync(job, 1, "-Value\n"u8.ToArray());
        Assert.Equal(3, await CountedAsync() - before);
    }

    private async Task<double> CountedAsync()
    {
        var page = await jobs.First.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation);
        const string Name = "shithub_actions_log_scrub_replacements_total ";
        return double.Parse(
            page.Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<string> StoredAsync(JobCalls job, long? stepId) =>
        Encoding.UTF8.GetString(await jobs.StoredAsync(job.Job.Id, stepId));
}
