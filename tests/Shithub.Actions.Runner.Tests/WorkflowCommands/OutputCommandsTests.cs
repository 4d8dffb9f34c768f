using System.Text;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.WorkflowCommands;
using Xunit;

namespace Shithub.Actions.Runner.Tests.WorkflowCommands;

/// <summary>'Workflow commands for GitHub Actions', as far as they are written to the log.</summary>
public sealed class OutputCommandsTests
{
    [Theory]
    [InlineData("::add-mask::hunter2\nit is hunter2!\n", "::add-mask::***\nit is ***!\n")]
    [InlineData("  ::Add-Mask::hunter2\nhunter2", "  ::Add-Mask::***\n***")]
    [InlineData("hunter2\n::add-mask::hunter2", "hunter2\n::add-mask::***")]
    [InlineData("::add-mask::a%25b%0Ac\na%b\nc\na%25b\n", "::add-mask::***\n***\na%25b\n")]
    [InlineData("x ::add-mask::hunter2\nhunter2\n", "x ::add-mask::hunter2\nhunter2\n")]
    [InlineData("::add-mask::\n::add-mask:: \n a\n", "::add-mask::\n::add-mask:: \n a\n")]
    [InlineData("::stop-commands::s3cret\n::add-mask::a1\n::s3cret::\n::add-mask::b2\na1 b2\n", "::stop-commands::s3cret\n::add-mask::a1\n::s3cret::\n::add-mask::***\na1 ***\n")]
    [InlineData("::group::One\n::error file=a,line=1::Bad\n::endgroup::\n::debug::x\n", "::group::One\n::error file=a,line=1::Bad\n::endgroup::\n::debug::x\n")]
    [InlineData(":\n::\n:::\n::x\n\n \n", ":\n::\n:::\n::x\n\n \n")]
    [InlineData("::add-mask::hunter2\r\nhunter2\r\n", "::add-mask::***\r\n***\r\n")]
    [InlineData("no line end", "no line end")]
    [InlineData("é::\n::é\n", "é::\n::é\n")]
    public async Task Wherever_the_output_is_cut_the_log_is_the_same(string output, string expected)
    {
        for (var size = 1; size <= output.Length; size++) Assert.Equal(expected, (await WriteAsync(output, size)).Log);
    }

    [Fact]
    public async Task Whatever_the_output_its_commands_are_found_line_by_line_and_in_any_pieces()
    {
        string[] parts = ["::add-mask::", "::notice::", "::", ":", " ", "\t", "\n", "\n", "\r\n", "one", "two", "three", "é"];
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            var text = string.Concat(Enumerable.Range(0, 40).Select(_ => parts[random.Next(parts.Length)]));
            var byLine = (await WriteAsync(LinesOf(text))).Log;
            Assert.Equal(byLine, (await WriteAsync(text, text.Length * 2)).Log);
            Assert.Equal(byLine, (await WriteAsync(text, random.Next(1, 9))).Log);

            // What is hidden aside, nothing is lost.
            if (!text.Contains("add-mask", StringComparison.Ordinal)) Assert.Equal(text, byLine);
        }

        static IEnumerable<byte[]> LinesOf(string text)
        {
            var lines = text.Split('\n');
            return [.. lines[..^1].Select(line => Encoding.UTF8.GetBytes(line + "\n")), Encoding.UTF8.GetBytes(lines[^1])];
        }
    }

    [Fact]
    public async Task A_prompt_without_a_line_end_is_shown_at_once()
    {
        var report = new LogInMemory();
        var masks = new JobMasks([]);
        await using var log = new LogStream(report, 1, masks, TimeProvider.System);
        var output = new OutputCommands(log, masks, new StepNotes(), _ => ValueTask.CompletedTask);
        await output.WriteAsync("Password: "u8.ToArray(), TestContext.Current.CancellationToken);
        await Fake.Eventually.BecomesAsync("Password: ", () => Task.FromResult(report.Text));
    }

    [Theory]
    [InlineData("set-output name=x", "$GITHUB_OUTPUT")]
    [InlineData("save-state name=x", "$GITHUB_STATE")]
    [InlineData("set-env name=x", "$GITHUB_ENV")]
    [InlineData("add-path", "$GITHUB_PATH")]
    public async Task What_a_file_has_replaced_is_said_once(string command, string file)
    {
        var (log, remarks) = await WriteAsync($"::{command}::y\n::{command}::z\n", 7);
        Assert.Equal($"::{command}::y\n::{command}::z\n", log);
        Assert.Contains(file, Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mask_that_is_too_long_to_hold_is_not_shown_either()
    {
        var (log, remarks) = await WriteAsync($"a\n::add-mask::{new string('x', 600_000)}\nb\n", 10_000);
        Assert.Equal("a\n::add-mask::***\nb\n", log);
        Assert.Contains("can't be masked", Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_adds_masks_without_end_is_told_and_shows_none_of_them()
    {
        var lines = string.Concat(Enumerable.Range(0, 600).Select(number => $"::add-mask::value-{number}-\n"));
        var (log, remarks) = await WriteAsync(lines, 1000);
        Assert.DoesNotContain("value-", log, StringComparison.Ordinal);
        Assert.Equal(100, remarks.Count);
    }

    [Fact]
    public async Task A_long_line_that_is_no_mask_passes()
    {
        var line = "::notice::" + new string('x', 600_000) + "\n";
        Assert.Equal(line, (await WriteAsync(line, 10_000)).Log);
    }

    private static Task<(string Log, List<string> Remarks)> WriteAsync(string text, int chunk, StepNotes? notes = null) =>
        WriteAsync(Encoding.UTF8.GetBytes(text).Chunk(chunk), notes);

    private static async Task<(string Log, List<string> Remarks)> WriteAsync(IEnumerable<byte[]> parts, StepNotes? notes = null)
    {
        var report = new LogInMemory();
        var masks = new JobMasks([]);
        var remarks = new List<string>();
        await using var log = new LogStream(report, 1, masks, TimeProvider.System);
        var output = new OutputCommands(log, masks, notes ?? new StepNotes(), remark =>
        {
            remarks.Add(remark);
            return ValueTask.CompletedTask;
        });
        foreach (var part in parts) await output.WriteAsync(part, TestContext.Current.CancellationToken);
        await output.CompleteAsync(TestContext.Current.CancellationToken);
        await log.CompleteAsync();
        return (report.Text, remarks);
    }
}
