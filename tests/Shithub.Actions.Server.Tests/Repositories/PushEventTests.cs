using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Repositories;

public sealed class PushEventTests : IAsyncLifetime
{
    private GitHost _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GitHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_push_has_its_event_by_the_time_git_returns()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.RunAsync("rev-parse", "HEAD");
        using var watch = _host.Server.Get<Notifications>().Subscribe(Topic.Trigger);
        var told = watch.Next;
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        var made = Assert.Single(await _host.EventsAsync(_host.Private));
        Assert.Equal("refs/heads/trunk", made.Ref);
        Assert.Equal(sha, made.HeadSha);
        Assert.Null(made.BeforeSha);
        Assert.Equal("recorded", Assert.Single(await _host.PushStatesAsync(_host.Private)));
        await told.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    public async Task The_payload_has_the_shape_of_githubs()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        var first = await client.RunAsync("rev-parse", "HEAD");
        await client.CommitAsync("a.txt", "a", "Second");
        var third = await client.CommitAsync("b.txt", "b", "Third\n\nWith \"quotes\", ünïcode and\ttabs");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        var made = (await _host.EventsAsync(_host.Private))[^1];
        var payload = JsonNode.Parse(made.Payload)!;
        Assert.Equal("refs/heads/trunk", (string?)payload["ref"]);
        Assert.Equal(first, (string?)payload["before"]);
        Assert.Equal(third, (string?)payload["after"]);
        Assert.False((bool)payload["created"]!);
        Assert.False((bool)payload["forced"]!);
        Assert.Equal(["Second", "Third"], payload["commits"]!.AsArray().Select(commit => ((string)commit!["message"]!).Split('\n')[0]));
        Assert.Equal("Third\n\nWith \"quotes\", ünïcode and\ttabs", (string?)payload["head_commit"]!["message"]);
        Assert.Equal("Ada", (string?)payload["head_commit"]!["author"]!["name"]);
        Assert.Equal("olga/hidden", (string?)payload["repository"]!["full_name"]);
        Assert.Equal("olga", (string?)payload["repository"]!["owner"]!["login"]);
        Assert.Equal("olga", (string?)payload["pusher"]!["name"]);
        Assert.Equal(first, made.BeforeSha);
    }

    [Fact]
    public async Task Each_branch_and_tag_of_a_push_has_an_event_and_a_deletion_has_none()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.RunAsync("rev-parse", "HEAD");
        await client.RunAsync("tag", "light");
        await client.RunAsync("tag", "-a", "heavy", "-m", "annotated");
        await client.RunAsync("push", "--quiet", "origin", "trunk", "trunk:topic", "light", "heavy");
        var events = await _host.EventsAsync(_host.Private);
        Assert.Equal(
            ["refs/heads/topic", "refs/heads/trunk", "refs/tags/heavy", "refs/tags/light"], events.Select(made => made.Ref).Order());
        Assert.All(events, made => Assert.Equal(sha, made.HeadSha));
        await client.RunAsync("push", "--quiet", "origin", ":topic", ":heavy");
        Assert.Equal(4, (await _host.EventsAsync(_host.Private)).Count);
        Assert.Equal(["recorded", "recorded"], await _host.PushStatesAsync(_host.Private));
    }

    [Fact]
    public async Task A_forced_push_says_so()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await client.RunAsync("commit", "--quiet", "--amend", "-m", "Amended");
        await client.RunAsync("push", "--quiet", "--force", "origin", "trunk");
        Assert.True((bool)JsonNode.Parse((await _host.EventsAsync(_host.Private))[^1].Payload)!["forced"]!);
    }

    [Fact]
    public async Task Of_a_push_that_is_refused_in_part_only_the_rest_has_events()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("push", "--quiet", "origin", "trunk:topic");
        // A branch topic/below can't be beside the branch topic.
        var (exitCode, _, _) = await client.TryAsync("push", "origin", "trunk:refs/heads/topic/below", "trunk:refs/heads/other");
        Assert.NotEqual(0, exitCode);
        Assert.Equal(["refs/heads/other", "refs/heads/topic"], (await _host.EventsAsync(_host.Private)).Select(made => made.Ref).Order());
        Assert.Equal(["recorded", "recorded"], await _host.PushStatesAsync(_host.Private));
    }

    [Fact]
    public async Task A_push_that_git_applied_while_its_server_was_killed_gets_one_event_from_the_sweep()
    {
        var (push, sha) = await KilledPushAsync("refs/heads/trunk");
        Assert.Empty(await _host.EventsAsync(_host.Private));
        var sweeper = _host.Server.Get<PushSweeper>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => sweeper.SweepAsync(TimeSpan.Zero, Cancellation)));
        await sweeper.SweepAsync(TimeSpan.Zero, Cancellation);
        var made = Assert.Single(await _host.EventsAsync(_host.Private));
        Assert.Equal((push, sha), (made.PushId!.Value, made.HeadSha));
        Assert.Equal("recorded", Assert.Single(await _host.PushStatesAsync(_host.Private)));
    }

    [Fact]
    public async Task The_retry_of_a_push_that_was_killed_before_git_moved_the_ref_makes_one_event()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.RunAsync("rev-parse", "HEAD");
        // git was killed after it wrote the reflog and before it moved the ref.
        var killed = await RecordAsync("refs/heads/trunk", RefName.ZeroSha, sha);
        var log = Path.Combine(_host.Stored(_host.Private).Path, "logs/refs/heads/trunk");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        await File.WriteAllTextAsync(log, $"{RefName.ZeroSha} {sha} olga <{PushProof.Email(killed)}> 1700000000 +0000\tpush\n", Cancellation);
        await _host.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        Assert.Empty(await _host.EventsAsync(_host.Private));

        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await _host.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        Assert.NotEqual(killed, Assert.Single(await _host.EventsAsync(_host.Private)).PushId);
        Assert.Equal(["receiving", "recorded"], (await _host.PushStatesAsync(_host.Private)).Order());
    }

    [Fact]
    public async Task A_killed_push_keeps_its_event_when_the_next_push_moves_on()
    {
        var (push, _) = await KilledPushAsync("refs/heads/trunk");
        var client = new GitClient();
        await client.RunAsync("clone", "--quiet", _host.Url(_host.Private, _host.Writer), ".");
        await client.CommitAsync("next.txt", "next", "Next");
        await client.RunAsync("push", "--quiet", "origin", "trunk");
        await _host.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        var events = await _host.EventsAsync(_host.Private);
        Assert.Equal(2, events.Count);
        Assert.Single(events, made => made.PushId == push);
        client.Dispose();
    }

    [Fact]
    public async Task A_killed_push_keeps_its_event_when_the_next_push_deletes_the_branch()
    {
        var (push, _) = await KilledPushAsync("refs/heads/topic");
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        await client.RunAsync("push", "--quiet", "origin", ":topic");
        Assert.Equal(push, Assert.Single(await _host.EventsAsync(_host.Private)).PushId);
    }

    [Fact]
    public async Task A_push_that_never_reached_git_is_abandoned_in_the_end_and_makes_nothing()
    {
        var id = await RecordAsync("refs/heads/trunk", RefName.ZeroSha, new string('1', 40));
        await using var connection = await _host.Server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await _host.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        Assert.Equal("receiving", Assert.Single(await _host.PushStatesAsync(_host.Private)));
        await connection.ExecuteAsync("update pushes set received_at = now() - interval '3 hours' where id = @id", new { id });
        await _host.Server.Get<PushSweeper>().SweepAsync(TimeSpan.Zero, Cancellation);
        Assert.Equal("abandoned", Assert.Single(await _host.PushStatesAsync(_host.Private)));
        Assert.Empty(await _host.EventsAsync(_host.Private));
    }

    [Fact]
    public async Task Settling_the_same_push_many_times_at_once_makes_one_event()
    {
        var (push, _) = await KilledPushAsync("refs/heads/trunk");
        var settle = _host.Server.Get<SettlePush>();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => settle.ExecuteAsync(push, gitHasEnded: true, Cancellation)));
        Assert.Single(await _host.EventsAsync(_host.Private));
    }

    [Fact]
    public async Task A_client_that_hangs_up_after_its_last_byte_has_pushed()
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.RunAsync("rev-parse", "HEAD");
        var pack = Path.Combine(client.Folder, "pack");
        await client.RunAsync("pack-objects", "--all", "--quiet", pack);
        var packFile = Directory.GetFiles(client.Folder, "pack-*.pack").Single();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/olga/hidden.git/git-receive-pack");
        byte[] body =
        [
            .. PktLine.Of($"{RefName.ZeroSha} {sha} refs/heads/trunk\0report-status agent=test\n"), .. PktLine.Flush,
            .. await File.ReadAllBytesAsync(packFile, Cancellation),
        ];
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-receive-pack-request");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"git:{_host.Writer}")));
        using var response = await _host.Server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        response.Dispose();
        await UntilAsync(async () => (await _host.PushStatesAsync(_host.Private)) is ["recorded"]);
        Assert.Equal(sha, Assert.Single(await _host.EventsAsync(_host.Private)).HeadSha);
    }

    /// <summary>A push that was recorded and that git applied, with nobody left to settle it.</summary>
    private async Task<(Guid Push, string Sha)> KilledPushAsync(string name)
    {
        var client = await _host.ClientAsync(_host.Private, _host.Writer);
        var sha = await client.RunAsync("rev-parse", "HEAD");
        var id = await RecordAsync(name, RefName.ZeroSha, sha);
        await client.RunAsync(
            "push", "--quiet", _host.Stored(_host.Private).Path, $"HEAD:{name}",
            $"--receive-pack=env GIT_COMMITTER_NAME=olga GIT_COMMITTER_EMAIL={PushProof.Email(id)} git receive-pack");
        return (id, sha);
    }

    private async Task<Guid> RecordAsync(string name, string old, string @new)
    {
        var olga = await _host.Server.Get<Owners>().FindAsync("olga", Cancellation);
        return await _host.Server.Get<RecordPush>().BeginAsync(
            _host.Private.Id, olga!.Id, [new RefCommand(name, old, @new)], Cancellation);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(20, deadline.Token);
    }
}
