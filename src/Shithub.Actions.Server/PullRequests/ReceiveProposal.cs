using System.Globalization;
using System.Text;
using Npgsql;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>
/// A push to <c>refs/for/&lt;branch&gt;</c>: git puts its commit at a ref of the push's own, and the settlement makes a pull request of it.
/// So a stranger's push can change nothing but that ref, whatever it asks for.
/// </summary>
public sealed class ReceiveProposal(
    GitProcess git, RepositoryStore repositories, RecordPush recordPush, SettlePush settlePush, PullRequestPayload payloads,
    NpgsqlDataSource dataSource, ServerSettings settings)
{
    private const int AnswerBytesMax = 4 * 1024 * 1024;
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(60);

    public async Task ExecuteAsync(
        HttpContext context, Repository repository, Actor actor, bool mayWrite, ReceivePackRequest request, GitRequestBody body,
        CancellationToken cancellation)
    {
        var wanted = request.Commands[0];
        var proposal = await FindBranchAsync(repository, wanted.Ref, cancellation);
        var refusal = proposal is null
            ? "there is no such branch: push to refs/for/<branch> or refs/for/<branch>/<topic>"
            : await ComplaintAsync(repository, actor, cancellation);
        if (refusal is not null)
        {
            await body.CopyToAsync(Stream.Null, cancellation);
            await PushReport.WriteAsync(context, request, "unpack ok", refusal, null, cancellation);
            return;
        }

        var (push, command) = await recordPush.BeginAsync(repository.Id, actor.UserId, proposal!, wanted.New, mayWrite, cancellation);
        PullRequest? pull = null;
        (string Unpack, string? Refusal) answer = ("unpack failed", "the server has lost its git");
        try
        {
            answer = await RunGitAsync(repository, actor, push, command, request, body, cancellation);
        }
        finally
        {
            // git has ended, whatever became of the client. If this fails, PushSweeper does it.
            using var timeout = new CancellationTokenSource(SettleTimeout);
            pull = await settlePush.ExecuteAsync(push, gitHasEnded: true, timeout.Token);
        }

        refusal = answer.Refusal ?? (pull is null ? $"it has no commit that {proposal!.Branch} lacks" : null);
        await PushReport.WriteAsync(
            context, request, answer.Unpack, refusal,
            pull is null ? null : string.Create(CultureInfo.InvariantCulture, $"Pull request #{pull.Number}: {payloads.AddressOf(repository, pull.Number)}"),
            cancellation);
    }

    private async Task<Proposal?> FindBranchAsync(Repository repository, string name, CancellationToken cancellation)
    {
        var stored = repositories.Open(repository.Id);
        // A name has at most so many parts that a look at each costs nobody anything.
        foreach (var reading in ForRef.Readings(name).Take(32))
        {
            if (RefName.IsBranchOrTag(RefName.Branches + reading.Branch)
                && await stored.FindCommitAsync(RefName.Branches + reading.Branch, cancellation) is not null)
            {
                return reading;
            }
        }

        return null;
    }

    private async Task<string?> ComplaintAsync(Repository repository, Actor actor, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await InsertPullRequest.HasTooManyAsync(connection, null, repository.Id, actor.UserId, cancellation)
            ? $"{actor.Name} has {InsertPullRequest.OpenPerAuthorMax} open pull requests here: close one that is done with"
            : null;
    }

    /// <summary>git with the one command, and what its report says of it.</summary>
    private async Task<(string Unpack, string? Refusal)> RunGitAsync(
        Repository repository, Actor actor, Guid push, RefCommand command, ReceivePackRequest request, GitRequestBody body,
        CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(settings.Git.OperationTimeout);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        string[] arguments =
        [
            "-c", $"receive.maxInputSize={settings.Git.MaxPushBytes}",
            "receive-pack", "--stateless-rpc", repositories.Open(repository.Id).Path,
        ];
        await using var child = await git.StartTransferAsync(
            arguments,
            new Dictionary<string, string> { ["GIT_COMMITTER_NAME"] = actor.Name, ["GIT_COMMITTER_EMAIL"] = PushProof.Email(push) },
            cancellation);
        var feeding = FeedAsync(child.Input, Beginning(command, request), body, sending.Token);
        var output = await ReadAsync(child.Output, timeout.Token);
        await child.WaitAsync(timeout.Token);
        await feeding;
        return await ReadReportAsync(output, timeout.Token);
    }

    /// <summary>The plain report, without bands: nobody but us reads it.</summary>
    private static byte[] Beginning(RefCommand command, ReceivePackRequest request)
    {
        using var raw = new MemoryStream();
        foreach (var line in request.ShallowLines)
            raw.Write(PktLine.Of(line));
        var format = request.Capabilities.FirstOrDefault(capability => capability.StartsWith("object-format=", StringComparison.Ordinal));
        raw.Write(PktLine.Of($"{command.Old} {command.New} {command.Ref}\0report-status{(format is null ? "" : $" {format}")}"));
        raw.Write(PktLine.Flush);
        return raw.ToArray();
    }

    private static async Task FeedAsync(Stream stdin, byte[] beginning, GitRequestBody body, CancellationToken cancellation)
    {
        try
        {
            await stdin.WriteAsync(beginning, cancellation);
        }
        catch (IOException)
        {
            // git has ended; the copy finds that out too and lets the client finish.
        }

        await body.CopyToAsync(stdin, cancellation);
    }

    private static async Task<MemoryStream> ReadAsync(Stream stdout, CancellationToken cancellation)
    {
        var output = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await stdout.ReadAsync(buffer, cancellation)) > 0)
        {
            // git must not stop at a full pipe; what is more than a report can be is not kept.
            if (output.Length < AnswerBytesMax)
                output.Write(buffer, 0, read);
        }

        output.Position = 0;
        return output;
    }

    private static async Task<(string Unpack, string? Refusal)> ReadReportAsync(Stream output, CancellationToken cancellation)
    {
        try
        {
            var unpack = Encoding.UTF8.GetString(await PktLine.ReadAsync(output, cancellation) ?? []).Trim();
            var result = Encoding.UTF8.GetString(await PktLine.ReadAsync(output, cancellation) ?? []).Trim();
            // "ok <ref>" or "ng <ref> <reason>"
            if (result.StartsWith("ok ", StringComparison.Ordinal))
                return (unpack, null);
            return (unpack, result.Split(' ', 3) is [_, _, var reason] ? reason : "git refused it");
        }
        catch (InvalidDataException)
        {
            return ("unpack failed", "git ended without a report");
        }
    }
}
