using Xunit;

namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>The reference runbook, with its own commands, against both programs.</summary>
public sealed class SmokeRunbookTests
{
    [Theory]
    [InlineData("curl-token.sh")]
    [InlineData("cancel.sh")]
    public async Task The_runbook_holds_with_curl_as_the_runner(string script)
    {
        await using var system = await LiveSystem.StartAsync(withRunner: false);
        await system.SmokeAsync(script);
    }

    [Theory]
    [InlineData("two-repositories.sh")]
    [InlineData("rerun.sh")]
    [InlineData("unsupported-label.sh")]
    [InlineData("runner-outage.sh")]
    [InlineData("timeout.sh")]
    public async Task The_runbook_holds_with_the_real_runner(string script)
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        await system.SmokeAsync(script);
    }

    [Fact]
    public async Task An_untrusted_pull_request_has_no_secret_in_its_container_before_or_after_its_approval()
    {
        await using var system = await LiveSystem.StartAsync(withRunner: true);
        await system.SmokeAsync("untrusted-pull-request.sh");
    }
}
