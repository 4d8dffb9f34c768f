using System.Net;
using Dapper;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>What is said of a job that waits, and that claims do just that.</summary>
public sealed class ExplainTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(2);
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_runner_says_why_it_does_not_take_the_job()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var id = (await pool.JobIdsAsync(run.RunId))[0];
        var takes = await pool.RegisterAsync();
        var drained = await pool.RegisterAsync();
        await _server.Get<RunnerPool>().DrainAsync(drained.Id, "kernel update", Cancellation);
        var revoked = await pool.RegisterAsync();
        await _server.Get<RunnerPool>().RevokeAsync(revoked.Id, null, Cancellation);
        var lacks = await pool.RegisterAsync(1, "other");
        await pool.ExecuteAsync("update workflow_runners set offered_labels = '{other}' where id = @Id", new { lacks.Id });
        var full = await pool.RegisterAsync();
        await pool.ExecuteAsync(
            """
            update workflow_runners set last_heartbeat_at = now() where id = any (@ids)
            """,
            new { ids = new[] { takes.Id, drained.Id, revoked.Id, lacks.Id, full.Id } });
        var other = await Pool.CreateAsync(_server);
        await pool.ExecuteAsync("update workflow_runners set labels = labels || @Label, offered_labels = labels || @Label where id = @Id", new { other.Label, full.Id });
        await other.EnqueueAsync();
        // What is its own waits; of the other owner it takes one and is full.
        await pool.ExecuteAsync("update repositories set actions_enabled = false where id = @RepoId", new { pool.RepoId });
        await full.ClaimAsync();
        await pool.ExecuteAsync("update repositories set actions_enabled = true where id = @RepoId", new { pool.RepoId });

        var explanation = (await _server.Get<ExplainJob>().ExecuteAsync(id, StaleAfter, Cancellation))!;
        Assert.Empty(explanation.Obstacles);
        string Of(RunnerCalls runner)
        {
            var one = explanation.Runners.Single(explained => explained.Id == runner.Id);
            return one.TakesIt ? "takes" : string.Join(',', one.Obstacles.Select(obstacle => obstacle.Reason));
        }

        Assert.Equal("takes", Of(takes));
        Assert.Equal("draining", Of(drained));
        Assert.Equal("revoked", Of(revoked));
        Assert.Equal("label", Of(lacks));
        Assert.Equal("capacity", Of(full));
        Assert.All(explanation.Runners.SelectMany(runner => runner.Obstacles), obstacle => Assert.NotEmpty(obstacle.Remedy));
    }

    [Fact]
    public async Task The_api_tells_readers_what_they_may_know_and_strangers_nothing()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync();
        var id = (await pool.JobIdsAsync(run.RunId))[0];
        var stranger = await Pool.CreateAsync(_server);
        var foreign = await stranger.RegisterAsync();
        var own = await pool.RegisterAsync();
        await _server.Get<RunnerPool>().DrainAsync(own.Id, "a secret reason", Cancellation);

        var answer = (await GetAsync(id, pool.AccessToken)).MustBe(HttpStatusCode.OK);
        var runners = answer.Json.GetProperty("runners").EnumerateArray().ToList();
        Assert.Equal([own.Id], runners.Select(runner => runner.GetProperty("id").GetInt64()));
        Assert.DoesNotContain("a secret reason", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(foreign.Id, runners.Select(runner => runner.GetProperty("id").GetInt64()));
        (await GetAsync(id, stranger.AccessToken)).MustBeProblem(HttpStatusCode.NotFound);
        (await GetAsync(long.MaxValue, pool.AccessToken)).MustBeProblem(HttpStatusCode.NotFound);
        (await GetAsync(id, null)).MustBeProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task What_holds_a_job_back_whatever_the_runner_is_said_once()
    {
        var pool = await Pool.CreateAsync(_server);
        var run = await pool.EnqueueAsync(new JobSpec("build"), new JobSpec("test", "build"));
        var jobs = await pool.JobIdsAsync(run.RunId);
        async Task<string> ReasonsAsync(long id) => string.Join(
            ',', (await _server.Get<ExplainJob>().ExecuteAsync(id, StaleAfter, Cancellation))!.Obstacles.Select(obstacle => obstacle.Reason));

        Assert.Equal("needs", await ReasonsAsync(jobs[1]));
        await pool.ExecuteAsync("update owners set max_running = 0 where name = @Owner", new { pool.Owner });
        Assert.Equal("owner-cap", await ReasonsAsync(jobs[0]));
        await pool.ExecuteAsync("update owners set max_running = null where name = @Owner", new { pool.Owner });
        await pool.ExecuteAsync("update repositories set max_running = 0 where id = @RepoId", new { pool.RepoId });
        Assert.Equal("repository-cap", await ReasonsAsync(jobs[0]));
        await pool.ExecuteAsync("update repositories set actions_enabled = false where id = @RepoId", new { pool.RepoId });
        Assert.Equal("policy", await ReasonsAsync(jobs[0]));
        await pool.ExecuteAsync("update repositories set actions_enabled = true, max_running = null where id = @RepoId", new { pool.RepoId });
        Assert.Equal("", await ReasonsAsync(jobs[0]));
        var build = await (await pool.RegisterAsync()).ClaimAsync();
        Assert.Equal("running", await ReasonsAsync(build.Job.Id));
        await build.CompleteAsync();
        Assert.Equal("ended", await ReasonsAsync(build.Job.Id));
        Assert.Null(await _server.Get<ExplainJob>().ExecuteAsync(long.MaxValue, StaleAfter, Cancellation));
    }

    /// <summary>Random pools, policies and queues: what is said of each job and runner, and what a claim then does, are the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(null)]
    public async Task Explanations_and_claims_agree_in_random_states(int? given)
    {
        var seed = given ?? Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await using var server = await TestServer.StartAsync(new StoppedTime());
        await using var connection = await server.Database.DataSource.OpenConnectionAsync(Cancellation);
        string[] labels = ["linux", "x64", "gpu"];
        string[] Some() => [.. labels.Where(_ => random.Next(2) == 0).DefaultIfEmpty("linux").Order(StringComparer.Ordinal)];
        var repositories = (await connection.QueryAsync<long>(
            """
            insert into owners (name, kind) values ('a', 'user'), ('b', 'user'), ('c', 'user');
            insert into repositories (owner_id, name) select o.id, 'r' || n from owners o cross join generate_series(1, 2) n returning id;
            """)).AsList();
        var runners = new List<RunnerCalls>();
        for (var i = 0; i < 5; i++)
        {
            var runner = await server.Get<RunnerPool>().RegisterAsync($"r{i}", Some(), random.Next(1, 4), null, Cancellation);
            runners.Add(new RunnerCalls(server, runner!.Id, runner.Token));
        }

        var running = new List<JobCalls>();
        var index = 0;
        for (var step = 0; step < 60; step++)
        {
            int? Cap() => random.Next(2) == 0 ? null : random.Next(3);
            switch (random.Next(8))
            {
                case 0 or 1:
                    var set = await connection.ExecuteScalarAsync<int>(
                        "insert into label_sets (labels) values (@set) on conflict (labels) do update set labels = excluded.labels returning id",
                        new { set = Some() });
                    for (var n = random.Next(1, 4); n > 0; n--)
                    {
                        index++;
                        await connection.ExecuteAsync(
                            """
                            with run as (
                                insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
                                values (@repo, @index, 'f', 'n', 'push', repeat('a', 40), 'refs/heads/trunk', @index::text, 'queued') returning id, repo_id)
                            insert into workflow_jobs
                                (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, queued_at, priority)
                            select id, repo_id, 'j', 'j', '{}', @set, 10, 'queued', now(), @priority from run
                            """,
                            new
                            {
                                repo = repositories[random.Next(repositories.Count)],
                                index,
                                set,
                                priority = random.Next(6) switch { 0 => PrioritizeJob.Express, 1 => PrioritizeJob.Rerun, _ => 0 },
                            });
                    }

                    break;
                case 2:
                    await connection.ExecuteAsync(
                        "update owners set actions_enabled = @on, max_running = @cap, repo_max_running = @other where id = @id",
                        new { on = random.Next(4) > 0, cap = Cap(), other = Cap(), id = random.Next(1, 4) });
                    break;
                case 3:
                    await connection.ExecuteAsync(
                        "update repositories set actions_enabled = @on, max_running = @cap where id = @id",
                        new { on = random.Next(4) > 0, cap = Cap(), id = repositories[random.Next(repositories.Count)] });
                    break;
                case 4:
                    await connection.ExecuteAsync(
                        "update actions_site_policy set enabled = @on, owner_max_running = @cap, repo_max_running = @other",
                        new { on = random.Next(6) > 0, cap = Cap(), other = Cap() });
                    break;
                case 5:
                    await connection.ExecuteAsync(
                        "update workflow_runners set draining_at = case when @on then now() end where id = @id",
                        new { on = random.Next(3) == 0, id = runners[random.Next(runners.Count)].Id });
                    break;
                case 6 when running.Count > 0:
                    var ended = random.Next(running.Count);
                    await running[ended].CompleteAsync();
                    running.RemoveAt(ended);
                    break;
                default:
                    await connection.ExecuteAsync(
                        """
                        update workflow_jobs
                        set status = 'cancelled', conclusion = 'cancelled', completed_at = now()
                        where id = (select id from workflow_jobs where status = 'queued' order by id limit 1)
                        """);
                    break;
            }

            var queued = (await connection.QueryAsync<long>("select id from workflow_jobs where status = 'queued'")).AsList();
            var asks = runners[random.Next(runners.Count)];
            var promised = new List<long>();
            foreach (var id in queued)
            {
                var explanation = (await server.Get<ExplainJob>().ExecuteAsync(id, StaleAfter, Cancellation))!;
                var verdict = explanation.Runners.Single(runner => runner.Id == asks.Id);
                if (verdict.TakesIt)
                    promised.Add(id);
                else
                    Assert.True(explanation.Obstacles.Count + verdict.Obstacles.Count > 0, $"seed {seed}: nothing is said of job {id}");
            }

            var claimed = await asks.TryClaimAsync();
            Assert.True(
                promised.SequenceEqual(claimed is null ? [] : [claimed.Job.Id]),
                $"seed {seed}, step {step}: {string.Join(',', promised)} was promised and {claimed?.Job.Id} was given");
            if (claimed is not null)
                running.Add(claimed);
        }
    }

    private Task<Answer> GetAsync(long id, string? token) => Answer.GetAsync(_server.Client, $"/api/v1/jobs/{id}/explain", token);
}
