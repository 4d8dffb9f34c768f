using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Repositories.Lfs;
using Shithub.Actions.Server.Runners;
using Shithub.Actions.Server.Tests.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Repositories;

public sealed class LfsTests : IAsyncLifetime
{
    private const int BytesMax = 1024 * 1024;
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("a large file, in its way\n");
    private static readonly string Oid = OidOf(Content);

    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GitHost.StartAsync(("git.max_push_bytes", $"{BytesMax}"));

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task What_was_uploaded_is_downloaded_and_asked_for_no_second_time()
    {
        var asked = await BatchAsync(_host.Private, _host.Writer, "upload", (Oid, Content.Length));
        var actions = asked.Json.GetProperty("objects")[0].GetProperty("actions");
        Assert.Equal(404, (await BatchAsync(_host.Private, _host.Reader, "download", (Oid, Content.Length))).ErrorCode);

        using var http = Client(_host.Writer);
        Assert.Equal(200, (await PutAsync(_host.Private, _host.Writer, Oid, Content)).Status);
        Assert.Equal(_host.Server.BaseUrl + $"olga/hidden.git/info/lfs/objects/{Oid}", actions.GetProperty("upload").GetProperty("href").GetString());
        Assert.Equal(200, (await PostAsync(actions.GetProperty("verify").GetProperty("href").GetString()!, _host.Writer, One(Oid, Content.Length))).Status);
        Assert.Equal(422, (await PostAsync(actions.GetProperty("verify").GetProperty("href").GetString()!, _host.Writer, One(Oid, 1))).Status);
        Assert.False((await BatchAsync(_host.Private, _host.Writer, "upload", (Oid, Content.Length))).Json.GetProperty("objects")[0].TryGetProperty("actions", out _));

        var download = await BatchAsync(_host.Private, _host.Reader, "download", (Oid, Content.Length));
        Assert.Equal("basic", download.Json.GetProperty("transfer").GetString());
        var href = download.Json.GetProperty("objects")[0].GetProperty("actions").GetProperty("download").GetProperty("href").GetString();
        using var got = await http.GetAsync(href, Cancellation);
        Assert.Equal(Content, await got.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal("attachment", got.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("nosniff", got.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(422, (await BatchAsync(_host.Private, _host.Reader, "download", (Oid, 1))).ErrorCode);
        using var range = new HttpRequestMessage(HttpMethod.Get, href) { Headers = { Range = new RangeHeaderValue(2, 6) } };
        using var part = await http.SendAsync(range, Cancellation);
        Assert.Equal("large", await part.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task What_is_not_the_object_is_refused_and_leaves_nothing()
    {
        var other = OidOf([1, 2, 3]);
        Assert.Equal(422, (await PutAsync(_host.Private, _host.Writer, other, Content)).Status);
        Assert.Equal(422, (await PutAsync(_host.Private, _host.Writer, Oid, Content[..^1])).Status);
        Assert.Equal(413, (await PutAsync(_host.Private, _host.Writer, Oid, new byte[BytesMax + 1])).Status);
        Assert.Equal(413, (await PutAsync(_host.Private, _host.Writer, Oid, new byte[BytesMax + 1], chunked: true)).Status);
        Assert.Equal(413, (await BatchAsync(_host.Private, _host.Writer, "upload", (Oid, BytesMax + 1))).ErrorCode);
        foreach (var bad in new[] { Oid.ToUpperInvariant(), Oid[1..], "..%2F" + Oid[5..], Oid + "0", "%2E%2E%2F%2E%2E%2Fconfig" })
        {
            Assert.Contains((await PutAsync(_host.Private, _host.Writer, bad, Content)).Status, new[] { 404, 422 });
            using var http = Client(_host.Writer);
            using var got = await http.GetAsync(Objects(_host.Private) + bad, Cancellation);
            Assert.Contains((int)got.StatusCode, new[] { 404, 422 });
            Assert.Equal(422, (await BatchAsync(_host.Private, _host.Writer, "download", (Uri.UnescapeDataString(bad), 1))).Status);
        }

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_host.Stored(_host.Private).Path, "lfs"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Requests_that_are_none_are_refused_in_words_that_git_lfs_shows()
    {
        var batch = Objects(_host.Private) + "batch";
        var many = string.Join(',', Enumerable.Range(0, LfsEndpoints.ObjectsMax + 1).Select(_ => One(Oid, 1)));
        foreach (var (body, status) in new[]
        {
            ("{}", 422), ("[", 400), ("""{"operation":"download","objects":[]}""", 422), ($$"""{"operation":"download","objects":[{{many}}]}""", 422),
            ($$"""{"operation":"remove","objects":[{{One(Oid, 1)}}]}""", 422), ("""{"operation":"download","objects":[null]}""", 422),
            ($$"""{"operation":"download","hash_algo":"md5","objects":[{{One(Oid, 1)}}]}""", 409),
            ($$"""{"operation":"download","objects":[{{One(Oid, -1)}}]}""", 422), ($$"""{"operation":"download","objects":[{"oid":"{{Oid}}"}]}""", 422),
            (new string(' ', 600_000), 413),
        })
        {
            var answer = await PostAsync(batch, _host.Writer, body);
            Assert.Equal(status, answer.Status);
            Assert.NotEmpty(answer.Json.GetProperty("message").GetString()!);
        }

        // What an HTML form of another site could send.
        Assert.Equal(415, (await PostAsync(batch, _host.Writer, "{}", "text/plain")).Status);
        using var http = Client(_host.Writer);
        using var locks = await http.PostAsync(Objects(_host.Private) + "../locks/verify", null, Cancellation);
        Assert.Equal(404, (int)locks.StatusCode);
    }

    [Fact]
    public async Task Who_may_clone_downloads_and_who_may_push_uploads()
    {
        foreach (var repository in new[] { _host.Private, _host.Public }) Assert.Equal(200, (await PutAsync(repository, _host.Writer, Oid, Content)).Status);
        foreach (var (token, hidden, shown, upload) in new[]
        {
            (_host.Writer, 200, 200, 200), (_host.Reader, 200, 200, 403), (_host.Stranger, 404, 200, 404), (null, 401, 200, 401), ("nonsense", 401, 401, 401),
        })
        {
            using var http = Client(token);
            foreach (var (repository, status) in new[] { (_host.Private, hidden), (_host.Public, shown) })
            {
                Assert.Equal(status, (await BatchAsync(repository, token, "download", (Oid, Content.Length))).Status);
                using var got = await http.GetAsync(Objects(repository) + Oid, Cancellation);
                Assert.Equal(status, (int)got.StatusCode);
            }

            Assert.Equal(upload, (await BatchAsync(_host.Private, token, "upload", (Oid, Content.Length))).Status);
            Assert.Equal(upload, (await PutAsync(_host.Private, token, Oid, Content)).Status);
            Assert.Equal(upload, (await PostAsync(Objects(_host.Private) + "verify", token, One(Oid, Content.Length))).Status);
        }

        // Who reads a public repository may propose to it, and that is no right to fill its disk.
        Assert.Equal(403, (await PutAsync(_host.Public, _host.Stranger, Oid, Content)).Status);
        Assert.Equal(403, (await BatchAsync(_host.Public, _host.Stranger, "upload", (Oid, Content.Length))).Status);
    }

    [Fact]
    public async Task An_object_of_one_repository_is_none_of_another_but_a_fork_has_those_of_its_beginning_and_keeps_them()
    {
        await PutAsync(_host.Private, _host.Writer, Oid, Content);
        Assert.Equal(404, (await BatchAsync(_host.Public, _host.Writer, "download", (Oid, Content.Length))).ErrorCode);
        using var http = Client(_host.Writer);
        using var foreign = await http.GetAsync(Objects(_host.Public) + Oid, Cancellation);
        Assert.Equal(404, (int)foreign.StatusCode);

        var store = _host.Server.Get<RepositoryStore>();
        var fork = (await store.ForkAsync(_host.Private, _host.Private.OwnerId, "fork", Cancellation))!;
        await PutAsync(_host.Private, _host.Writer, OidOf([1]), [1]);
        Assert.Equal(404, (await BatchAsync(fork, _host.Writer, "download", (OidOf([1]), 1))).ErrorCode);
        await store.DeleteAsync(_host.Private.Id, Cancellation);
        Assert.False(Directory.Exists(_host.Stored(_host.Private).Path));
        Assert.Equal(Content, await http.GetByteArrayAsync(Objects(fork) + Oid, Cancellation));
    }

    [Fact]
    public async Task A_checkout_token_downloads_from_its_own_repository_and_uploads_nowhere()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.CommitAsync(".shithub/workflows/smoke.yml", "on: push\njobs: { green: { runs-on: ubuntu-latest, steps: [{ run: x }] } }\n", "One");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        var registered = await _host.Server.Get<RunnerPool>().RegisterAsync("runner-1", ["ubuntu-latest"], 1, null, Cancellation);
        var job = await new RunnerCalls(_host.Server, registered!.Id, registered.Token).ClaimAsync(new HeartbeatRequest(WaitSeconds: 50));
        var token = job.Job.CheckoutToken;
        foreach (var repository in new[] { _host.Private, _host.Public }) await PutAsync(repository, _host.Writer, Oid, Content);

        Assert.Equal(200, (await BatchAsync(_host.Private, token, "download", (Oid, Content.Length))).Status);
        Assert.Equal(403, (await BatchAsync(_host.Private, token, "upload", (Oid, Content.Length))).Status);
        Assert.Equal(403, (await PutAsync(_host.Private, token, Oid, Content)).Status);
        Assert.Equal(404, (await BatchAsync(_host.Public, token, "download", (Oid, Content.Length))).Status);
        using var http = Client(token);
        Assert.Equal(Content, await http.GetByteArrayAsync(Objects(_host.Private) + Oid, Cancellation));
        await job.CompleteAsync();
        using var late = await http.GetAsync(Objects(_host.Private) + Oid, Cancellation);
        Assert.Equal(401, (int)late.StatusCode);
    }

    [Fact]
    public async Task A_stock_git_lfs_pushes_and_clones()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("lfs", "install", "--local");
        await client.CommitAsync(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "Track");
        await client.CommitAsync("big.bin", Encoding.UTF8.GetString(Content), "Big");
        var pushed = await client.TryAsync("push", "origin", "trunk");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Contains($"oid sha256:{Oid}", await client.RunAsync("show", "HEAD:big.bin"), StringComparison.Ordinal);
        await client.RunAsync("clone", "--quiet", "--no-checkout", _host.Url(_host.Private, _host.Reader), "copy");
        await client.RunAsync("-C", "copy", "lfs", "install", "--local");
        await client.RunAsync("-C", "copy", "checkout", "--quiet", "trunk");
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(client.Folder, "copy", "big.bin"), Cancellation));
    }

    private static string OidOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string One(string oid, long size) => $$"""{"oid":"{{oid}}","size":{{size}}}""";

    private static string Objects(Repository repository) => $"/{repository.FullName}.git/info/lfs/objects/";

    private HttpClient Client(string? token)
    {
        var client = new HttpClient { BaseAddress = _host.Server.BaseUrl };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("git:" + token)));
        return client;
    }

