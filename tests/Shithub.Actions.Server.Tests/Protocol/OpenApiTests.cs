using System.Text.Json;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

public sealed class OpenApiTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public async Task OpenAPI_names_every_call_of_the_protocol_and_its_members()
    {
        var text = await shared.Server.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken);
        var document = JsonDocument.Parse(text).RootElement;
        var paths = document.GetProperty("paths");
        string[] calls =
        [
            "/api/v1/runners/register", "/api/v1/runners/heartbeat", "/api/v1/runners/leases", "/api/v1/jobs/{id}/logs",
            "/api/v1/jobs/{id}/steps/{stepId}/status", "/api/v1/jobs/{id}/status", "/api/v1/jobs/{id}/cancel-check",
            "/api/v1/jobs/{id}/cancel", "/api/v1/runs/{id}/cancel", "/api/v1/runs/{id}/rerun",
        ];
        Assert.All(calls, call => Assert.True(paths.GetProperty(call).TryGetProperty("post", out _), call));
        var heartbeat = document.GetProperty("components").GetProperty("schemas").GetProperty("HeartbeatRequest").GetProperty("properties");
        Assert.Equal(
            ["capacity", "claim_id", "host_name", "labels", "lease_seconds", "not_claiming", "version", "wait_seconds"],
            heartbeat.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
    }
}
