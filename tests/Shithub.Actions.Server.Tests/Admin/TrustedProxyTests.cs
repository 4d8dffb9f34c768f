using System.Text;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>Where the audit log says that a decision came from, with and without a reverse proxy.</summary>
public sealed class TrustedProxyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "203.0.113.9", "127.0.0.1")]
    [InlineData("127.0.0.1", null, "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9")]
    // What the caller wrote in front of what the proxy adds.
    [InlineData("127.0.0.0/8", "127.0.0.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1,10.20.0.0/16", "198.51.100.7, 203.0.113.9, 10.20.3.4", "203.0.113.9")]
    [InlineData("10.20.0.0/16", "203.0.113.9", "127.0.0.1")]
    public async Task A_decision_comes_from_the_last_address_that_no_trusted_proxy_has(string proxies, string? forwarded, string origin)
    {
        await using var server = await TestServer.StartAsync(("server.trusted_proxies", proxies));
        var pool = await Pool.CreateAsync(server);
        var run = await pool.EnqueueAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/runs/{run.RunId}/cancel");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {pool.AccessToken}");
        if (forwarded is not null)
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwarded);
        request.Content = new StringContent("", Encoding.UTF8, "application/json");
        using var answer = await server.Client.SendAsync(request, Cancellation);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
        var entry = (await server.Get<ReadAudit>().ListAsync(null, null, "run.cancel", 1, Cancellation))[0];
        Assert.Equal(origin, entry.Origin?.Replace("::ffff:", "", StringComparison.Ordinal));
    }
}
