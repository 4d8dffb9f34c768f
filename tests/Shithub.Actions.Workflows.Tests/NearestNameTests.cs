namespace Shithub.Actions.Workflows.Tests;

public class NearestNameTests
{
    [Theory]
    [InlineData("brnaches", "branches")]
    [InlineData("timeout_minutes", "timeout-minutes")]
    [InlineData("Branches", "branches")]
    [InlineData("timeoutminutes", "timeout-minutes")]
    [InlineData("time", "timeout-minutes")]
    [InlineData("xyz", null)]
    [InlineData("", null)]
    [InlineData("q", null)]
    public void The_nearest_name_is_found_where_one_is_near(string unknown, string? nearest) =>
        Assert.Equal(nearest, NearestName.Find(unknown, ["branches", "timeout-minutes", "on", "env"]));

    [Fact]
    public void A_huge_name_is_not_compared() => Assert.Null(NearestName.Find(new string('a', 1_000_000), [new string('a', 999_999)]));
}
