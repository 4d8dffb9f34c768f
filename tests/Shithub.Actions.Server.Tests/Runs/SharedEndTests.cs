using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Runs;

/// <summary>Jobs that end at the same time share a transaction; what each of them comes to is its own.</summary>
public sealed class SharedEndTests(SharedServer shared) : IClassFixture<SharedServer>
{
    /// <summary>As many as make a second transaction go beside the first, all in one.</summary>
    private const int Gathered = 16;

    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_that_end_in_one_transaction_end_each_in_its_own_way()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, 5);
        string[] conclusions = ["success", "failure", "cancelled", "timed_out", "neutral"];
        await jobs[3].StepAsync(1, StatusNames.Running);

        var answers = await EndAsync([.. jobs.Select((job, index) => End(job, conclusions[index]))]);

        string[] expected =
        [
            "completed success", "completed failure", "cancelled cancelled", "completed timed_out", "completed neutral",
        ];
        string[] runs = [.. expected.Take(4), "completed success"];
        for (var index = 0; index < jobs.Length; index++)
        {
            Assert.Equal($"run {runs[index]}; green {expected[index]}", await pool.OutlineAsync(jobs[index].Job.RunId));
            Assert.Contains($"\"run_status\":\"{runs[index].Split(' ')[0]}\"", answers[index], StringComparison.Ordinal);
        }

        Assert.Equal(
            ["skipped skipped", "completed timed_out"],
            await StepsAsync(pool, jobs[3]));
        Assert.Equal(["cancelled cancelled", "cancelled cancelled"], await StepsAsync(pool, jobs[2]));
    }

    [Fact]
    public async Task All_legs_of_a_matrix_end_in_one_transaction()
    {
        var (pool, legs) = await ClaimMatrixAsync(50);
        var answers = await EndAsync([.. legs.Select(leg => End(leg, "success"))]);
        Assert.All(answers, answer => Assert.Contains("\"run_status\":\"completed\",\"run_conclusion\":\"success\"", answer, StringComparison.Ordinal));
        Assert.StartsWith("run completed success", await pool.OutlineAsync(legs[0].Job.RunId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leg_that_fails_while_others_run_is_left_to_the_rules()
    {
        var (pool, legs) = await ClaimMatrixAsync(6);
        var others = await ClaimRunsAsync(pool, 1);
        var before = await pool.StateAsync(legs[0].Job.RunId);
        var answers = await EndAsync([End(legs[0], "failure"), End(others[0], "success"), End(legs[1], "success")]);
        Assert.Equal([true, false, true], answers.Select(answer => answer is null));
        Assert.Equal(before, await pool.StateAsync(legs[0].Job.RunId));
        Assert.StartsWith("run completed success", await pool.OutlineAsync(others[0].Job.RunId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_legs_that_end_at_once_end_their_run_once()
    {
        var (pool, legs) = await ClaimMatrixAsync(50);
        var answers = await Task.WhenAll(legs.Select((leg, index) => leg.StatusAsync("completed", index == 49 ? "failure" : "success")));
        Assert.All(answers, answer => answer.MustBe(HttpStatusCode.OK));
        Assert.StartsWith("run completed failure", await pool.OutlineAsync(legs[0].Job.RunId), StringComparison.Ordinal);
        Assert.Equal(50, await pool.ScalarAsync<int>(
            "select count(*) from runner_jwt_used u join workflow_jobs j on j.id = u.job_id where j.run_id = @RunId and u.response is not null",
            new { legs[0].Job.RunId }));
    }

    [Fact]
    public async Task What_PostgreSQL_refuses_of_one_is_not_the_failure_of_those_that_came_with_it()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, Gathered + 1);
        await pool.ExecuteAsync(
            $$"""
            create function refuse_{{pool.RepoId}}() returns trigger language plpgsql as 'begin raise exception ''refused''; end';
            create trigger refuse before update on workflow_jobs for each row when (old.id = {{jobs[5].Job.Id}} and new.status = 'completed')
                execute function refuse_{{pool.RepoId}}();
            """);
        var before = await pool.StateAsync(jobs[5].Job.RunId);
        try
        {
            var answers = await TogetherAsync(jobs, job => job.StatusAsync("completed", "success"));
            for (var index = 0; index < jobs.Length; index++)
                Assert.Equal(index == 5 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, answers[index].Status);
            Assert.Equal(before, await pool.StateAsync(jobs[5].Job.RunId));
        }
        finally
        {
            await pool.ExecuteAsync("drop trigger refuse on workflow_jobs");
        }

        await jobs[5].CompleteAsync();
        foreach (var job in jobs)
            Assert.Equal("run completed success; green completed success", await pool.OutlineAsync(job.Job.RunId));
    }

    [Fact]
    public async Task A_run_that_somebody_has_holds_up_no_other()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, Gathered);
        Task<Answer> waiting;
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await connection.ExecuteAsync("select from workflow_runs where id = @RunId for update", new { jobs[0].Job.RunId });
            waiting = jobs[0].StatusAsync("completed", "success");
            foreach (var answer in await Task.WhenAll(jobs.Skip(1).Select(job => job.StatusAsync("completed", "success"))))
                answer.MustBe(HttpStatusCode.OK);
            Assert.False(waiting.IsCompleted);
            await transaction.RollbackAsync(Cancellation);
        }

        (await waiting).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_cancel_of_one_run_and_the_ends_of_many_leave_each_run_with_one_conclusion()
    {
        var pool = await Pool.CreateAsync(_server);
        for (var time = 0; time < 5; time++)
        {
            var jobs = await ClaimRunsAsync(pool, Gathered);
            var cancels = jobs.Take(4).Select(job => pool.CancelRunAsync(job.Job.RunId));
            var answers = await Task.WhenAll([.. jobs.Select(job => job.StatusAsync("completed", "success")), .. cancels]);
            Assert.All(answers, answer => answer.MustBe(HttpStatusCode.OK));
            foreach (var job in jobs)
                Assert.Equal("run completed success; green completed success", await pool.OutlineAsync(job.Job.RunId));
        }
    }

    [Fact]
    public async Task A_retry_beside_its_first_try_gets_the_same_answer_and_has_no_second_effect()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, Gathered + 1);
        var call = WireCall.Status("completed", "success");
        var twice = await TogetherAsync<JobCalls, Answer[]>(
            jobs, job => Task.WhenAll(job.SendAsync(call, job.Token, "key"), job.SendAsync(call, job.Token, "key")));
        foreach (var answers in twice)
            Assert.Equal(answers[0].MustBe(HttpStatusCode.OK).Body, answers[1].MustBe(HttpStatusCode.OK).Body);
        Assert.Equal(jobs.Length, await pool.ScalarAsync<int>(
            "select count(*) from runner_jwt_used where job_id = any (@ids)", new { ids = jobs.Select(job => job.Job.Id).ToArray() }));
    }

    [Fact]
    public async Task Who_left_before_the_answer_gets_it_by_a_retry()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, Gathered + 1);
        var call = WireCall.Status("completed", "failure");
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await TogetherAsync(
            jobs,
            async job =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, call.Path(job.Job))
                {
                    Content = new StringContent(call.Body(job.Job), Encoding.UTF8, "application/json"),
                };
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {job.Token}");
                request.Headers.TryAddWithoutValidation("Idempotency-Key", "key");
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _server.Client.SendAsync(request, leaving.Token));
                return true;
            },
            leaving.CancelAsync);
        foreach (var job in jobs)
        {
            var answer = (await job.SendAsync(call, job.Token, "key")).MustBe(HttpStatusCode.OK);
            Assert.Equal("failure", answer.Json.GetProperty("run_conclusion").GetString());
            Assert.Equal(1, await pool.ScalarAsync<int>("select count(*) from runner_jwt_used where job_id = @Id", new { job.Job.Id }));
        }
    }

    [Fact]
    public async Task A_token_that_another_call_uses_at_the_same_moment_ends_no_job()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimRunsAsync(pool, 2);
        var token = _server.Get<JobTokens>().Verify(jobs[0].Token, JobTokens.ApiPurpose)!;
        var before = await pool.StateAsync(jobs[0].Job.RunId);
        Task<Answer> spending;
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await connection.ExecuteAsync(
                "insert into runner_jwt_used (jti, job_id, attempt) values (@Jti, @JobId, @Attempt)", new { token.Jti, token.JobId, token.Attempt });
            spending = jobs[0].StatusAsync("completed", "success");
            await WaitersAsync(pool, 1);
            await transaction.CommitAsync(Cancellation);
        }

        (await spending).MustBeProblem(HttpStatusCode.Unauthorized);
        await pool.ExecuteAsync("delete from runner_jwt_used where jti = @Jti", new { token.Jti });
        Assert.Equal(before, await pool.StateAsync(jobs[0].Job.RunId));
        await jobs[1].CompleteAsync();
    }

    [Fact]
    public async Task SQL_and_the_server_agree_about_what_jobs_come_to_and_which_of_them_the_rules_decide()
    {
        var pool = await Pool.CreateAsync(_server);
        string[] conclusions = ["success", "failure", "cancelled", "skipped", "timed_out", "neutral", "action_required", "runner_lost"];
        JobBrief[] states =
        [
            .. from hasLeg in (bool[])[false, true]
               from continues in (bool[])[false, true]
               from state in (IEnumerable<(string Status, string? Conclusion, string? Hold)>)
               [
                   ("queued", null, null), ("running", null, null), ("cancelled", "cancelled", null), ("skipped", "skipped", null),
                   .. ((string?[])[null, "concurrency", "environment", "max-parallel"]).Select(hold => ("waiting", (string?)null, hold)),
                   .. conclusions.Select(conclusion => ("completed", (string?)conclusion, (string?)null)),
               ]
               select new JobBrief("", state.Status, state.Conclusion, true, continues, state.Hold, hasLeg),
        ];
        // Each alone, each beside each other, and some that are more.
        var random = new Random(4);
        JobBrief[][] runs =
        [
            .. states.Select(state => new[] { state }), .. from first in states from second in states select new[] { first, second },
            .. Enumerable.Range(0, 500).Select(_ => Enumerable.Range(0, 5).Select(_ => states[random.Next(states.Length)]).ToArray()),
        ];
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        // Undone, and so nobody takes what is queued.
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var ids = (await connection.QueryAsync<long>(
            """
            insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
            select @RepoId, 100000 + i, 'f', 'n', 'push', 'a', 'r', 'state-' || i, 'queued'
            from generate_series(1, @Length) i
            returning id
            """,
            new { pool.RepoId, runs.Length })).AsList();
        var jobs = runs.SelectMany((run, index) => run.Select((job, place) => (Run: ids[index], Place: place, Job: job))).ToList();
        await connection.ExecuteAsync(
            """
            with labels as (select id from label_sets limit 1)
            insert into workflow_jobs
                (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, queued_at, attempt, lease_seconds, lease_expires_at,
                 status, conclusion, completed_at, hold, leg, continue_on_error)
            select run, @RepoId, place::text, 'j', '{}', labels.id, 10, now(), 1, 60, now(), status, conclusion,
                case when conclusion is not null then now() end, hold, case when has_leg then '{}'::json end, continues
            from labels
            cross join unnest(@Runs, @Places, @Statuses, @Conclusions, @Holds, @Legs, @Continues)
                as j (run, place, status, conclusion, hold, has_leg, continues)
            """,
            new
            {
                pool.RepoId,
                Runs = jobs.Select(it => it.Run).ToArray(),
                Places = jobs.Select(it => it.Place).ToArray(),
                Statuses = jobs.Select(it => it.Job.Status).ToArray(),
                Conclusions = jobs.Select(it => it.Job.Conclusion).ToArray(),
                Holds = jobs.Select(it => it.Job.Hold).ToArray(),
                Legs = jobs.Select(it => it.Job.HasLeg).ToArray(),
                Continues = jobs.Select(it => it.Job.ContinueOnError).ToArray(),
            });
        var found = (await connection.QueryAsync<(long, string, string?, bool)>(
            "select r.id, s.* from unnest(@ids) r (id) cross join lateral workflow_run_state(r.id) s order by r.id", new { ids })).AsList();
        for (var index = 0; index < runs.Length; index++)
        {
            var expected = RunRollup.RollUp([.. runs[index].Select(job => job.ToState())]);
            Assert.Equal((ids[index], expected.Status, expected.Conclusion, runs[index].Any(job => job.IsDecidedByRules)), found[index]);
        }
    }

    private Task<string?[]> EndAsync(PendingEnd[] ends) => _server.Get<EndJobs>().RunAsync(ends, Cancellation);

    private PendingEnd End(JobCalls job, string conclusion) => new(
        new JobCall(_server.Get<JobTokens>().Verify(job.Token, JobTokens.ApiPurpose)!, "key", new byte[32]),
        new StatusChange(conclusion == "cancelled" ? "cancelled" : "completed", conclusion, null, null));

    /// <summary>
    /// Makes the calls so that all but the first share one transaction: tokens can't be spent until it is under way. Then
    /// <paramref name="meanwhile"/>.
    /// </summary>
    private async Task<TResult[]> TogetherAsync<TItem, TResult>(TItem[] items, Func<TItem, Task<TResult>> call, Func<Task>? meanwhile = null)
    {
        var pool = await Pool.CreateAsync(_server);
        var calls = new List<Task<TResult>>();
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await connection.ExecuteAsync("lock table runner_jwt_used in share mode");
            calls.Add(call(items[0]));
            await WaitersAsync(pool, 1);
            calls.AddRange(items.Skip(1).Select(call));
            await WaitersAsync(pool, 2);
            if (meanwhile is not null)
                await meanwhile();
            await transaction.RollbackAsync(Cancellation);
        }

        return await Task.WhenAll(calls);
    }

    private static Task WaitersAsync(Pool pool, int count) => Until.TrueAsync(async () => count <= await pool.ScalarAsync<int>(
        """
        select count(*)
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and (query like '%from end_jobs(%' or query like '%insert into runner_jwt_used%')
        """));

    private static async Task<string[]> StepsAsync(Pool pool, JobCalls job) => (await pool.ScalarAsync<string[]>(
        "select array_agg(status || ' ' || conclusion order by index) from workflow_steps where job_id = @Id", new { job.Job.Id }))!;

    /// <summary>Jobs of a run each.</summary>
    private static async Task<JobCalls[]> ClaimRunsAsync(Pool pool, int count)
    {
        var runner = await pool.RegisterAsync(capacity: count);
        var jobs = new JobCalls[count];
        for (var index = 0; index < count; index++)
        {
            await pool.EnqueueAsync();
            jobs[index] = await runner.ClaimAsync();
        }

        return jobs;
    }

    private async Task<(Pool Pool, JobCalls[] Legs)> ClaimMatrixAsync(int count)
    {
        var pool = await Pool.CreateAsync(_server);
        var yaml = $$$"""
            on: push
            jobs:
              test:
                runs-on: {{{pool.Label}}}
                strategy: {fail-fast: false, matrix: {v: [{{{string.Join(", ", Enumerable.Range(1, count))}}}]}}
                steps: [{run: test}]
            """;
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await EnqueueRun.ExecuteAsync(
            connection, transaction, pool.NewRun(TestPlan.OfYaml(yaml, new JsonObject { ["ref"] = "refs/heads/trunk" })), Cancellation);
        await transaction.CommitAsync(Cancellation);
        var runner = await pool.RegisterAsync(capacity: count);
        var legs = new JobCalls[count];
        for (var index = 0; index < count; index++)
            legs[index] = await runner.ClaimAsync();
        return (pool, legs);
    }
}
