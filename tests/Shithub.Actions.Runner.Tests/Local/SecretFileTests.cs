using Shithub.Actions.Runner.Local;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Local;

public sealed class SecretFileTests
{
    [Fact]
    public void Lines_are_read_as_dotenv_files_have_them()
    {
        var secrets = SecretFile.Parse(
            """
            # a comment
            PLAIN=a b#c  # and a comment
            export EXPORTED = x

            EMPTY=
            SINGLE='as it\n stands # here'   # a comment
            DOUBLE="two\nlines \"quoted\" \\"
            KEY="-----BEGIN-----
            abc
            -----END-----"
            """,
            "file");

        Assert.Equal("a b#c", secrets["PLAIN"]);
        Assert.Equal("x", secrets["exported"]);
        Assert.Equal("", secrets["EMPTY"]);
        Assert.Equal("as it\\n stands # here", secrets["SINGLE"]);
        Assert.Equal("two\nlines \"quoted\" \\", secrets["DOUBLE"]);
        Assert.Equal("-----BEGIN-----\nabc\n-----END-----", secrets["KEY"]);
    }

    [Theory]
    [InlineData("A=1\nhunter2", "file:2: the line is not NAME=value")]
    [InlineData("A='hunter2", "file:1: the line has a ' that is not closed")]
    [InlineData("A='x' hunter2", "file:1: the line goes on after the closing '")]
    [InlineData("A=1\na=hunter2", "file:2: the line gives a again")]
    [InlineData("GITHUB_X=hunter2", "file:1: the line has a name that begins with GITHUB_")]
    public void A_line_that_is_none_is_named_and_its_value_is_not_repeated(string text, string problem)
    {
        var refusal = Assert.Throws<RunnerException>(() => SecretFile.Parse(text, "file"));

        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal.Message, StringComparison.Ordinal);
    }
}
