using System.Text.Json.Nodes;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Secrets;

public sealed class EnvironmentVariableTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Variables_of_an_environment_come_before_those_of_the_run_for_jobs_with_that_environment_alone()
    {
        var pool = await Pool.CreateAsync(_server);
        var variables = _server.Get<Variables>();
        var production = new VariableScope(null, pool.RepoId, "production");
        Assert.True(await variables.SetAsync(production, "color", "red", Cancellation));
        Assert.True(await variables.SetAsync(production, "Color", "green", Cancellation));
        Assert.True(await variables.SetAsync(new VariableScope(null, pool.RepoId, "staging"), "COLOR", "grey", Cancellation));
        Assert.Equal("Color=green", Show(await variables.ListAsync(production, Cancellation)));
        Assert.Empty(await variables.ListAsync(VariableScope.OfRepository(pool.RepoId), Cancellation));
        var runner = await pool.RegisterAsync(capacity: 2);
        Assert.Equal("""{"Color":"green","size":"1"}""", await VarsOfAsync(pool, runner, "environment: Production, "));
        Assert.Equal("""{"COLOR":"blue","size":"1"}""", await VarsOfAsync(pool, runner, ""));
        Assert.True(await variables.DeleteAsync(production, "COLOR", Cancellation));
        Assert.False(await variables.DeleteAsync(production, "COLOR", Cancellation));
    }

    private async Task<string> VarsOfAsync(Pool pool, RunnerCalls runner, string environment)
    {
        var plan = TestPlan.OfYaml(
            $"{{on: push, jobs: {{a: {{runs-on: {pool.Label}, {environment}steps: [{{run: x}}]}}}}}}", new JsonObject { ["ref"] = "refs/heads/trunk" });
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await EnqueueRun.ExecuteAsync(connection, transaction, pool.NewRun(plan), Cancellation);
            await transaction.CommitAsync(Cancellation);
        }

        await pool.ExecuteAsync(
            """update workflow_run_definitions d set vars = '{"COLOR":"blue","size":"1"}' from workflow_runs r where r.id = d.run_id and r.repo_id = @RepoId""",
            new { pool.RepoId });
        return (await runner.ClaimAsync()).Job.Contexts!.Values.GetProperty("vars").GetRawText();
    }

    private static string Show(IEnumerable<Variable> variables) =>
        string.Join(' ', variables.Select(variable => $"{variable.Name}={variable.Value}"));
}
