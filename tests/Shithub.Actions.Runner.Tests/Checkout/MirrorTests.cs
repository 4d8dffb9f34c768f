using System.Diagnostics;
using System.Security.Cryptography;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Checkout;

public sealed class MirrorTests : IAsyncLifetime
{
    private CheckoutBench _bench = null!;
    private PlumbedRepository _repository = null!;
    private string _first = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await CheckoutBench.StartAsync();
        _repository = _bench.Repository("demo/hello");
        _first = _repository.Files(("big", Noise()), ("README.md", "one\n"));
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_second_checkout_transfers_almost_nothing_and_a_newer_commit_only_what_is_new()
    {
        var cold = Stopwatch.StartNew();
        var first = await _bench.CheckOutAsync(_first);
        var (coldTime, coldBytes) = (cold.Elapsed, _bench.BytesSent);
        var warm = Stopwatch.StartNew();
        var again = await _bench.CheckOutAsync(_first);
        var (warmTime, warmBytes) = (warm.Elapsed, _bench.BytesSent - coldBytes);
        var second = _repository.Commit(
            _repository.Tree(("100644", "README.md", _repository.Blob("two\n")), ("100644", "big", _repository.Git("rev-parse", $"{_first}:big"))), "trunk", _first);
        var newer = await _bench.CheckOutAsync(second);
        var newBytes = _bench.BytesSent - coldBytes - warmBytes;

        TestContext.Current.TestOutputHelper?.WriteLine($"cold {coldTime} {coldBytes}, warm {warmTime} {warmBytes}, newer {newBytes}");
        Assert.Null(first.Problem ?? again.Problem ?? newer.Problem);
        Assert.True(coldBytes > 1_000_000, $"{coldBytes}");
        Assert.True(warmBytes < 2000, $"{warmBytes}");
        Assert.True(newBytes < 3000, $"{newBytes}");
        Assert.Equal("two\n", newer.Read("README.md"));
        Assert.Contains("Transferred 0 KiB", again.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_depth_is_what_was_asked_for_whatever_the_mirror_has()
    {
        var commits = new List<string> { _first };
        for (var number = 1; number < 5; number++) commits.Add(_repository.Files("trunk", [commits[^1]], ("n", $"{number}")));
        _repository.Files("other", [_first], ("other", "o"));
        _repository.Git("tag", "v1", commits[1]);
        foreach (var depth in new[] { 1, 3, 0, 2, 1, 0 })
        {
            var outcome = await _bench.CheckOutAsync(commits[^1], [("fetch-depth", $"{depth}")]);
            Assert.Null(outcome.Problem);
            Assert.Equal(depth == 0 ? "5" : $"{depth}", outcome.Git("rev-list", "--count", "HEAD"));
            Assert.Equal(
                depth == 0 ? "refs/heads/trunk\nrefs/remotes/origin/other\nrefs/remotes/origin/trunk\nrefs/tags/v1" : "refs/heads/trunk\nrefs/remotes/origin/trunk",
                outcome.Git("for-each-ref", "--format=%(refname)"));
            Assert.Equal(depth == 0 ? "false" : "true", outcome.Git("rev-parse", "--is-shallow-repository"));
            outcome.Git("fsck", "--strict");
        }

        var tagged = await _bench.CheckOutAsync(commits[^1], [("fetch-tags", "true")]);
        Assert.Equal(commits[1], tagged.Git("rev-parse", "v1"));
    }

    [Fact]
    public async Task What_the_server_refuses_is_not_handed_out_though_the_mirror_has_it()
    {
        var gone = _repository.Files("gone", [_first], ("secret", "s"));
        Assert.Null((await _bench.CheckOutAsync(gone)).Problem);
        _repository.Git("branch", "-D", "gone");
        _repository.Prune();

        Assert.Contains("could not be fetched", (await _bench.CheckOutAsync(_first, [("ref", gone)])).Problem, StringComparison.Ordinal);
        Assert.Contains("could not be fetched", (await _bench.CheckOutAsync(gone, [("fetch-depth", "0")])).Problem, StringComparison.Ordinal);
        _bench.IsTokenDead = true;
        Assert.Contains("could not be fetched", (await _bench.CheckOutAsync(_first)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_was_asked_for_comes_into_the_workspace_and_nothing_of_it_refers_to_the_mirror()
    {
        var hidden = _repository.Files("hidden", [], ("hidden", "not for others"));
        await _bench.CheckOutAsync(hidden);
        var outcome = await _bench.CheckOutAsync(_first);

        Assert.Null(outcome.Problem);
        Assert.DoesNotContain(hidden, outcome.Git("cat-file", "--batch-all-objects", "--batch-check"), StringComparison.Ordinal);
        Assert.False(outcome.Has(".git/objects/info/alternates"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(outcome.Folder, ".git"), "*", SearchOption.AllDirectories))
        {
            var text = await File.ReadAllTextAsync(file, Cancellation);
            Assert.DoesNotContain(_bench.MirrorRoot, text, StringComparison.Ordinal);
            Assert.DoesNotContain(GitHttp.Token, text, StringComparison.Ordinal);
        }

        Assert.Equal("65533", PlumbedStat(Directory.GetDirectories(_bench.MirrorRoot, "*.git").Single(), "%u"));
        Assert.Equal("700", PlumbedStat(Directory.GetDirectories(_bench.MirrorRoot, "*.git").Single(), "%a"));
        Assert.Equal("65534", PlumbedStat(Path.Combine(outcome.Folder, "README.md"), "%u"));
    }

    [Fact]
    public async Task A_mirror_whose_runner_was_killed_starts_afresh_and_one_that_is_damaged_is_replaced()
    {
        await _bench.CheckOutAsync(_first);
        var mirror = Directory.GetDirectories(_bench.MirrorRoot, "*.git").Single();
        await File.WriteAllTextAsync(Path.ChangeExtension(mirror, ".busy"), "", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(mirror, "HEAD"), "nonsense", Cancellation);
        Assert.Null((await _bench.CheckOutAsync(_first)).Problem);

        var pack = Directory.GetFiles(Path.Combine(mirror, "objects/pack"), "*.pack").Single();
        File.SetUnixFileMode(pack, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var bytes = await File.ReadAllBytesAsync(pack, Cancellation);
        bytes.AsSpan(bytes.Length / 2, 5000).Clear();
        await File.WriteAllBytesAsync(pack, bytes, Cancellation);
        var outcome = await _bench.CheckOutAsync(_first);
        Assert.Null(outcome.Problem);
        outcome.Git("fsck", "--strict");
        Assert.False(File.Exists(pack) && (await File.ReadAllBytesAsync(pack, Cancellation)).AsSpan().SequenceEqual(bytes));
        Assert.Null((await _bench.CheckOutAsync(_first)).Problem);
    }

    [Fact]
    public async Task A_checkout_that_is_cancelled_leaves_the_mirror_in_order()
    {
        await _bench.CheckOutAsync(_first);
        var second = _repository.Files("trunk", [_first], ("big", Noise()));
        using var never = new SemaphoreSlim(0);
        _bench.Waits = never;
        _bench.Asked = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        _bench.Cancel = cancel.Token;
        var running = _bench.CheckOutAsync(second);
        await _bench.Asked.Task.WaitAsync(Cancellation);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        never.Release(100);
        _bench.Waits = null;
        _bench.Cancel = Cancellation;

        var before = _bench.BytesSent;
        Assert.Null((await _bench.CheckOutAsync(_first)).Problem);
        Assert.True(_bench.BytesSent - before < 2000);
        Assert.Empty(Directory.GetFiles(_bench.MirrorRoot, "*.busy"));
    }

    [Fact]
    public async Task Runners_of_one_host_share_mirrors_and_take_turns()
    {
        var other = _bench.NewMirrors();
        var mine = _bench.Mirrors;
        var commits = Enumerable.Range(0, 8).Select(number => _repository.Files($"b{number}", [_first], ("n", $"{number}"))).ToList();
        var outcomes = await Task.WhenAll(commits.Select((commit, number) =>
        {
            _bench.Mirrors = number % 2 == 0 ? mine : other;
            return _bench.CheckOutAsync(commit, headRef: $"refs/heads/b{number}");
        }));

        Assert.All(outcomes, outcome => Assert.Null(outcome.Problem));
        Assert.Equal(Enumerable.Range(0, 8).Select(number => $"{number}"), outcomes.Select(outcome => outcome.Read("n")));
        Assert.Single(Directory.GetDirectories(_bench.MirrorRoot));
    }

    [Fact]
    public async Task Mirrors_that_are_too_large_or_were_not_used_for_long_go_the_oldest_first()
    {
        _bench.Repository("demo/other").Files(("other", Noise()));
        await _bench.CheckOutAsync(_first, [("repository", "demo/other")]);
        var other = Directory.GetDirectories(_bench.MirrorRoot, "*.git").Single();
        await _bench.CheckOutAsync(_first);
        var own = Directory.GetDirectories(_bench.MirrorRoot, "*.git").Single(folder => folder != other);
        Directory.SetLastWriteTimeUtc(other, DateTime.UtcNow.AddHours(-1));

        await _bench.NewMirrors(bytesMax: 3_000_000).SweepAsync(Cancellation);
        Assert.Equal([own], Directory.GetDirectories(_bench.MirrorRoot));
        Directory.SetLastWriteTimeUtc(own, DateTime.UtcNow.AddDays(-2));
        await _bench.NewMirrors().SweepAsync(Cancellation);
        Assert.Empty(Directory.GetDirectories(_bench.MirrorRoot));

        _bench.Mirrors = _bench.NewMirrors(bytesMax: 0);
        Assert.Null((await _bench.CheckOutAsync(_first)).Problem);
        Assert.Empty(Directory.GetDirectories(_bench.MirrorRoot));
    }

    private static string PlumbedStat(string path, string format)
    {
        using var process = Process.Start(new ProcessStartInfo("stat", ["-c", format, path]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    /// <summary>2 MB that nothing makes smaller.</summary>
    private static string Noise() => Convert.ToHexString(RandomNumberGenerator.GetBytes(1_500_000));
}
