using System.Collections.Concurrent;
using System.Net;
using Dapper;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary>Who is next: owners, their repositories, priorities and caps. Each test has a server of its own, whose whole pool it sees.</summary>
public sealed class FairnessTests : IAsyncLifetime
{
    private TestServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(new StoppedTime());

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task One_job_starts_within_four_claims_though_ten_thousand_of_another_owner_were_queued_before()
    {
        var crowd = await QueuedOwnerAsync("crowd", repositories: 1, jobs: 10_000);
        var runner = await RunnerAsync(4);
        for (var i = 0; i < 4; i++)
            Assert.Equal(crowd.Repositories[0], (await runner.ClaimAsync()).Job.RepoId);
        var late = await QueuedOwnerAsync("late", repositories: 1, jobs: 1);
        var others = await RunnerAsync(4);
        var claimed = new List<long>();
        for (var i = 0; i < 4; i++)
            claimed.Add((await others.ClaimAsync()).Job.RepoId);
        Assert.Contains(late.Repositories[0], claimed);
    }

    [Fact]
    public async Task Owners_with_1_10_and_100_repositories_each_get_a_third_of_a_busy_pool()
    {
        const int Slots = 12;
        const int Rounds = 300;
        var owners = new List<QueuedOwner>
        {
            await QueuedOwnerAsync("one", repositories: 1, jobs: Rounds),
            await QueuedOwnerAsync("ten", repositories: 10, jobs: Rounds),
            await QueuedOwnerAsync("hundred", repositories: 100, jobs: Rounds),
        };
        var runner = await RunnerAsync(Slots);
        var random = new Random(20261126);
        var running = new List<JobCalls>();
        var shares = new Dictionary<string, int> { ["one"] = 0, ["ten"] = 0, ["hundred"] = 0 };
        while (running.Count < Slots)
            running.Add(await runner.ClaimAsync());
        for (var round = 0; round < Rounds; round++)
        {
            // Whichever ends, what the pool is at work on is looked at.
            var ended = random.Next(running.Count);
            await running[ended].CompleteAsync();
            running[ended] = await runner.ClaimAsync();
            foreach (var job in running)
                shares[owners.Single(owner => owner.Repositories.Contains(job.Job.RepoId)).Name]++;
        }

        foreach (var (owner, share) in shares)
            Assert.InRange(share / (double)(Slots * Rounds), 0.95 / 3, 1.05 / 3);
        Assert.True(await CountsAgreeAsync());
    }

    [Fact]
    public async Task Repositories_of_one_owner_take_turns()
    {
        var owner = await QueuedOwnerAsync("ada", repositories: 3, jobs: 9);
        var runner = await RunnerAsync(9);
        var order = new List<long>();
        for (var i = 0; i < 9; i++)
            order.Add((await runner.ClaimAsync()).Job.RepoId);
        for (var turn = 0; turn < 3; turn++)
            Assert.Equal(owner.Repositories.Order(), order.Skip(turn * 3).Take(3).Order());
    }

    [Fact]
    public async Task Asking_for_more_sets_of_labels_gives_no_larger_share()
    {
        var greedy = await QueuedOwnerAsync("greedy", repositories: 1, jobs: 30, ["linux"], ["linux", "x64"], ["x64"]);
        await QueuedOwnerAsync("modest", repositories: 1, jobs: 30, ["linux"]);
        var runner = await RunnerAsync(1);
        var greedyClaims = 0;
        for (var i = 0; i < 20; i++)
        {
            var job = await runner.ClaimAsync();
            greedyClaims += job.Job.RepoId == greedy.Repositories[0] ? 1 : 0;
            await job.CompleteAsync();
        }

        Assert.Equal(10, greedyClaims);
    }