    private Task<LfsReply> BatchAsync(Repository repository, string? token, string operation, params (string Oid, long Size)[] objects) => PostAsync(
        Objects(repository) + "batch", token,
        $$"""{"operation":"{{operation}}","transfers":["basic"],"objects":[{{string.Join(',', objects.Select(one => One(one.Oid, one.Size)))}}]}""");

    private async Task<LfsReply> PostAsync(string address, string? token, string body, string type = LfsEndpoints.MediaType)
    {
        using var client = Client(token);
        using var content = new StringContent(body, Encoding.UTF8, type);
        return await LfsReply.OfAsync(await client.PostAsync(address, content, Cancellation), Cancellation);
    }

    private async Task<LfsReply> PutAsync(Repository repository, string? token, string oid, byte[] bytes, bool chunked = false)
    {
        using var client = Client(token);
        using var request = new HttpRequestMessage(HttpMethod.Put, Objects(repository) + oid) { Content = new ByteArrayContent(bytes) };
        if (chunked) request.Headers.TransferEncodingChunked = true;
        return await LfsReply.OfAsync(await client.SendAsync(request, Cancellation), Cancellation);
    }

    private sealed record LfsReply(int Status, JsonElement Json)
    {
        /// <summary>Of the batch's first object; 0: none.</summary>
        public int ErrorCode => Json.GetProperty("objects")[0].TryGetProperty("error", out var error) ? error.GetProperty("code").GetInt32() : 0;

        public static async Task<LfsReply> OfAsync(HttpResponseMessage response, CancellationToken cancellation)
        {
            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(cancellation);
                if (text.Length > 0) Assert.Equal(LfsEndpoints.MediaType, response.Content.Headers.ContentType?.MediaType);
                return new LfsReply((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
            }
        }
    }
}
