using System.Diagnostics;
using System.Globalization;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Escape;

public sealed class EndlessLineTests
{
    private const long LineBytes = 1L << 30;

    /// <summary>In KiB; an idle runner takes a third of it, the line would take five thousand times a chunk.</summary>
    private const long PeakMax = 300 * 1024;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_line_of_1_GB_arrives_whole_and_the_runner_stays_small()
    {
        await using var server = await FakeServer.StartAsync();
        var podman = await PodmanFixture.GetAsync(Cancellation);
        var start = new ProcessStartInfo(
            SourceFolder.Program("Shithub.Actions.Runner", "shithubd-runner"),
            [
                "run", "--config", "/dev/null", "--server-url", server.BaseUrl.ToString(), "--token", FakeServer.RunnerToken, "--engine", "podman",
                "--engine-socket", podman.Socket, "--image", PodmanFixture.Image, "--network", "none", "--workspace-root", podman.NewWorkspaceRoot(),
            ])
        { UseShellExecute = false };
        using var process = Process.Start(start)!;
        try
        {
            var job = server.Enqueue($"head -c {LineBytes} /dev/zero | tr '\\0' x; echo");
            job.KeepsLog = false;
            await job.Ended.WaitAsync(TimeSpan.FromMinutes(5), Cancellation);

            Assert.Equal("success", job.Step(0));
            Assert.InRange(job.LogLength, LineBytes, LineBytes + (1 << 20));
            Assert.InRange(await PeakAsync(process.Id), 1, PeakMax);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<long> PeakAsync(int process)
    {
        var lines = await File.ReadAllLinesAsync($"/proc/{process}/status", Cancellation);
        var peak = lines.Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(peak, CultureInfo.InvariantCulture);
    }
}