    [Fact]
    public async Task A_priority_is_ahead_within_its_repository_only_and_an_operators_is_ahead_of_all()
    {
        var ada = await QueuedOwnerAsync("ada", repositories: 1, jobs: 4);
        var bob = await QueuedOwnerAsync("bob", repositories: 1, jobs: 4);
        await ExecuteAsync("update workflow_jobs set priority = 10 where id = @id", new { id = ada.Jobs[3] });
        var runner = await RunnerAsync(8);
        var first = new[] { (await runner.ClaimAsync()).Job, (await runner.ClaimAsync()).Job };
        Assert.Equal([ada.Jobs[3], bob.Jobs[0]], first.Select(job => job.Id).Order().Order(Comparer<long>.Create((a, b) => a == ada.Jobs[3] ? -1 : 1)));
        Assert.True(await _server.Get<PrioritizeJob>().ExecuteAsync(bob.Jobs[3], Cancellation));
        Assert.True(await _server.Get<PrioritizeJob>().ExecuteAsync(bob.Jobs[2], Cancellation));
        Assert.Equal(bob.Jobs[2], (await runner.ClaimAsync()).Job.Id);
        Assert.Equal(bob.Jobs[3], (await runner.ClaimAsync()).Job.Id);
    }

    [Theory]
    [InlineData("update owners set max_running = 1 where name = 'ada'")]
    [InlineData("update repositories set max_running = 1 where name = 'ada-1'")]
    [InlineData("update actions_site_policy set owner_max_running = 1")]
    [InlineData("update actions_site_policy set repo_max_running = 1")]
    [InlineData("update owners set repo_max_running = 1 where name = 'ada'")]
    public async Task Fifty_claimers_on_a_cap_of_one_get_one_job_and_its_end_wakes_the_next(string cap)
    {
        var ada = await QueuedOwnerAsync("ada", repositories: 1, jobs: 60);
        await ExecuteAsync(cap, new { });
        var runners = new List<RunnerCalls>();
        for (var i = 0; i < 50; i++)
            runners.Add(await RunnerAsync(1));
        var waiting = runners.Select(runner => (Runner: runner, Answer: runner.HeartbeatAsync(new HeartbeatRequest(WaitSeconds: 50)))).ToList();
        for (var ends = 0; ends < 5; ends++)
        {
            var answered = await Until.SignalledAsync(Task.WhenAny(waiting.Select(call => call.Answer)));
            Assert.Equal(1, await ScalarAsync<int>("select count(*) from workflow_jobs where status = 'running'"));
            var call = waiting.Single(call => call.Answer == answered);
            waiting.Remove(call);
            var job = JobCalls.From(call.Runner, await answered);
            Assert.Equal(ada.Jobs[ends], job.Job.Id);
            await job.CompleteAsync();
        }

        await ExecuteAsync("update actions_site_policy set enabled = false", new { });
        _server.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();
        await Task.WhenAll(waiting.Select(call => call.Answer));
        Assert.True(await CountsAgreeAsync());
    }

    [Fact]
    public async Task A_cap_is_held_by_two_servers_that_are_asked_at_once()
    {
        await QueuedOwnerAsync("ada", repositories: 2, jobs: 40);
        await ExecuteAsync("update owners set max_running = 3 where name = 'ada'", new { });
        var batches = new[] { new ClaimJob(_server.Database.DataSource), new ClaimJob(_server.Database.DataSource) }
            .Select(claim => new ClaimBatches(claim)).ToList();
        var runners = new List<RunnerCalls>();
        for (var i = 0; i < 20; i++)
            runners.Add(await RunnerAsync(2));
        var outcomes = await Task.WhenAll(runners.SelectMany((runner, i) => batches.Select(batch => batch.TryAsync(
            new ClaimRequest(OpaqueToken.Hash(runner.Token), null, null, null, null, Guid.NewGuid().ToString(), 60), Cancellation))));
        Assert.Equal(3, outcomes.Count(outcome => outcome.Result == ClaimResult.Claimed));
        Assert.Equal(37, outcomes.Count(outcome => outcome.Result == ClaimResult.Nothing));
    }

