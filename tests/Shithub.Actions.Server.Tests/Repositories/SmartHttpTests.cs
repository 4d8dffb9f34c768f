using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;
using Xunit;

namespace Shithub.Actions.Server.Tests.Repositories;

public sealed class SmartHttpTests : IAsyncLifetime
{
    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GitHost.StartAsync(("git.max_push_bytes", "8m"));

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task What_was_pushed_is_what_is_cloned()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var first = await client.RunAsync("rev-parse", "HEAD");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("clone", "--quiet", _host.Url(_host.Private, _host.Reader), "copy");
        Assert.Equal(first, await client.RunAsync("-C", "copy", "rev-parse", "HEAD"));
        Assert.Equal("trunk", await client.RunAsync("-C", "copy", "branch", "--show-current"));

        var second = await client.CommitAsync("more.txt", "more", "Second");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("-C", "copy", "fetch", "--quiet");
        Assert.Equal(second, await client.RunAsync("-C", "copy", "rev-parse", "origin/trunk"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Every_protocol_version_clones(string version)
    {
        var client = await _host.ClientAsync(_host.Public, _host.Writer);
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("-c", $"protocol.version={version}", "clone", "--quiet", _host.Url(_host.Public, null), "copy");
        Assert.Equal(await client.RunAsync("rev-parse", "HEAD"), await client.RunAsync("-C", "copy", "rev-parse", "HEAD"));
    }

    [Fact]
    public async Task A_commit_that_no_branch_has_any_more_is_fetched_by_its_id()
    {
        var client = await _host.ClientAsync(_host.Public, _host.Writer);
        var left = await client.RunAsync("rev-parse", "HEAD");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("commit", "--quiet", "--amend", "-m", "Other");
        await client.RunAsync("push", "--quiet", "--force", "origin", "trunk");
        await client.RunAsync("init", "--quiet", "copy");
        await client.RunAsync("-C", "copy", "fetch", "--quiet", "--depth=1", _host.Url(_host.Public, null), left);
        Assert.Equal(left, await client.RunAsync("-C", "copy", "rev-parse", "FETCH_HEAD"));
    }

    [Fact]
    public async Task A_push_larger_than_the_clients_buffer_comes_in_chunks()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var noise = new byte[3 * 1024 * 1024];
        Random.Shared.NextBytes(noise);
        await File.WriteAllBytesAsync(Path.Combine(client.Folder, "noise"), noise, Cancellation);
        var sha = await client.CommitAsync("a.txt", "a", "Large");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        Assert.Equal(sha, await _host.Stored(_host.Private).FindCommitAsync("refs/heads/trunk", Cancellation));
    }

    [Fact]
    public async Task A_push_over_the_limit_is_refused_with_the_limit_and_changes_nothing()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var noise = new byte[9 * 1024 * 1024];
        Random.Shared.NextBytes(noise);
        await File.WriteAllBytesAsync(Path.Combine(client.Folder, "noise"), noise, Cancellation);
        await client.CommitAsync("a.txt", "a", "Too large");
        var (exitCode, _, error) = await client.TryAsync("push", "origin", "trunk");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("maximum allowed size", error, StringComparison.Ordinal);
        Assert.Null(await _host.Stored(_host.Private).FindCommitAsync("refs/heads/trunk", Cancellation));
        Assert.Empty(await _host.EventsAsync(_host.Private));
        Assert.Equal("recorded", Assert.Single(await _host.PushStatesAsync(_host.Private)));
    }

    [Fact]
    public async Task A_gzipped_request_is_understood_and_a_broken_one_is_refused()
    {
        var client = await _host.ClientAsync(_host.Public, _host.Writer);
        // Enough tags make a fetch whose request git compresses by itself.
        for (var i = 0; i < 60; i++)
            await client.RunAsync("commit", "--quiet", "--allow-empty", "-m", $"{i}");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("-c", "protocol.version=0", "clone", "--quiet", _host.Url(_host.Public, null), "copy");
        for (var i = 0; i < 60; i++)
            await client.RunAsync("-C", "copy", "commit", "--quiet", "--allow-empty", "-m", $"mine {i}");
        var sha = await client.CommitAsync("b.txt", "b", "Newer");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("-C", "copy", "-c", "protocol.version=0", "fetch", "--quiet");
        Assert.Equal(sha, await client.RunAsync("-C", "copy", "rev-parse", "origin/trunk"));

        using var request = new HttpRequestMessage(HttpMethod.Post, "/olga/shown.git/git-upload-pack");
        request.Content = new ByteArrayContent("no gzip"u8.ToArray());
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-upload-pack-request");
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var response = await _host.Server.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Force_pushes_tags_and_deletions_work_and_the_default_branch_stays()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("tag", "-a", "v1", "-m", "One");
        await client.RunAsync("push", "--quiet", "origin", "trunk", "v1", "trunk:refs/heads/topic/a");
        await client.RunAsync("commit", "--quiet", "--amend", "-m", "Amended");
        var (refused, _, reason) = await client.TryAsync("push", "origin", "trunk:topic/a");
        Assert.NotEqual(0, refused);
        Assert.Contains("rejected", reason, StringComparison.Ordinal);
        await client.RunAsync("push", "--quiet", "--force", "origin", "trunk:topic/a");
        await client.RunAsync("push", "--quiet", "origin", ":topic/a", ":refs/tags/v1");
        Assert.Equal("refs/heads/trunk", (await client.RunAsync("ls-remote", "--refs", "origin")).Split('\t').Last());
        var (kept, _, error) = await client.TryAsync("push", "origin", ":trunk");
        Assert.NotEqual(0, kept);
        Assert.Contains("current branch", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refs/notes/commits")]
    [InlineData("refs/pull/1/head")]
    public async Task Refs_other_than_branches_and_tags_are_refused_with_the_reason(string name)
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var (exitCode, _, error) = await client.TryAsync("push", "origin", $"trunk:{name}", "trunk:refs/heads/also");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("only valid UTF-8 names under refs/heads/ and refs/tags/", error, StringComparison.Ordinal);
        Assert.Equal("", await client.RunAsync("ls-remote", "origin"));
        Assert.Empty(await _host.PushStatesAsync(_host.Private));
    }

    [Theory]
    [InlineData("refs/heads/../../../etc/passwd")]
    [InlineData("refs/heads/a..b")]
    [InlineData("refs/heads/a.lock")]
    [InlineData("refs/heads/-\t-")]
    [InlineData("refs/heads/")]
    [InlineData("refs/heads/a\u0001b")]
    [InlineData("HEAD")]
    [InlineData("--upload-pack=x")]
    public async Task A_hostile_ref_name_is_refused_before_anything_is_written(string name)
    {
        var command = PktLine.Of($"{RefName.ZeroSha} {new string('1', 40)} {name}\0report-status side-band-64k agent=evil\n");
        using var response = await PushRawAsync([.. command, .. PktLine.Flush], _host.Writer);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"ng {name} only valid", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Empty(await _host.PushStatesAsync(_host.Private));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("zzzz")]
    [InlineData("0003")]
    [InlineData("00ffshort")]
    [InlineData("0009short0000")]
    public async Task A_push_that_is_no_push_is_a_bad_request(string body)
    {
        using var response = await PushRawAsync(Encoding.ASCII.GetBytes(body), _host.Writer);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(await _host.PushStatesAsync(_host.Private));
    }

    [Fact]
    public async Task A_branch_with_a_name_like_an_option_or_with_any_letters_is_a_branch()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        foreach (var name in new[] { "refs/heads/-rf", "refs/heads/ünïcode/枝", "refs/heads/$(id)", "refs/heads/'; drop table pushes; --" })
        {
            if (name.Contains(' ', StringComparison.Ordinal))
                continue;
            await client.RunAsync("push", "--quiet", "origin", $"trunk:{name}");
        }

        Assert.Equal(3, (await _host.EventsAsync(_host.Private)).Count);
    }

