using Microsoft.AspNetCore.Http;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Checkout;

public sealed class CheckoutInputTests : IAsyncLifetime
{
    private CheckoutBench _bench = null!;
    private PlumbedRepository _repository = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await CheckoutBench.StartAsync();
        _repository = _bench.Repository("demo/hello");
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_ref_may_be_a_branch_a_tag_a_pull_request_or_a_commit_and_the_outputs_say_what_it_was()
    {
        var first = _repository.Files(("n", "1"));
        var second = _repository.Files("trunk", [first], ("n", "2"));
        _repository.Git("update-ref", "refs/heads/both", first);
        _repository.Git("-c", "user.name=O", "-c", "user.email=o@example.org", "tag", "-m", "annotated", "v1", first);
        _repository.Git("update-ref", "refs/tags/both", second);
        _repository.Git("update-ref", "refs/pull/7/merge", first);

        foreach (var (reference, commit, head) in new[]
        {
            ("both", first, "refs/heads/both"), ("v1", first, ""), ("refs/tags/v1", first, ""), ("refs/tags/both", second, ""),
            ("refs/heads/both", first, "refs/heads/both"), ("refs/pull/7/merge", first, ""), (first, first, ""), ("trunk", second, "refs/heads/trunk"),
        })
        {
            var outcome = await _bench.CheckOutAsync(second, [("ref", reference)]);
            Assert.Null(outcome.Problem);
            Assert.Equal((reference, commit), (outcome.Result!.Ref, outcome.Result.Commit));
            Assert.Equal(commit, outcome.Git("rev-parse", "HEAD"));
            Assert.Equal(head.Length == 0 ? "HEAD" : head, outcome.Git("rev-parse", "--symbolic-full-name", "HEAD"));
            if (head.Length > 0) Assert.Equal($"refs/remotes/origin/{head["refs/heads/".Length..]}", outcome.Git("rev-parse", "--symbolic-full-name", "@{u}"));
            Assert.Equal("", outcome.Git("status", "--porcelain"));
        }

        var ofPull = await _bench.CheckOutAsync(first, headRef: "refs/pull/7/merge");
        Assert.Equal(first, ofPull.Git("rev-parse", "refs/remotes/pull/7/merge"));
        Assert.Equal("refs/pull/7/merge", ofPull.Result!.Ref);
        Assert.Contains("has no branch or tag 'nowhere'", (await _bench.CheckOutAsync(second, [("ref", "nowhere")])).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_public_repository_of_the_server_is_checked_out_without_the_token_and_a_private_one_is_refused()
    {
        var own = _repository.Files(("n", "own"));
        var other = _bench.Repository("lib/shown");
        var main = other.Files("main", [], ("n", "shown"));
        other.Git("symbolic-ref", "HEAD", "refs/heads/main");
        _bench.Repository("demo/secret").Files(("n", "secret"));

        var outcome = await _bench.CheckOutAsync(own, [("repository", "lib/shown")]);
        Assert.Null(outcome.Problem);
        Assert.Equal("shown", outcome.Read("n"));
        Assert.Equal(("main", main), (outcome.Result!.Ref, outcome.Result.Commit));
        Assert.Equal("refs/heads/main", outcome.Git("symbolic-ref", "HEAD"));
        Assert.Contains($"Repository: {_bench.ServerUrl}/git/lib/shown.git\n", outcome.Log, StringComparison.Ordinal);
        foreach (var name in new[] { "demo/secret", "no/such" })
        {
            var refused = await _bench.CheckOutAsync(own, [("repository", name)]);
            Assert.Contains("it is private", refused.Problem, StringComparison.Ordinal);
        }

        Assert.Contains("owner/name", (await _bench.CheckOutAsync(own, [("repository", "../x/y")])).Problem, StringComparison.Ordinal);
        Assert.Equal("own", (await _bench.CheckOutAsync(own, [("repository", "DEMO/hello")])).Read("n"));
        Assert.False(_bench.TokenLeaked);
    }

    [Fact]
    public async Task A_sparse_checkout_has_the_folders_or_patterns_that_were_asked_for()
    {
        var (a, b) = (_repository.Blob("a"), _repository.Blob("b"));
        var deep = _repository.Tree(("100644", "x.md", a), ("100644", "y.txt", b));
        var commit = _repository.Commit(_repository.Tree(("40000", "docs", deep), ("40000", "src", deep), ("100644", "top", a)));

        var cone = await _bench.CheckOutAsync(commit, [("sparse-checkout", "src\n")]);
        Assert.Null(cone.Problem);
        Assert.True(cone.Has("src/x.md") && cone.Has("top") && !cone.Has("docs"));
        Assert.Equal("", cone.Git("status", "--porcelain"));
        var patterns = await _bench.CheckOutAsync(commit, [("sparse-checkout", "*.md\n!/docs/*"), ("sparse-checkout-cone-mode", "false")]);
        Assert.Null(patterns.Problem);
        Assert.True(patterns.Has("src/x.md") && !patterns.Has("src/y.txt") && !patterns.Has("docs") && !patterns.Has("top"));
    }

    [Fact]
    public async Task What_has_no_effect_is_said()
    {
        var commit = _repository.Files(("n", "1"));
        var outcome = await _bench.CheckOutAsync(
            commit, [("persist-credentials", "true"), ("filter", "blob:none"), ("set-safe-directory", "true"), ("show-progress", "false")]);

        Assert.Null(outcome.Problem);
        Assert.Contains("persist-credentials has no effect", outcome.Log, StringComparison.Ordinal);
        Assert.Contains("filter has no effect", outcome.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(GitHttp.Token, File.ReadAllText(Path.Combine(outcome.Folder, ".git/config")), StringComparison.Ordinal);
        Assert.Contains("not one of git's", (await _bench.CheckOutAsync(commit, [("filter", "--upload-pack=x")])).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_on_no_command_line_and_in_no_file_while_git_fetches()
    {
        var commit = _repository.Files(("n", "1"));
        using var gate = new SemaphoreSlim(0);
        _bench.Waits = gate;
        var running = _bench.CheckOutAsync(commit);
        await _bench.Asked.Task.WaitAsync(Cancellation);
        var encoded = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"x-access-token:{GitHttp.Token}"));
        var lines = string.Concat(Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(CommandLine));
        var files = string.Concat(Directory.EnumerateFiles(_bench.Root, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).Select(File.ReadAllText));
        gate.Release(1000);

        Assert.Null((await running).Problem);
        Assert.Contains("git\0--git-dir", lines, StringComparison.Ordinal);
        foreach (var text in new[] { lines, files })
        {
            Assert.DoesNotContain(GitHttp.Token, text, StringComparison.Ordinal);
            Assert.DoesNotContain(encoded, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_redirect_carries_the_token_nowhere()
    {
        var commit = _repository.Files(("n", "1"));
        await using var other = await CheckoutBench.StartAsync();
        _bench.Instead = http =>
        {
            http.Response.Redirect($"{other.ServerUrl}/git/demo/hello.git{http.Request.Path.Value!["/git/demo/hello.git".Length..]}{http.Request.QueryString}");
            return Task.FromResult(true);
        };

        Assert.Contains("could not be fetched", (await _bench.CheckOutAsync(commit)).Problem, StringComparison.Ordinal);
        Assert.Equal(0, other.Requests);
    }

    [Fact]
    public async Task A_server_that_speaks_the_old_protocol_leads_the_token_to_no_other_host()
    {
        var commit = _repository.Files(("n", "1"));
        await using var other = await CheckoutBench.StartAsync();
        var authorized = 0;
        other.Instead = http =>
        {
            authorized += http.Request.Headers.Authorization.Count;
            return Task.FromResult(false);
        };
        _bench.Instead = async http =>
        {
            var path = http.Request.Path.Value!;
            if (path.EndsWith("/info/refs", StringComparison.Ordinal)) await http.Response.WriteAsync($"{commit}\trefs/heads/trunk\n");
            else if (path.EndsWith("/HEAD", StringComparison.Ordinal)) await http.Response.WriteAsync("ref: refs/heads/trunk\n");
            else if (path.EndsWith("alternates", StringComparison.Ordinal)) await http.Response.WriteAsync($"{other.ServerUrl}/git/demo/hello.git/objects\n");
            else http.Response.StatusCode = 404;
            return true;
        };

        Assert.NotNull((await _bench.CheckOutAsync(commit)).Problem);
        Assert.Equal(0, authorized);
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")) + "\n";
        }
        catch (IOException)
        {
            // It has ended.
            return "";
        }
    }
}
