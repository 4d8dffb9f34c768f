using System.Net;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.Web;
using Xunit;

namespace Shithub.Actions.Server.Tests.PullRequests;

public sealed class PullPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_pages_show_a_pull_request_its_approval_and_its_checks()
    {
        await using var world = await Proposals.StartAsync();
        var stranger = await world.CloneAsync(world.Host.Stranger);
        await stranger.CommitAsync("a.txt", "a", "<script>alert(1)</script>\n\n<b>Body</b>");
        await stranger.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        await world.RunsAsync();
        var path = $"/{world.Base.FullName}";
        using var visitor = new SignedIn(world.Server.BaseUrl);
        using var writer = new SignedIn(world.Server.BaseUrl, await CookieAsync(world, world.Host.Writer));
        using var author = new SignedIn(world.Server.BaseUrl, await CookieAsync(world, world.Host.Stranger));

        var list = await visitor.GetAsync($"{path}/pulls");
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", list.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert(1)", list.Body, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;Body&lt;/b&gt;", (await visitor.GetAsync($"{path}/pulls/1")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync($"{path}/pulls/2")).Status);
        Assert.Contains("waits for approval", (await visitor.GetAsync($"{path}/pulls/1/checks")).Body, StringComparison.Ordinal);

        // Who may not write has no button, and no luck without it.
        Assert.DoesNotContain("Approve and run", (await author.GetAsync($"{path}/actions/runs/1")).Body, StringComparison.Ordinal);
        Assert.Contains("Approve and run", (await writer.GetAsync($"{path}/actions/runs/1")).Body, StringComparison.Ordinal);
        var sha = await world.ScalarAsync<string>("select head_sha from workflow_runs");
        var form = new Dictionary<string, string> { ["head_sha"] = sha! };
        Assert.Equal(HttpStatusCode.Forbidden, (await author.PostAsync($"{path}/actions/runs/1/approve", form)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await writer.PostAsync($"{path}/actions/runs/1/approve", form, site: "cross-site")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await writer.PostAsync($"{path}/actions/runs/1/approve", new() { ["head_sha"] = world.BaseSha })).Status);
        Assert.Equal("waiting", (await world.RunsAsync())[0].Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await writer.PostAsync($"{path}/actions/runs/1/approve", form)).Status);
        await (await (await world.RunnerAsync()).ClaimAsync()).CompleteAsync();
        var checks = (await visitor.GetAsync($"{path}/pulls/1/checks")).Body;
        Assert.Contains("Pull / of-base (pull_request)", checks, StringComparison.Ordinal);
        Assert.Contains("aria-label=\"success\"", checks, StringComparison.Ordinal);
        Assert.Contains("approved by olga", (await visitor.GetAsync($"{path}/actions/runs/1")).Body, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Unauthorized, (await visitor.PostAsync($"{path}/pulls/1/close")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await author.PostAsync($"{path}/pulls/1/close")).Status);
        Assert.Contains("closed", (await visitor.GetAsync($"{path}/pulls?state=closed")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await writer.PostAsync($"{path}/pulls/1/reopen")).Status);
    }

    private static async Task<string> CookieAsync(Proposals world, string token) =>
        (await world.Server.Get<Sessions>().CreateAsync(token, Cancellation))!.Cookie;
}
