using Xunit;

namespace Shithub.Actions.Runner.Tests.Checkout;

public sealed class SubmoduleTests : IAsyncLifetime
{
    private CheckoutBench _bench = null!;
    private PlumbedRepository _repository = null!;
    private string _canary = "";

    public async ValueTask InitializeAsync()
    {
        _bench = await CheckoutBench.StartAsync();
        _repository = _bench.Repository("demo/hello");
        _canary = HostileTests.NewCanary(_bench.Root);
    }

    public async ValueTask DisposeAsync()
    {
        HostileTests.AssertUntouched(_canary);
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task Submodules_of_the_server_come_at_their_commits_and_those_of_submodules_if_asked_for()
    {
        var inner = _bench.Repository("lib/inner");
        var innerCommit = inner.Files(("i", "inner"));
        inner.Files("trunk", [innerCommit], ("i", "newer"));
        var middle = _bench.Repository("lib/middle");
        var middleCommit = middle.Commit(middle.Tree(
            ("100644", ".gitmodules", middle.Blob("[submodule \"in\"]\n\tpath = deep/in\n\turl = ../inner\n")),
            ("40000", "deep", middle.Tree(("160000", "in", innerCommit))), ("100644", "m", middle.Blob("middle"))));
        var commit = Super("mod", middleCommit, "[submodule \"a b\"]\n\tpath = mod\n\turl = ../../lib/middle.git\n\tbranch = other\n");

        var direct = await _bench.CheckOutAsync(commit, [("submodules", "true")]);
        Assert.Null(direct.Problem);
        Assert.Equal("middle", direct.Read("mod/m"));
        Assert.False(direct.Has("mod/deep/in/i"));
        Assert.Equal("", direct.Git("status", "--porcelain"));
        Assert.StartsWith($" {middleCommit} mod", direct.Git("submodule", "status"), StringComparison.Ordinal);
        var all = await _bench.CheckOutAsync(commit, [("submodules", "recursive")]);
        Assert.Null(all.Problem);
        Assert.Equal("inner", all.Read("mod/deep/in/i"));
        var none = await _bench.CheckOutAsync(commit);
        Assert.True(none.Has("mod") && !none.Has("mod/m"));
        Assert.False(_bench.TokenLeaked);
    }

    [Theory]
    [InlineData("https://github.com/acme/lib.git")]
    [InlineData("git@github.com:acme/lib.git")]
    [InlineData("ssh://127.0.0.1/acme/lib")]
    [InlineData("file:///etc")]
    [InlineData("/etc")]
    [InlineData("../../../../etc")]
    [InlineData("../..")]
    [InlineData("./inner")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("--upload-pack=touch")]
    [InlineData("-u./x")]
    [InlineData("../lib\\nname = x")]
    [InlineData("../x%2f..%2f..")]
    [InlineData("../a;b")]
    [InlineData("SERVER/git/lib/inner.git?x=y")]
    [InlineData("SERVER/other/lib/inner/deep.git")]
    [InlineData("CREDENTIALS/git/lib/inner.git")]
    [InlineData("SERVER@evil.example/git/lib/inner.git")]
    public async Task A_submodule_from_elsewhere_is_refused_by_name_and_no_other_host_is_asked(string url)
    {
        url = url.Replace("CREDENTIALS", _bench.ServerUrl.Replace("://", "://user:password@", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("SERVER", _bench.ServerUrl, StringComparison.Ordinal);
        var commit = Super("mod", new string('1', 40), $"[submodule \"mod\"]\n\tpath = mod\n\turl = \"{url}\"\n");

        var outcome = await _bench.CheckOutAsync(commit, [("submodules", "recursive")]);
        Assert.Contains("submodule 'mod' comes from '", outcome.Problem, StringComparison.Ordinal);
        Assert.Contains("give its address relative", outcome.Problem, StringComparison.Ordinal);
        Assert.Equal("", string.Concat(Directory.EnumerateFileSystemEntries(Path.Combine(outcome.Folder, "mod"))));
    }

    [Fact]
    public async Task An_address_of_this_server_in_full_is_fine_and_so_is_the_repository_itself()
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        foreach (var url in new[] { "/git/lib/inner.git", "/git/lib/inner", "/git/lib/inner/" })
        {
            var commit = Super("mod", inner, $"[submodule \"mod\"]\n\tpath = mod\n\turl = {_bench.ServerUrl}{url}\n");
            var outcome = await _bench.CheckOutAsync(commit, [("submodules", "true")]);
            Assert.Null(outcome.Problem);
            Assert.Equal("inner", outcome.Read("mod/i"));
        }

        var own = _repository.Files("own", [], ("o", "own"));
        var self = await _bench.CheckOutAsync(Super("mod", own, "[submodule \"mod\"]\n\tpath = mod\n\turl = ./\n"), [("submodules", "true")]);
        Assert.Null(self.Problem);
        Assert.Equal("own", self.Read("mod/o"));
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("..")]
    [InlineData("-x")]
    [InlineData("a/../b")]
    [InlineData("a\\\\..\\\\b")]
    public async Task A_submodule_with_a_name_that_leads_elsewhere_is_refused(string name)
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        var commit = Super("mod", inner, $"[submodule \"{name}\"]\n\tpath = mod\n\turl = ../../lib/inner.git\n");
        Assert.Contains("is refused", (await _bench.CheckOutAsync(commit, [("submodules", "true")])).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    public async Task A_submodule_at_an_odd_path_is_refused(string path)
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        var quoted = path.Replace("\n", "\\n", StringComparison.Ordinal);
        var entries = new[]
        {
            ("160000", path, inner),
            ("100644", ".gitmodules", _repository.Blob($"[submodule \"m\"]\n\tpath = \"{quoted}\"\n\turl = ../../lib/inner.git\n")),
        };
        var commit = _repository.Commit(_repository.Tree([.. entries.OrderBy(entry => entry.Item2, StringComparer.Ordinal)]));
        var outcome = await _bench.CheckOutAsync(commit, [("submodules", "true")]);
        Assert.Contains("submodule '", outcome.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gitmodules_that_is_a_link_or_includes_others_or_is_nonsense_is_not_followed()
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        var link = _repository.Commit(_repository.Tree(("120000", ".gitmodules", _repository.Blob(_canary + "/file")), ("160000", "mod", inner)));
        Assert.Contains("invalid path '.gitmodules'", (await _bench.CheckOutAsync(link, [("submodules", "true")])).Problem, StringComparison.Ordinal);

        var included = Path.Combine(_bench.Root, "included");
        await File.WriteAllTextAsync(included, "[submodule \"mod\"]\n\tpath = mod\n\turl = ../../lib/inner.git\n", TestContext.Current.CancellationToken);
        Assert.Contains(
            "has no path and url",
            (await _bench.CheckOutAsync(Super("mod", inner, $"[include]\n\tpath = {included}\n"), [("submodules", "true")])).Problem,
            StringComparison.Ordinal);
        Assert.Contains("can't be read", (await _bench.CheckOutAsync(Super("mod", inner, "[nonsense"), [("submodules", "true")])).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_gitmodules_names_for_updates_is_not_run_and_not_kept()
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        var commit = Super("mod", inner, $"[submodule \"m\"]\n\tpath = mod\n\turl = ../../lib/inner.git\n\tupdate = !touch {_canary}/ran\n");
        var outcome = await _bench.CheckOutAsync(commit, [("submodules", "recursive")]);

        Assert.Null(outcome.Problem);
        Assert.Equal("inner", outcome.Read("mod/i"));
        Assert.DoesNotContain("touch", outcome.Read(".git/config"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submodule_whose_path_is_also_a_link_writes_nothing_through_it()
    {
        var inner = _bench.Repository("lib/inner").Files(("i", "inner"));
        var modules = ("100644", ".gitmodules", _repository.Blob("[submodule \"m\"]\n\tpath = a/mod\n\turl = ../../lib/inner.git\n"));
        var tree = ("40000", "a", _repository.Tree(("160000", "mod", inner)));
        var link = ("120000", "a", _repository.Blob(_canary));
        foreach (var commit in new[] { _repository.Commit(_repository.Tree(modules, link, tree)), _repository.Commit(_repository.Tree(modules, tree, link)) })
        {
            var outcome = await _bench.CheckOutAsync(commit, [("submodules", "recursive")]);
            HostileTests.AssertUntouched(_canary);
            if (outcome.Problem is null) Assert.Equal("inner", outcome.Read("a/mod/i"));
        }
    }

    [Fact]
    public async Task A_repository_that_is_its_own_submodule_ends()
    {
        var commit = _repository.Files(("x", "x"));
        for (var level = 0; level < 12; level++) commit = Super("mod", commit, "[submodule \"mod\"]\n\tpath = mod\n\turl = ./\n");
        Assert.Contains("nested deeper than 10", (await _bench.CheckOutAsync(commit, [("submodules", "recursive")])).Problem, StringComparison.Ordinal);
    }

    private string Super(string path, string commit, string modules) =>
        _repository.Commit(_repository.Tree(("100644", ".gitmodules", _repository.Blob(modules)), ("160000", path, commit)));
}
