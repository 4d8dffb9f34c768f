using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Warm;

public sealed class WarmImageTests
{
    [Fact]
    public async Task A_container_whose_image_was_renewed_is_not_used()
    {
        const string Image = "localhost/shithub/warm-test:1";
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        await podman.PodmanAsync("tag", PodmanFixture.Image, Image);
        try
        {
            await using var server = await FakeServer.StartAsync();
            await using var runner = await RunningRunner.StartAsync(server, ("engine.warm", "1"), ("engine.default_image", Image));
            string[] ofRunner = ["ps", "--all", "--quiet", "--no-trunc", "--filter", "label=shithub.warm", "--filter", $"label=shithub.runner={runner.WorkspaceRoot}"];
            await Eventually.BecomesAsync(true, async () => (await podman.PodmanAsync(ofRunner)).Length > 0);
            var waiting = await podman.PodmanAsync(ofRunner);
            var changed = await podman.PodmanAsync("create", Image, "true");
            await podman.PodmanAsync("commit", "--quiet", "--change", "ENV RENEWED=yes", changed, Image);
            await podman.PodmanAsync("rm", changed);

            var job = server.Enqueue("echo \"$RENEWED\"");
            Assert.Equal("success", await job.ConclusionAsync());
            Assert.Equal("yes\n", job.Log(0));
            Assert.DoesNotContain(waiting, await podman.PodmanAsync("ps", "--all", "--quiet", "--no-trunc"), StringComparison.Ordinal);
        }
        finally
        {
            await podman.PodmanAsync("rmi", "--force", Image);
        }
    }
}
