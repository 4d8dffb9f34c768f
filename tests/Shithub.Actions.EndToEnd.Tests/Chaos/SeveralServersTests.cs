using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>Two servers, one database: whichever is asked gives the same answer, and what happens at one is news at the other.</summary>
public sealed class SeveralServersTests
{
    private const string Workflow = """
        on: [push, workflow_dispatch]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - run: make
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_crosses_from_server_to_server_at_every_call()
    {
        await using var plane = await ControlPlane.StartAsync(servers: 2);
        var runner = await plane.RegisterRunnerAsync("runner", capacity: 2);
        using var first = plane.Client(0);
        using var second = plane.Client(1);

        // The second waits for work; the push goes to the first.
        var waiting = PostAsync(second, "/api/v1/runners/heartbeat", runner, new { wait_seconds = 50, lease_seconds = 60, claim_id = "one" });
        await plane.PushAsync("hello", Workflow, server: 0);
        var (claimed, claim) = await waiting;
        Assert.Equal(HttpStatusCode.OK, claimed);
        var job = claim.GetProperty("job");
        var id = job.GetProperty("id").GetInt64();
        var step = job.GetProperty("steps")[0].GetProperty("id").GetInt64();

        // The same claim again, asked of the other, is the same claim.
        var (repeated, again) = await PostAsync(first, "/api/v1/runners/heartbeat", runner, new { lease_seconds = 60, claim_id = "one" });
        Assert.Equal(HttpStatusCode.OK, repeated);
        Assert.Equal(claim.GetProperty("token").GetString(), again.GetProperty("token").GetString());

        // Who looks at one sees at once what was told to the other.
        using var watch = await second.GetAsync(
            $"/{ControlPlane.User}/hello/actions/runs/{job.GetProperty("run_index").GetInt32()}/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, watch.StatusCode);
        using var live = new StreamReader(await watch.Content.ReadAsStreamAsync(Cancellation));
        var token = Next(await PostAsync(first, $"/api/v1/jobs/{id}/steps/{step}/status", claim.GetProperty("token").GetString()!, new { status = "running" }));
        token = Next(await PostAsync(
            first, $"/api/v1/jobs/{id}/logs", token,
            new { seq = 0, chunk = Convert.ToBase64String("seen from afar\n"u8), step_id = step }));
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            patience.CancelAfter(TimeSpan.FromSeconds(20));
            while (!(await live.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException()).Contains("seen from afar", StringComparison.Ordinal))
            {
            }
        }

        // A cancel at one ends the wait for it at the other.
        var renewal = PostAsync(
            second, "/api/v1/runners/leases", runner, new { leases = new[] { new { job_id = id, attempt = 1 } }, wait_seconds = 50, lease_seconds = 60 });
        var (cancelled, _) = await PostAsync(first, $"/api/v1/jobs/{id}/cancel", plane.Token, new { });
        Assert.Equal(HttpStatusCode.OK, cancelled);
        var (_, leases) = await renewal.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.Contains("cancel_requested", leases.ToString(), StringComparison.Ordinal);

        // The end, at the server that dies right after it.
        var (ended, end) = await PostAsync(second, $"/api/v1/jobs/{id}/status", token, new { status = "cancelled" });
        Assert.True(ended == HttpStatusCode.OK, end.ToString());
        plane.KillServer(1);
        var run = JsonDocument.Parse(await first.GetStringAsync($"/api/v1/runs/{job.GetProperty("run_id").GetInt64()}", Cancellation)).RootElement;
        Assert.Equal("cancelled", run.GetProperty("conclusion").GetString());
        Assert.Equal("seen from afar\n", await first.GetStringAsync($"/api/v1/jobs/{id}/steps/{step}/logs", Cancellation));
    }

    [Fact]
    public async Task A_lost_runners_job_is_rescued_by_whichever_server_is_left()
    {
        await using var plane = await ControlPlane.StartAsync(servers: 2);
        var runner = await plane.RegisterRunnerAsync("runner");
        using var first = plane.Client(0);
        using var second = plane.Client(1);
        await plane.PushAsync("hello", Workflow, server: 1);
        var (claimed, claim) = await PostAsync(
            second, "/api/v1/runners/heartbeat", runner, new { wait_seconds = 20, lease_seconds = 10, claim_id = "one" });
        Assert.Equal(HttpStatusCode.OK, claimed);
        plane.KillServer(1);

        // Nothing had begun, so it is queued again and the same runner may take it.
        var (taken, next) = await PostAsync(first, "/api/v1/runners/heartbeat", runner, new { wait_seconds = 50, lease_seconds = 10, claim_id = "two" });
        Assert.Equal(HttpStatusCode.OK, taken);
        Assert.Equal(claim.GetProperty("job").GetProperty("id").GetInt64(), next.GetProperty("job").GetProperty("id").GetInt64());
        Assert.Equal(2, next.GetProperty("job").GetProperty("attempt").GetInt32());
        var (late, _) = await PostAsync(
            first, $"/api/v1/jobs/{next.GetProperty("job").GetProperty("id").GetInt64()}/status", claim.GetProperty("token").GetString()!,
            new { status = "completed", conclusion = "success" });
        Assert.Equal(HttpStatusCode.Conflict, late);
    }

    internal static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(HttpClient client, string path, string token, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };
        using var response = await client.SendAsync(request, Cancellation);
        var answer = await response.Content.ReadAsStringAsync(Cancellation);
        return (response.StatusCode, answer.Length == 0 ? default : JsonDocument.Parse(answer).RootElement);
    }

    internal static string Next((HttpStatusCode Status, JsonElement Body) answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body.ToString());
        return answer.Body.GetProperty("next_token").GetString()!;
    }
}
