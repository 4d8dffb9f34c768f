using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Repositories;

public sealed class CheckoutTokenTests : IAsyncLifetime
{
    private const string Workflow = """
        on: push
        jobs: { green: { runs-on: ubuntu-latest, steps: [{ uses: actions/checkout@v4 }] } }
        """;

    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GitHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_checkout_token_fetches_its_jobs_repository_and_does_nothing_else_and_dies_with_the_job()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.CommitAsync(".shithub/workflows/smoke.yml", Workflow, "One");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        var registered = await _host.Server.Get<RunnerPool>().RegisterAsync("runner-1", ["ubuntu-latest"], 1, null, Cancellation);
        var job = await new RunnerCalls(_host.Server, registered!.Id, registered.Token).ClaimAsync(new HeartbeatRequest(WaitSeconds: 50));

        // The address is what the job was given; the token is the password.
        var url = new UriBuilder(job.Job.CheckoutUrl) { UserName = "x", Password = job.Job.CheckoutToken }.Uri.ToString();
        await client.RunAsync("clone", "--quiet", url, "copy");
        Assert.Equal(sha, await client.RunAsync("-C", "copy", "rev-parse", "HEAD"));
        Assert.Contains("403", (await client.TryAsync("push", url, "trunk:refs/heads/mine")).Error, StringComparison.Ordinal);
        using var api = _host.Server.ClientWith(job.Job.CheckoutToken);
        // git itself would fetch a public repository without showing the token.
        Assert.Equal(404, (int)(await api.GetAsync("/olga/shown.git/info/refs?service=git-upload-pack", Cancellation)).StatusCode);
        Assert.Equal(401, (int)(await api.GetAsync("/api/v1/repos/olga/hidden", Cancellation)).StatusCode);

        await job.CompleteAsync();
        Assert.Contains("Authentication failed", (await client.TryAsync("ls-remote", url)).Error, StringComparison.Ordinal);
    }
}
