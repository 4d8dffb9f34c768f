using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Checkout;

/// <summary>Large files: <c>lfs: true</c>, with a server that answers as it likes and repositories that ask for what they like.</summary>
public sealed class LfsTests : IAsyncLifetime
{
    private const string Attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("large\n");

    private readonly Dictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private CheckoutBench _bench = null!;
    private PlumbedRepository _repository = null!;
    private int _downloads;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await CheckoutBench.StartAsync();
        _bench.Instead = ServeAsync;
        _repository = _bench.Repository("demo/hello");
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task Pointers_become_their_content_with_mode_and_owner_and_git_sees_no_change()
    {
        var pointer = _repository.Blob(Store(Content));
        var tree = _repository.Tree(
            ("100644", ".gitattributes", _repository.Blob(Attributes + "run.bin text eol=crlf\n")), ("100644", "it's $(a) b.bin", pointer), ("100644", "plain.bin", _repository.Blob("no pointer\n")),
            ("100644", "readme.txt", pointer), ("40000", "sub", _repository.Tree(("100755", "run.bin", pointer))));
        var commit = _repository.Commit(tree);

        var outcome = await _bench.CheckOutAsync(commit, [("lfs", "true")]);
        Assert.Null(outcome.Problem);
        Assert.Equal("large\n", outcome.Read("it's $(a) b.bin"));
        Assert.Equal("large\n", outcome.Read("sub/run.bin"));
        Assert.Equal("no pointer\n", outcome.Read("plain.bin"));
        Assert.Equal(Store(Content), outcome.Read("readme.txt"));
        var executable = Path.Combine(outcome.Folder, "sub/run.bin");
        Assert.True(File.GetUnixFileMode(executable).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(Path.Combine(outcome.Folder, "it's $(a) b.bin")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("65534:65534", await OwnerAsync(executable));
        Assert.Equal("", outcome.Git("-c", "filter.lfs.process=", "-c", "filter.lfs.clean=", "-c", "filter.lfs.required=false", "status", "--porcelain"));
        Assert.False(outcome.Has(".git/lfs.incoming"));
        Assert.Contains("Files from LFS: 2 (1 KiB)\n", outcome.Log, StringComparison.Ordinal);
        Assert.Equal(1, _downloads);

        var without = await _bench.CheckOutAsync(commit);
        Assert.Equal(Store(Content), without.Read("it's $(a) b.bin"));
        Assert.Equal(1, _downloads);
    }

    [Fact]
    public async Task Submodules_have_their_own_and_the_token_is_for_the_jobs_repository_only()
    {
        var lib = _bench.Repository("demo/lib").Files((".gitattributes", Attributes), ("b.bin", Store(Encoding.UTF8.GetBytes("of lib\n"))));
        var commit = _repository.Commit(_repository.Tree(
            ("100644", ".gitattributes", _repository.Blob(Attributes)),
            ("100644", ".gitmodules", _repository.Blob("[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib.git\n")),
            ("100644", "a.bin", _repository.Blob(Store(Content))), ("160000", "lib", lib)));

        var outcome = await _bench.CheckOutAsync(commit, [("lfs", "true"), ("submodules", "true")]);
        Assert.Null(outcome.Problem);
        Assert.Equal(("large\n", "of lib\n"), (outcome.Read("a.bin"), outcome.Read("lib/b.bin")));
        Assert.False(_bench.TokenLeaked);
    }

    [Theory]
    [InlineData("oid sha256:../../../../etc/passwd\nsize 6\n")]
    [InlineData("oid sha256:{OID}\nsize -6\n")]
    [InlineData("oid sha256:{OID}\nsize 6\next-0-evil sha256:{OID}\n")]
    [InlineData("oid sha256:{OID}/../x\nsize 6\n")]
    public async Task A_pointer_that_is_none_fails_by_name(string rest)
    {
        var outcome = await FetchAsync("version https://git-lfs.github.com/spec/v1\n" + rest.Replace("{OID}", OidOf(Content), StringComparison.Ordinal));
        Assert.Contains("'a.bin' begins like a pointer", outcome.Problem, StringComparison.Ordinal);
        Assert.Equal(0, _downloads);
    }

    [Fact]
    public async Task What_the_server_lacks_or_sends_wrong_fails_by_name_and_leaves_the_pointer()
    {
        var absent = await FetchAsync(Pointer(OidOf([1]), 1));
        Assert.Contains("'a.bin' is kept in LFS, and the server does not give its content", absent.Problem, StringComparison.Ordinal);
        Assert.Equal(0, _downloads);
        Store(Content);
        foreach (var sent in new[] { "wrong\n", "large", "large\nand more" })
        {
            _objects[OidOf(Content)] = Encoding.UTF8.GetBytes(sent);
            var outcome = await FetchAsync(Pointer(OidOf(Content), Content.Length));
            Assert.Contains("'a.bin' is not the content", outcome.Problem, StringComparison.Ordinal);
            Assert.Equal(Pointer(OidOf(Content), Content.Length), outcome.Read("a.bin"));
            Assert.False(outcome.Has(".git/lfs.incoming"));
        }
    }

    [Fact]
    public async Task More_than_a_checkout_may_have_is_refused_before_any_of_it_is_asked_for()
    {
        var requests = 0;
        _bench.Instead = http => http.Request.Path.Value!.Contains("/info/lfs/", StringComparison.Ordinal) ? Task.FromResult(++requests > 0) : Task.FromResult(false);
        var outcome = await FetchAsync(Pointer(OidOf(Content), 999_999_999_999_999_999));
        Assert.Contains("runner.checkout_bytes", outcome.Problem, StringComparison.Ordinal);
        Assert.Equal(0, requests);
    }

    [Fact]
    public async Task Neither_lfsconfig_nor_an_answer_nor_a_redirect_leads_to_another_host()
    {
        await using var canary = await CheckoutBench.StartAsync();
        var elsewhere = $"{canary.ServerUrl}/git/demo/hello.git/info/lfs";
        _repository.Files(
            (".gitattributes", Attributes), (".lfsconfig", $"[lfs]\n\turl = {elsewhere}\n"), ("a.bin", Store(Content)));
        var commit = _repository.Git("rev-parse", "trunk");
        var outcome = await _bench.CheckOutAsync(commit, [("lfs", "true")]);
        Assert.Null(outcome.Problem);
        Assert.Equal("large\n", outcome.Read("a.bin"));

        _bench.Instead = http =>
        {
            if (!http.Request.Path.Value!.Contains("/info/lfs/", StringComparison.Ordinal)) return Task.FromResult(false);
            http.Response.Redirect(elsewhere + "/objects/batch", permanent: false, preserveMethod: true);
            return Task.FromResult(true);
        };
        Assert.Contains("answered 307", (await _bench.CheckOutAsync(commit, [("lfs", "true")])).Problem, StringComparison.Ordinal);
        Assert.Equal(0, canary.Requests);
    }

    [Fact]
    public async Task Links_stay_links_and_what_they_lead_to_stays_what_it_is()
    {
        var outside = Path.Combine(_bench.Root, "outside");
        await File.WriteAllTextAsync(outside, Store(Content), Cancellation);
        var commit = _repository.Commit(_repository.Tree(
            ("100644", ".gitattributes", _repository.Blob("* filter=lfs\n")), ("120000", "a.bin", _repository.Blob(outside)), ("100644", "b.bin", _repository.Blob(Store(Content))),
            ("120000", "dir", _repository.Blob(_bench.Root))));

        var outcome = await _bench.CheckOutAsync(commit, [("lfs", "true")]);
        Assert.Null(outcome.Problem);
        Assert.Equal("large\n", outcome.Read("b.bin"));
        Assert.Equal(outside, new FileInfo(Path.Combine(outcome.Folder, "a.bin")).LinkTarget);
        Assert.Equal(Store(Content), await File.ReadAllTextAsync(outside, Cancellation));
    }

    private static string OidOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string Pointer(string oid, long size) => $"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n";

    private static async Task<string> OwnerAsync(string path)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u:%g", path]) { RedirectStandardOutput = true })!;
        return (await stat.StandardOutput.ReadToEndAsync(Cancellation)).Trim();
    }

    /// <summary>The server has it.</summary>
    /// <returns>Its pointer.</returns>
    private string Store(byte[] content)
    {
        _objects[OidOf(content)] = content;
        return Pointer(OidOf(content), content.Length);
    }

    private Task<CheckoutOutcome> FetchAsync(string pointer) =>
        _bench.CheckOutAsync(_repository.Files((".gitattributes", Attributes), ("a.bin", pointer)), [("lfs", "true")]);

    /// <summary>The batch API and the objects, of all repositories alike; addresses in answers lead to where nobody listens.</summary>
    private async Task<bool> ServeAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (!path.Contains("/info/lfs/", StringComparison.Ordinal)) return false;
        var isOwn = path.StartsWith("/git/demo/hello.git/", StringComparison.Ordinal);
        Assert.Equal(isOwn, GitHttp.ShowsToken(http));
        if (http.Request.Method == "GET")
        {
            _downloads++;
            await http.Response.Body.WriteAsync(_objects[path.Split('/')[^1]], Cancellation);
            return true;
        }

        using var asked = await JsonDocument.ParseAsync(http.Request.Body, default, Cancellation);
        Assert.Equal("application/vnd.git-lfs+json", http.Request.ContentType);
        var answers = asked.RootElement.GetProperty("objects").EnumerateArray().Select(one =>
        {
            var oid = one.GetProperty("oid").GetString()!;
            var fate = _objects.ContainsKey(oid)
                ? """ "actions":{"download":{"href":"http://127.0.0.1:1/object"}} """
                : """ "error":{"code":404,"message":"gone"} """;
            return $$"""{"oid":"{{oid}}","size":{{one.GetProperty("size")}},{{fate}} }""";
        });
        await http.Response.WriteAsync($$"""{"transfer":"basic","objects":[{{string.Join(',', answers)}}] }""", Cancellation);
        return true;
    }
}
