using Shithub.Actions.Runner.WorkflowCommands;
using Xunit;

namespace Shithub.Actions.Runner.Tests.WorkflowCommands;

/// <summary>'Workflow commands for GitHub Actions': 'Setting an environment variable', 'Setting an output parameter', 'Multiline strings'.</summary>
public sealed class KeyValueFileTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("A=1\n", "A=1")]
    [InlineData("A=1\nB=2", "A=1|B=2")]
    [InlineData("\nA=\n\n", "A=")]
    [InlineData("A=b=c\n", "A=b=c")]
    [InlineData("A=x<<y\n", "A=x<<y")]
    [InlineData("A=1\r\nB=2\r\n", "A=1|B=2")]
    [InlineData("A<<EOF\none\ntwo\nEOF\nB=2\n", "A=one\ntwo|B=2")]
    [InlineData("A<<EOF\nEOF\n", "A=")]
    [InlineData("A<<EOF\n\nEOF\n", "A=")]
    [InlineData("A<<EOF\n\n\nEOF", "A=\n")]
    [InlineData("A<<E=F\nB=1\nE=F\n", "A=B=1")]
    [InlineData("A<<EOF\r\none\r\ntwo\r\nEOF\r\n", "A=one\r\ntwo")]
    [InlineData("A<<EOF\n EOF\nEOFX\nEOF\n", "A= EOF\nEOFX")]
    [InlineData("A=1\nA=2\n", "A=1|A=2")]
    public void A_file_has_lines_and_multiline_values(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', KeyValueFile.Parse(text).Select(pair => $"{pair.Key}={pair.Value}")));

    [Theory]
    [InlineData("A<<EOF\none\n", "has no line 'EOF' after it")]
    [InlineData("A<<EOF", "has no line 'EOF' after it")]
    [InlineData("A<<\none\n", "has no delimiter")]
    [InlineData("=1\n", "has no name")]
    [InlineData("<<EOF\nEOF\n", "has no name")]
    [InlineData("just text\n", "is neither NAME=VALUE nor NAME<<DELIMITER")]
    [InlineData("A\u0001B=1\n", "control characters")]
    public void What_is_no_such_file_is_refused_with_the_line(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => KeyValueFile.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Folders_for_the_search_path_are_lines() => Assert.Equal(["/a", "/b c"], KeyValueFile.Lines("/a\r\n\n/b c\n"));
}
