using System.Text;
using Shithub.Actions.Runner.Local;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Local;

public sealed class TerminalReportTests
{
    [Fact]
    public async Task Each_line_is_printed_whole_behind_its_job_and_step()
    {
        await using var server = await FakeServer.StartAsync();
        var job = server.Enqueue("one", "two").Job;
        using var output = new StringWriter();
        var report = new TerminalReport(job, output);
        var first = job.Steps[0].Id;
        await report.AppendLogAsync(null, 0, new("Runner r1\n"u8.ToArray()), new JobMasks([]));
        await report.ReportStepAsync(first, "running", null);
        foreach (var part in Encoding.UTF8.GetBytes("é one\r\n\ntwo").Chunk(1)) await report.AppendLogAsync(first, 0, new(part), new JobMasks([]));
        await report.ReportStepAsync(first, "completed", "failure");
        await report.ReportStepAsync(job.Steps[1].Id, "skipped", "skipped");
        await report.ReportJobAsync("completed", "failure", new JobOutputs(new Dictionary<string, string> { ["a"] = "1" }, []), [], []);

        Assert.Equal(
            ["job | Runner r1", "job / script | é one", "job / script | ", "job / script | two", "job / script | (failure)", "job / script | (skipped)", "job: failure", ""],
            output.ToString().Split(Environment.NewLine));
        Assert.Equal("1", report.Outputs.Values["a"]);
    }
}
