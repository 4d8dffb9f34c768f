using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

public sealed class JobTests
{
    [Fact]
    public async Task A_jobs_steps_run_in_order_and_their_logs_are_what_they_wrote()
    {
        await using var server = await FakeServer.StartAsync();
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue("echo one; echo err >&2; id -u; pwd", "echo two");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("one\nerr\n65534\n/github/workspace\n", job.Log(0));
        Assert.Equal("two\n", job.Log(1));
        Assert.Equal("success", job.Step(0));
        Console.WriteLine(job.Log(null));
    }
}
