using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Sandbox;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Network;

public sealed class AllowlistTests
{
    private static readonly string[] List = ["api.example.org", "*.files.example.org", "example.net"];

    [Theory]
    [InlineData("api.example.org", "api.example.org", "")]
    [InlineData("a.files.example.org", "a.files.example.org", "")]
    [InlineData("*.a.files.example.org", "*.a.files.example.org", "")]
    [InlineData("*.example.org", "*.files.example.org,api.example.org", "")]
    [InlineData("*.org", "*.files.example.org,api.example.org", "")]
    [InlineData("files.example.org", "", "files.example.org")]
    [InlineData("sub.api.example.org", "", "sub.api.example.org")]
    [InlineData("*.api.example.org", "", "*.api.example.org")]
    [InlineData("notexample.net", "", "notexample.net")]
    [InlineData("*.net", "example.net", "")]
    public void A_workflow_gets_what_both_lists_allow(string wanted, string both, string refused)
    {
        var narrowed = Allowlist.Narrow(List, [wanted], out var without);

        Assert.Equal(both, string.Join(',', narrowed));
        Assert.Equal(refused, string.Join(',', without));
    }

    [Fact]
    public void An_empty_list_leaves_nothing() => Assert.Empty(Allowlist.Narrow(List, [], out _));

    [Fact]
    public void Nothing_but_names_gets_from_a_claim_into_the_resolvers_file()
    {
        Assert.Null(Wanted("""{"contents":"read"}"""));
        Assert.Equal(["a.example.org", "*.b.test"], Wanted("""{"network":["A.example.org","*.b.test"]}""")!);
        foreach (var bad in (string[])["a\\nserver=/#/192.0.2.1", "a b", "*", "*.*", "/#/", "a/192.0.2.1", "", "."])
            Assert.Throws<SandboxException>(() => Wanted($$"""{"network":["{{bad}}"]}"""));
        Assert.Throws<SandboxException>(() => Wanted("""{"network":"example.org"}"""));
        Assert.Throws<SandboxException>(() => Wanted("""{"network":[1]}"""));
    }

    private static IReadOnlyList<string>? Wanted(string permissions) =>
        JobNetwork.WantedNames(System.Text.Json.JsonDocument.Parse(permissions).RootElement);
}