    [Fact]
    public async Task In_one_batch_a_runner_gets_what_it_has_room_for_a_repeated_claim_one_job_and_each_set_of_labels_its_own()
    {
        var ada = await QueuedOwnerAsync("ada", repositories: 1, jobs: 6, ["gpu", "x64"], ["linux"]);
        var (roomy, small) = (await RunnerAsync(2), await RunnerAsync(1));
        var gpu = await _server.Get<Runners.RunnerPool>().RegisterAsync("gpu", ["gpu", "x64"], 5, null, Cancellation);
        ClaimRequest Ask(string token, string claim) => new(OpaqueToken.Hash(token), null, null, null, null, claim, 60);

        var outcomes = await new ClaimJob(_server.Database.DataSource).ExecuteAsync(
            [
                Ask(small.Token, "one"), Ask(small.Token, "two"), Ask(gpu!.Token, "one"), Ask(roomy.Token, "one"), Ask(roomy.Token, "one"),
                Ask(gpu.Token, "two"), Ask(roomy.Token, "two"), Ask(roomy.Token, "three"), Ask(gpu.Token, "three"), Ask(gpu.Token, "four"),
            ],
            Cancellation);

        Assert.Equal(
            new long?[] { ada.Jobs[0], null, ada.Jobs[1], ada.Jobs[2], ada.Jobs[2], ada.Jobs[3], ada.Jobs[4], null, ada.Jobs[5], null },
            outcomes.Select(outcome => outcome.Job?.Id));
        Assert.Equal(6, await ScalarAsync<int>("select count(*) from workflow_runs where status = 'running'"));
        Assert.True(await CountsAgreeAsync());
    }

    [Fact]
    public async Task Two_hundred_waiting_runners_and_one_job_make_a_handful_of_statements()
    {
        // Each claim statement takes the lock once.
        await ExecuteAsync(
            """
            create sequence statement_count minvalue 0 start 0;
            alter function queue_lock() rename to queue_lock_itself;
            create function queue_lock() returns void language sql as 'select nextval(''statement_count''); select queue_lock_itself()';
            """,
            new { });
        var ada = await QueuedOwnerAsync("ada", repositories: 1, jobs: 1);
        var batches = new ClaimBatches(new ClaimJob(_server.Database.DataSource));
        var runners = new List<RunnerCalls>();
        for (var i = 0; i < 200; i++)
            runners.Add(await RunnerAsync(1));
        var before = await ScalarAsync<long>("select last_value from statement_count");
        var outcomes = await Task.WhenAll(runners.Select(runner => batches.TryAsync(
            new ClaimRequest(OpaqueToken.Hash(runner.Token), null, null, null, null, "c", 60), Cancellation)));
        Assert.Equal(ada.Jobs[0], Assert.Single(outcomes, outcome => outcome.Result == ClaimResult.Claimed).Job!.Id);
        Assert.InRange(await ScalarAsync<long>("select last_value from statement_count") - before, 1, 8);
    }

