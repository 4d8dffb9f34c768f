using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Secrets;

/// <summary>What a runner gets of the context <c>secrets</c>, and what the database keeps of it.</summary>
public sealed class ClaimedSecretTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_has_the_secrets_that_its_job_names_and_no_other()
    {
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"), ("BETA", "beta-value"));
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ secrets.alpha }}', N: '${{ secrets.missing }}'}}]");
        var job = (await (await pool.RegisterAsync()).ClaimAsync()).Job;
        Assert.Equal("ALPHA=alpha-value", Show(job.Secrets));
        Assert.Contains("alpha-value", job.MaskValues);
        Assert.DoesNotContain("beta-value", job.MaskValues);
    }

    [Fact]
    public async Task A_job_that_names_no_secret_gets_none_and_leaves_no_mask()
    {
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"));
        await EnqueueAsync(pool, "steps: [{run: x}]");
        var job = (await (await pool.RegisterAsync()).ClaimAsync()).Job;
        Assert.Empty(job.Secrets);
        Assert.Equal(job.CheckoutToken, Assert.Single(job.MaskValues));
        Assert.Equal(0, await pool.ScalarAsync<int>("select count(*) from workflow_job_secret_masks where job_id = @Id", new { job.Id }));
    }

    [Fact]
    public async Task The_nearest_scope_wins()
    {
        var pool = await Pool.CreateAsync(_server);
        var owner = await pool.ScalarAsync<long>("select owner_id from repositories where id = @RepoId", new { pool.RepoId });
        string[] names = [.. new[] { "S", "O", "R", "E" }.Select(level => $"{level}_{pool.RepoId}")];
        await SetAsync(SecretScope.Site, [.. names.Select(name => (name, "of-site"))]);
        await SetAsync(SecretScope.OfOwner(owner), [.. names.Skip(1).Select(name => (name, "of-owner"))]);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), [.. names.Skip(2).Select(name => (name, "of-repository"))]);
        await SetAsync(SecretScope.OfRepository(pool.RepoId, "Production"), [.. names.Skip(3).Select(name => (name, "of-production"))]);
        await SetAsync(SecretScope.OfRepository(pool.RepoId, "staging"), [.. names.Select(name => (name, "of-staging"))]);
        var env = string.Join(", ", names.Select(name => $"{name}: '${{{{ secrets.{name} }}}}'"));
        var runner = await pool.RegisterAsync(capacity: 2);
        await EnqueueAsync(pool, $"environment: production, env: {{{env}}}, steps: [{{run: x}}]");
        var values = (await runner.ClaimAsync()).Job.Secrets;
        Assert.Equal(["of-site", "of-owner", "of-repository", "of-production"], names.Select(name => values[name]));
        await EnqueueAsync(pool, $"env: {{{env}}}, steps: [{{run: x}}]");
        Assert.Equal("of-repository", (await runner.ClaimAsync()).Job.Secrets[names[3]]);
    }

    [Fact]
    public async Task Another_repositorys_secrets_are_never_seen()
    {
        var other = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(other.RepoId), ("FOREIGN", "foreign-value"));
        var pool = await Pool.CreateAsync(_server);
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ toJSON(secrets) }}'}}]");
        var job = (await (await pool.RegisterAsync()).ClaimAsync()).Job;
        Assert.Equal(["GITHUB_TOKEN", "SHITHUB_TOKEN"], job.Secrets.Keys.Where(SecretPlan.TokenNames.Contains).Order());
        Assert.DoesNotContain("FOREIGN", job.Secrets.Keys);
    }

    [Fact]
    public async Task The_token_is_the_one_that_fetches_the_repository()
    {
        var pool = await Pool.CreateAsync(_server);
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ secrets.GITHUB_TOKEN }}'}}]");
        var job = (await (await pool.RegisterAsync()).ClaimAsync()).Job;
        Assert.Equal($"GITHUB_TOKEN={job.CheckoutToken}", Show(job.Secrets));
        Assert.Equal(job.CheckoutToken, job.Contexts!.Values.GetProperty("github").GetProperty("token").GetString());
    }

    [Fact]
    public async Task Masks_name_each_line_and_are_kept_sealed_though_the_secret_changes_or_goes()
    {
        const string Key = "-----BEGIN-----\r\n  first-line\n}\nlast-line\n-----END-----";
        var pool = await Pool.CreateAsync(_server);
        var scope = SecretScope.OfRepository(pool.RepoId);
        await SetAsync(scope, ("KEY", Key));
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ secrets.KEY }}'}}]");
        var runner = await pool.RegisterAsync();
        var first = (await runner.ClaimAsync(new(ClaimId: "again"))).Job;
        string[] lines = [Key, "-----BEGIN-----", "first-line", "last-line", "-----END-----"];
        Assert.Equal(lines.Order(), first.MaskValues.Except([first.CheckoutToken]).Order());

        await SetAsync(scope, ("KEY", "changed-value"));
        var second = (await runner.ClaimAsync(new(ClaimId: "again"))).Job;
        Assert.Equal("changed-value", second.Secrets["KEY"]);
        await _server.Get<WorkflowSecrets>().DeleteAsync(scope, "key", Cancellation);
        Assert.Equal(
            [.. lines.Append("changed-value").Order()],
            (await _server.Get<SecretMasks>().ReadAsync(first.Id, first.Attempt, Cancellation)).Values.Order());
    }

    [Fact]
    public async Task A_called_workflow_gets_what_it_is_given_and_the_mapping_is_kept_without_values()
    {
        const string Called = """
            on: {workflow_call: {secrets: {token: {required: true}}}}
            jobs:
              inner:
                runs-on: LABEL
                steps: [{run: x, env: {T: "${{ secrets.token }}", A: "${{ secrets.ALPHA }}"}}]
            """;
        const string Caller = """
            on: push
            jobs:
              first: {runs-on: LABEL, outputs: {o: "${{ steps.s.outputs.o }}"}, steps: [{id: s, run: x}]}
              call:
                needs: first
                uses: ./.shithub/workflows/called.yml
                secrets: {token: "${{ format('{0}:{1}', secrets.ALPHA, needs.first.outputs.o) }}"}
            """;
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"));
        await EnqueueAsync(pool, TestPlan.OfYaml(
            Caller.Replace("LABEL", pool.Label, StringComparison.Ordinal), new JsonObject(),
            called: new() { [".shithub/workflows/called.yml"] = Called.Replace("LABEL", pool.Label, StringComparison.Ordinal) }));
        var runner = await pool.RegisterAsync(capacity: 2);
        var first = await runner.ClaimAsync();
        Assert.Empty(first.Job.Secrets);
        (await first.CallAsync(new WireCall(
            _ => $"/api/v1/jobs/{first.Job.Id}/status",
            _ => """{"status":"completed","conclusion":"success","outputs":{"o":"from-needs"},"tainted_outputs":["o"]}"""))).MustBe(HttpStatusCode.OK);
        var inner = (await runner.ClaimAsync()).Job;
        Assert.Equal("token=alpha-value:from-needs", Show(inner.Secrets));
        Assert.Equal(["alpha-value", "alpha-value:from-needs"], inner.MaskValues.Except([inner.CheckoutToken]).Order());
        // Part of the secret was chosen by whoever chose the output: it must not enter a script either.
        Assert.Contains("/secrets/token", inner.Contexts!.Tainted);
    }

    [Theory]
    [InlineData("push", true)]
    [InlineData("workflow_dispatch", true)]
    [InlineData("schedule", true)]
    [InlineData("pull_request", false)]
    [InlineData("pull_request_target", false)]
    [InlineData("Push", false)]
    [InlineData("", false)]
    public async Task Only_events_of_people_who_may_write_bring_secrets(string name, bool isTrusted)
    {
        Assert.Equal(isTrusted, EventTrust.GivesSecrets(name, RunTrust.OfEvent(name)));
        Assert.False(EventTrust.GivesSecrets(name, RunTrust.Untrusted));
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"));
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ toJSON(secrets) }}'}}]", name);
        var job = (await (await pool.RegisterAsync()).ClaimAsync()).Job;
        Assert.Equal(isTrusted, job.Secrets.ContainsKey("ALPHA"));
        Assert.Equal(isTrusted, job.Secrets.Count > 0);
        Assert.Equal(isTrusted, job.MaskValues.Count > 0);
        Assert.Equal(
            isTrusted ? 1 : 0, await pool.ScalarAsync<int>("select count(*) from workflow_job_secret_masks where job_id = @Id", new { job.Id }));
    }

    [Fact]
    public async Task A_value_that_was_moved_to_another_row_does_not_open()
    {
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"), ("BETA", "beta-value"));
        await pool.ExecuteAsync(
            """
            update workflow_secrets s set sealed = other.sealed
            from workflow_secrets other
            where s.repo_id = @RepoId and other.repo_id = @RepoId and s.name = 'BETA' and other.name = 'ALPHA'
            """,
            new { pool.RepoId });
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ secrets.ALPHA }}${{ secrets.BETA }}'}}]");
        Assert.Equal("ALPHA=alpha-value", Show((await (await pool.RegisterAsync()).ClaimAsync()).Job.Secrets));
    }

    [Fact]
    public async Task A_claim_costs_the_same_round_trips_with_secrets_and_without()
    {
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", "alpha-value"));
        var runner = await pool.RegisterAsync(capacity: 3);
        // The first claim of a server opens its connection, which is prepared by commands of its own.
        await EnqueueAsync(pool, "steps: [{run: x}]");
        await runner.ClaimAsync();
        await EnqueueAsync(pool, "steps: [{run: x}]");
        var without = await CommandsOfAsync(() => runner.ClaimAsync());
        await EnqueueAsync(pool, "steps: [{run: x, env: {A: '${{ secrets.ALPHA }}'}}]");
        var with = await CommandsOfAsync(() => runner.ClaimAsync());
        // The claim itself is one batch; keeping the masks is the second.
        Assert.Equal((1, 2), (without, with));
    }

    [Fact]
    public async Task Nothing_that_is_stored_has_a_secret_in_the_clear()
    {
        const string Value = "c0rrect-horse-battery-staple";
        var pool = await Pool.CreateAsync(_server);
        await SetAsync(SecretScope.OfRepository(pool.RepoId), ("ALPHA", Value));
        await EnqueueAsync(
            pool, "steps: [{run: 'echo ${{ secrets.ALPHA }}', env: {A: '${{ toJSON(secrets) }}'}}], outputs: {o: '${{ secrets.ALPHA }}'}");
        var job = await (await pool.RegisterAsync()).ClaimAsync();
        Assert.Equal(Value, job.Job.Secrets["ALPHA"]);
        await job.CompleteAsync("success");

        var dump = await DumpAsync();
        Assert.Contains("workflow_secrets", dump, StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(Value);
        Assert.DoesNotContain(Value, dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(bytes), dump, StringComparison.OrdinalIgnoreCase);
        for (var offset = 0; offset < 3; offset++)
        {
            // Without the characters that the bytes before and after have a share in.
            var encoded = Convert.ToBase64String([.. new byte[offset], .. bytes]);
            Assert.DoesNotContain(encoded[(offset == 0 ? 0 : offset + 1)..^4], dump, StringComparison.Ordinal);
        }
    }

    private async Task<string> DumpAsync()
    {
        var database = new NpgsqlConnectionStringBuilder(_server.Database.Url);
        var start = new ProcessStartInfo(
            Path.Combine(PostgresFixture.FindBinaries(), "pg_dump"),
            ["--data-only", $"--host={database.Host}", $"--port={database.Port}", $"--username={database.Username}", database.Database!])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.Equal(0, process.ExitCode);
        return text;
    }

    /// <summary>How many commands go to the database during an action of this test: Npgsql's own spans say.</summary>
    private static async Task<int> CommandsOfAsync(Func<Task> action)
    {
        var commands = 0;
        using var parent = new Activity("counted").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.TraceId == parent.TraceId)
                    Interlocked.Increment(ref commands);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await action();
        return commands;
    }

    private async Task SetAsync(SecretScope scope, params (string Name, string Value)[] values)
    {
        foreach (var (name, value) in values)
            await _server.Get<WorkflowSecrets>().SetAsync(scope, name, value, Cancellation);
    }

    private Task EnqueueAsync(Pool pool, string job, string name = "push") => EnqueueAsync(
        pool, TestPlan.OfYaml("{on: push, jobs: {a: {runs-on: " + pool.Label + ", " + job + "}}}", new JsonObject { ["ref"] = "refs/heads/trunk" }), name);

    private async Task EnqueueAsync(Pool pool, PlannedRun plan, string name = "push")
    {
        await using var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var run = pool.NewRun(plan) with { Event = name };
        await EnqueueRun.ExecuteAsync(connection, transaction, run, Cancellation);
        await transaction.CommitAsync(Cancellation);
    }

    private static string Show(IReadOnlyDictionary<string, string> secrets) =>
        string.Join(' ', secrets.OrderBy(secret => secret.Key, StringComparer.Ordinal).Select(secret => $"{secret.Key}={secret.Value}"));
}
