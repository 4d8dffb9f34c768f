using System.Net;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Logs;

/// <summary>Two servers on one database, as behind a proxy, and jobs that were given secrets.</summary>
public sealed class SecretJobs : IAsyncLifetime
{
    private const string RootKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    public TestServer First { get; private set; } = null!;

    public TestServer Second { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        First = await TestServer.StartAsync(new StoppedTime(), ("runners.max_retries", "3"), ("auth.totp_key_b64", RootKey));
        Second = await TestServer.StartAsync(new StoppedTime(), ("database.url", First.Database.Url), ("auth.totp_key_b64", RootKey));
    }

    public async ValueTask DisposeAsync()
    {
        await Second.DisposeAsync();
        await First.DisposeAsync();
    }

    /// <summary>A job with two steps that reads these secrets, claimed from the first server.</summary>
    public async Task<(Pool Pool, JobCalls Job)> ClaimAsync(params string[] values)
    {
        var pool = await Pool.CreateAsync(First);
        for (var i = 0; i < values.Length; i++)
            await First.Get<WorkflowSecrets>().SetAsync(SecretScope.OfRepository(pool.RepoId), $"S{i}", values[i], Cancellation);
        return await ClaimAsync(pool, string.Join(", ", values.Select((_, i) => $"V{i}: '${{{{ secrets.S{i} }}}}'")));
    }

    /// <summary>A job with this <c>env</c>, of a repository whose secret <c>S0</c> has the value.</summary>
    public async Task<(Pool Pool, JobCalls Job)> ClaimWithAsync(string env, string value)
    {
        var pool = await Pool.CreateAsync(First);
        await First.Get<WorkflowSecrets>().SetAsync(SecretScope.OfRepository(pool.RepoId), "S0", value, Cancellation);
        return await ClaimAsync(pool, env);
    }

    private async Task<(Pool Pool, JobCalls Job)> ClaimAsync(Pool pool, string env)
    {
        var plan = TestPlan.OfYaml(
            $"{{on: push, jobs: {{a: {{runs-on: {pool.Label}, env: {{{env}}}, steps: [{{run: x}}, {{run: x}}]}}}}}}",
            new JsonObject { ["ref"] = "refs/heads/trunk" });
        await using (var connection = await First.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await EnqueueRun.ExecuteAsync(connection, transaction, pool.NewRun(plan), Cancellation);
            await transaction.CommitAsync(Cancellation);
        }

        return (pool, await (await pool.RegisterAsync()).ClaimAsync());
    }

    /// <summary>Sends bytes as they are, as a runner does that scrubs nothing.</summary>
    public async Task<Answer> LogAsync(
        JobCalls job, int seq, byte[] bytes, long? stepId = null, TestServer? server = null, string[]? masks = null, string? key = null)
    {
        var body = System.Text.Json.JsonSerializer.Serialize(
            new AppendLogRequest(seq, Convert.ToBase64String(bytes), stepId, masks), ProtocolJson.Default.AppendLogRequest);
        var answer = await job.SendAsync(
            new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/logs", _ => body), job.Token, key, (server ?? First).Client);
        if (answer.Status == HttpStatusCode.OK)
            job.Token = answer.NextToken!;
        return answer;
    }

    /// <summary>What is stored of one log, in order.</summary>
    public async Task<byte[]> StoredAsync(long jobId, long? stepId, int attempt = 1)
    {
        await using var command = First.Database.DataSource.CreateCommand(
            "select coalesce(string_agg(chunk, ''::bytea order by seq), ''::bytea) from workflow_step_log_chunks "
                + "where job_id = $1 and attempt = $2 and step_id is not distinct from $3");
        command.Parameters.Add(new() { Value = jobId });
        command.Parameters.Add(new() { Value = attempt });
        command.Parameters.Add(new() { Value = (object?)stepId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        return (byte[])(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