    [Fact]
    public async Task Jobs_that_are_cancelled_while_others_claim_are_never_both()
    {
        var ada = await QueuedOwnerAsync("ada", repositories: 4, jobs: 120);
        var runner = await RunnerAsync(1000);
        var claimed = new ConcurrentBag<long>();
        var cancels = ada.Jobs.Where((_, i) => i % 2 == 0).Select(async id =>
            await _server.Get<CancelJob>().ExecuteAsync(
                await ScalarAsync<long>($"select run_id from workflow_jobs where id = {id}"), id, Cancellation));
        var claims = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (await runner.TryClaimAsync() is { } job)
                claimed.Add(job.Job.Id);
        });
        await Task.WhenAll([.. cancels, .. claims]);
        while (await runner.TryClaimAsync() is { } job)
            claimed.Add(job.Job.Id);
        Assert.Equal(claimed.Count, claimed.Distinct().Count());
        Assert.Equal(0, await ScalarAsync<int>("select count(*) from workflow_jobs where status = 'queued'"));
        Assert.Equal(claimed.Count, await ScalarAsync<int>("select count(*) from workflow_jobs where status = 'running'"));
        Assert.True(await CountsAgreeAsync());
    }

    [Fact]
    public async Task A_repository_that_was_switched_off_and_on_again_goes_on_where_it_was()
    {
        var ada = await QueuedOwnerAsync("ada", repositories: 1, jobs: 3);
        var runner = await RunnerAsync(10);
        Assert.Equal(ada.Jobs[0], (await runner.ClaimAsync()).Job.Id);
        foreach (var table in (string[])["owners", "repositories"])
        {
            await ExecuteAsync($"update {table} set actions_enabled = false", new { });
            Assert.Equal(HttpStatusCode.NoContent, (await runner.HeartbeatAsync()).Status);
            await ExecuteAsync($"update {table} set actions_enabled = true", new { });
        }

        Assert.Equal(ada.Jobs[1], (await runner.ClaimAsync()).Job.Id);
        Assert.Equal(ada.Jobs[2], (await runner.ClaimAsync()).Job.Id);
    }

    /// <summary>The counts that claims go by are those of the jobs' rows, once the notes are read.</summary>
    private async Task<bool> CountsAgreeAsync()
    {
        await ExecuteAsync("select queue_lock(), queue_read_notes(100000)", new { });
        return await ScalarAsync<bool>(
            """
            select not exists (
                select
                from queue_repositories q
                where q.running <> (select count(*) from workflow_jobs j where j.repo_id = q.repo_id and j.status = 'running'))
            and not exists (
                select
                from queue_owners q
                where q.running <> (
                    select count(*) from workflow_jobs j join repositories p on p.id = j.repo_id
                    where p.owner_id = q.owner_id and j.status = 'running'))
            """);
    }

    private async Task<RunnerCalls> RunnerAsync(int capacity)
    {
        var name = $"runner-{Guid.NewGuid():N}";
        var runner = await _server.Get<Runners.RunnerPool>().RegisterAsync(name, ["linux", "x64"], capacity, null, Cancellation);
        return new RunnerCalls(_server, runner!.Id, runner.Token);
    }

    /// <summary>Jobs go to the owner's repositories, and to the sets of labels, in turn; each in a run of its own.</summary>
    private async Task<QueuedOwner> QueuedOwnerAsync(string name, int repositories, int jobs, params string[][] labels)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        if (labels.Length == 0)
            labels = [["linux"]];
        var sets = new List<int>();
        foreach (var set in labels)
        {
            sets.Add(await connection.ExecuteScalarAsync<int>(
                "insert into label_sets (labels) values (@set) on conflict (labels) do update set labels = excluded.labels returning id", new { set }));
        }

        var repos = (await connection.QueryAsync<long>(
            """
            with owner as (insert into owners (name, kind) values (@name, 'user') returning id)
            insert into repositories (owner_id, name)
            select owner.id, @name || '-' || n from owner cross join generate_series(1, @repositories) n
            returning id
            """,
            new { name, repositories })).AsList();
        var ids = (await connection.QueryAsync<long>(
            """
            with run as (
                insert into workflow_runs (repo_id, run_index, workflow_file, workflow_name, event, head_sha, head_ref, trigger_event_id, status)
                select (@repos)[1 + (n - 1) % cardinality(@repos)], n, 'f', 'n', 'push', repeat('a', 40), 'refs/heads/trunk', n::text, 'queued'
                from generate_series(1, @jobs) n
                order by 2
                returning id, repo_id, run_index
            )
            insert into workflow_jobs (run_id, repo_id, job_key, job_name, runs_on, label_set_id, timeout_minutes, status, queued_at)
            select id, repo_id, 'j', 'j', '{}', (@sets)[1 + run_index % cardinality(@sets)], 10, 'queued', now()
            from run
            order by id
            returning id
            """,
            new { repos = repos.ToArray(), jobs, sets = sets.ToArray() })).AsList();
        return new QueuedOwner(name, repos, ids);
    }

    private async Task ExecuteAsync(string sql, object parameters)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await connection.ExecuteAsync(sql, parameters);
    }

    private async Task<T?> ScalarAsync<T>(string sql)
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.ExecuteScalarAsync<T>(sql);
    }

    private sealed record QueuedOwner(string Name, IReadOnlyList<long> Repositories, IReadOnlyList<long> Jobs);
}
