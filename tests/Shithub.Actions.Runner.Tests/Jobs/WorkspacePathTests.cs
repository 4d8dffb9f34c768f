using Shithub.Actions.Runner.Jobs;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

public sealed class WorkspacePathTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData("a/b", "a/b")]
    [InlineData("./a//b/", "a/b")]
    [InlineData("a/../b", "b")]
    [InlineData("/github/workspace", "")]
    [InlineData("/github/workspace/a", "a")]
    [InlineData("/github/workspace/../home", null)]
    [InlineData("/github/workspaces", null)]
    [InlineData("..", null)]
    [InlineData("a/../../b", null)]
    [InlineData("/etc", null)]
    [InlineData("a\0b", null)]
    public void A_path_stays_below_the_workspace_or_is_refused(string? path, string? expected) =>
        Assert.Equal(expected, WorkspacePath.Relative(path));
}