    /// <summary>Rows: who asks. Columns: info/refs for fetch and push, the fetch itself, the push itself.</summary>
    [Theory]
    [InlineData("hidden", "anonymous", 401, 401, 401, 401)]
    [InlineData("missing", "anonymous", 401, 401, 401, 401)]
    [InlineData("shown", "anonymous", 200, 401, 200, 401)]
    [InlineData("hidden", "wrong", 401, 401, 401, 401)]
    [InlineData("shown", "wrong", 401, 401, 401, 401)]
    [InlineData("hidden", "forged", 401, 401, 401, 401)]
    [InlineData("hidden", "stranger", 404, 404, 404, 404)]
    [InlineData("missing", "stranger", 404, 404, 404, 404)]
    [InlineData("shown", "stranger", 200, 200, 200, 200)]
    [InlineData("hidden", "reader", 200, 403, 200, 403)]
    [InlineData("hidden", "writer", 200, 200, 200, 200)]
    public async Task Who_may_do_what(string repository, string who, int fetchRefs, int pushRefs, int fetch, int push)
    {
        var token = who switch
        {
            "anonymous" => null,
            "wrong" => "shp_wrong",
            "forged" => "eyJhbGciOiJub25lIn0.e30.",
            "stranger" => _host.Stranger,
            "reader" => _host.Reader,
            _ => _host.Writer,
        };
        Assert.Equal(fetchRefs, await StatusAsync(HttpMethod.Get, $"/olga/{repository}.git/info/refs?service=git-upload-pack", token));
        Assert.Equal(pushRefs, await StatusAsync(HttpMethod.Get, $"/olga/{repository}/info/refs?service=git-receive-pack", token));
        Assert.Equal(fetch, await StatusAsync(HttpMethod.Post, $"/olga/{repository}.git/git-upload-pack", token));
        Assert.Equal(push, await StatusAsync(HttpMethod.Post, $"/olga/{repository}.git/git-receive-pack", token));
    }

    [Fact]
    public async Task A_collaborator_pushes_with_write_and_not_with_read()
    {
        var stranger = await _host.Server.Get<Owners>().FindAsync("stranger", Cancellation);
        var client = await _host.ClientAsync(_host.Private, _host.Stranger);
        await _host.Server.Get<Collaborators>().SetAsync(_host.Private.Id, stranger!.Id, Permission.Read, Cancellation);
        var (exitCode, _, error) = await client.TryAsync("push", "origin", "trunk");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("403", error, StringComparison.Ordinal);
        await _host.Server.Get<Collaborators>().SetAsync(_host.Private.Id, stranger.Id, Permission.Write, Cancellation);
        await client.RunAsync("push", "--quiet", "origin", "trunk");
    }

    private async Task<HttpResponseMessage> PushRawAsync(byte[] body, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/olga/hidden.git/git-receive-pack");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-receive-pack-request");
        Authorize(request, token);
        return await _host.Server.Client.SendAsync(request, Cancellation);
    }

    private async Task<int> StatusAsync(HttpMethod method, string path, string? token)
    {
        using var request = new HttpRequestMessage(method, path);
        Authorize(request, token);
        if (method == HttpMethod.Post)
        {
            request.Content = new ByteArrayContent(PktLine.Flush);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue($"application/x-{path.Split('/').Last()}-request");
        }

        using var response = await _host.Server.Client.SendAsync(request, Cancellation);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            Assert.Equal("Basic", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        return (int)response.StatusCode;
    }

    private static void Authorize(HttpRequestMessage request, string? token)
    {
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"git:{token}")));
    }
}
