using System.Diagnostics;
using System.Text;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Checkout;

/// <summary>
/// Repositories that no git client would make, checked out on the host: whatever becomes of the checkout, nothing outside its folder is
/// touched.
/// </summary>
public sealed class HostileTests : IAsyncLifetime
{
    private CheckoutBench _bench = null!;
    private PlumbedRepository _repository = null!;
    private string _canary = "";

    public async ValueTask InitializeAsync()
    {
        _bench = await CheckoutBench.StartAsync();
        _repository = _bench.Repository("demo/hello");
        _canary = NewCanary(_bench.Root);
    }

    public async ValueTask DisposeAsync()
    {
        AssertUntouched(_canary);
        await _bench.DisposeAsync();
    }

    [Theory]
    [InlineData(".git")]
    [InlineData(".GIT")]
    [InlineData(".Git")]
    [InlineData("git~1")]
    [InlineData("GIT~1")]
    [InlineData(".git\u200c")]
    [InlineData(".g\u200dit")]
    [InlineData(".git.")]
    [InlineData(".git ")]
    [InlineData(".git::$INDEX_ALLOCATION")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../canary")]
    [InlineData("../../canary")]
    [InlineData("a/../../canary")]
    [InlineData("")]
    public async Task A_folder_with_a_name_that_means_something_to_git_or_the_system_is_not_written(string name)
    {
        var hook = _repository.Tree(("100755", "post-checkout", _repository.Blob($"#!/bin/sh\ntouch {_canary}/hook\n")));
        var inner = _repository.Tree(
            ("100644", "config", _repository.Blob($"[core]\n\tfsmonitor = touch {_canary}/fsmonitor\n")), ("100644", "file", _repository.Blob("evil")), ("40000", "hooks", hook));
        var commit = _repository.Commit(_repository.Tree(("40000", name, inner)));

        foreach (var depth in new[] { "1", "0" })
        {
            var outcome = await _bench.CheckOutAsync(commit, [("fetch-depth", depth)]);
            Assert.NotNull(outcome.Problem);
            Assert.False(outcome.Has(".git/hooks/post-checkout"));
            AssertUntouched(_canary);
        }
    }

    [Fact]
    public async Task A_link_and_a_folder_of_one_name_write_nothing_through_the_link()
    {
        var link = ("120000", "a", _repository.Blob(_canary));
        var folder = ("40000", "a", _repository.Tree(("100644", "file", _repository.Blob("evil"))));
        var file = ("100644", "a/file", _repository.Blob("evil"));
        foreach (var entries in new[] { new[] { link, folder }, [folder, link], [link, file], [file, link], [link, link, folder] })
        {
            await _bench.CheckOutAsync(_repository.Commit(_repository.Tree(entries)));
            AssertUntouched(_canary);
        }
    }

    [Fact]
    public async Task A_link_of_one_commit_is_not_followed_by_the_next()
    {
        var first = _repository.Commit(_repository.Tree(("120000", "a", _repository.Blob(_canary)), ("120000", "b", _repository.Blob(_canary + "/file"))));
        var second = _repository.Commit(
            _repository.Tree(("40000", "a", _repository.Tree(("100644", "file", _repository.Blob("evil")))), ("100644", "b", _repository.Blob("evil"))), "trunk", first);

        var outcome = await _bench.CheckOutAsync(first);
        Assert.Null(outcome.Problem);
        Assert.Equal(_canary, new FileInfo(Path.Combine(outcome.Folder, "a")).LinkTarget);
        outcome = await _bench.CheckOutAsync(second, [("fetch-depth", "0")]);
        Assert.Equal("evil", outcome.Read("a/file"));
    }

    [Fact]
    public async Task Odd_names_arrive_byte_for_byte()
    {
        byte[][] names = ["-rf"u8.ToArray(), "a\nb"u8.ToArray(), "c\td"u8.ToArray(), "quote\"s'"u8.ToArray(), [0xff, 0xfe], "$(id)"u8.ToArray(), new byte[255]];
        Array.Fill(names[^1], (byte)'n');
        var blob = _repository.Blob("x");
        var sorted = names.OrderBy(name => Encoding.Latin1.GetString(name), StringComparer.Ordinal).Select(name => ("100644", name, blob));
        var outcome = await _bench.CheckOutAsync(_repository.Commit(_repository.RawTree([.. sorted])));

        Assert.Null(outcome.Problem);
        using var list = Process.Start(new ProcessStartInfo("ls", ["-A", "-1", "--zero", outcome.Folder]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.Latin1 })!;
        var there = (await list.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(names.Select(Encoding.Latin1.GetString).Append(".git").Order(StringComparer.Ordinal), there.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1, 4096)]
    [InlineData(1, 100_000)]
    [InlineData(10_000, 1)]
    public async Task A_path_that_is_too_long_is_refused_with_a_reason(int levels, int bytes)
    {
        var folders = string.Concat(Enumerable.Repeat(new string('d', bytes) + "/", levels));
        var outcome = await _bench.CheckOutAsync(_repository.File(folders + "f", "x"));
        Assert.Contains("the most that Linux takes", outcome.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_just_short_enough_arrives()
    {
        var path = string.Concat(Enumerable.Repeat("d/", 1900)) + "f";
        var outcome = await _bench.CheckOutAsync(_repository.File(path, "x"));
        Assert.Null(outcome.Problem);
        Assert.Equal("", outcome.Git("status", "--porcelain"));
    }

    [Fact]
    public async Task A_tree_that_unfolds_into_billions_of_files_is_refused_before_any_is_written()
    {
        var tree = _repository.Tree(("100644", "f", _repository.Blob("x")));
        for (var level = 0; level < 10; level++)
            tree = _repository.Tree([.. Enumerable.Range(0, 10).Select(number => ("40000", $"d{number}", tree))]);
        var commit = _repository.Commit(tree);
        var outcome = await _bench.CheckOutAsync(commit);

        Assert.Contains("more than 100000 files", outcome.Problem, StringComparison.Ordinal);
        Assert.Equal([".git"], Directory.EnumerateFileSystemEntries(outcome.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_small_pack_of_huge_files_is_refused_before_any_is_written()
    {
        _bench.BytesMax = 50_000_000;
        var zeros = _repository.Blob(new byte[10_000_000]);
        var commit = _repository.Commit(_repository.Tree([.. Enumerable.Range(0, 9).Select(number => ("100644", $"f{number}", zeros))]));
        var outcome = await _bench.CheckOutAsync(commit);

        Assert.Contains("more than 50000000 bytes", outcome.Problem, StringComparison.Ordinal);
        Assert.Contains("runner.checkout_bytes", outcome.Problem, StringComparison.Ordinal);
        Assert.False(outcome.Has("f0"));
    }

    [Fact]
    public async Task Nothing_that_a_repository_says_of_filters_drivers_or_encodings_runs_a_command()
    {
        var command = $"touch {_canary}/ran";
        var commit = _repository.Files(
            (".gitattributes", "* filter=evil diff=evil merge=evil\n*.enc working-tree-encoding=NONSENSE\n[attr]x filter=lfs\n"),
            (".gitconfig", $"[filter \"evil\"]\n\tsmudge = {command}\n\trequired = true\n[core]\n\tfsmonitor = {command}\n"),
            (".lfsconfig", $"[lfs]\n\turl = http://127.0.0.1:1/\n[lfs \"customtransfer.x\"]\n\tpath = {command}\n"),
            ("a.enc", "text"), ("config", $"[include]\n\tpath = .gitconfig\n"), ("hooks", "x"));
        var outcome = await _bench.CheckOutAsync(commit, [("fetch-depth", "0")]);

        AssertUntouched(_canary);
        if (outcome.Problem is null) Assert.Equal("text", outcome.Read("a.enc"));
    }

    /// <summary>A folder that everybody may write to, with another user's file.</summary>
    internal static string NewCanary(string root)
    {
        var canary = Path.Combine(root, "canary");
        Directory.CreateDirectory(canary);
        File.SetUnixFileMode(canary, (UnixFileMode)0b111_111_111);
        File.WriteAllText(Path.Combine(canary, "file"), "untouched");
        File.SetUnixFileMode(Path.Combine(canary, "file"), (UnixFileMode)0b110_110_110);
        return canary;
    }

    internal static void AssertUntouched(string canary)
    {
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(canary).Select(Path.GetFileName));
        Assert.Equal("untouched", File.ReadAllText(Path.Combine(canary, "file")));
    }
}
