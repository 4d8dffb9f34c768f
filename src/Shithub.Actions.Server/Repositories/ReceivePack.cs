using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.PullRequests;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Push. It is written down before git sees it and settled before the client learns that it is through: see README.md. A client that
/// goes away after it has sent everything does not stop its push.
/// </summary>
public sealed partial class ReceivePack(
    GitProcess git, RepositoryStore repositories, RecordPush recordPush, SettlePush settlePush, ReceiveProposal receiveProposal,
    ServerSettings settings, ILogger<ReceivePack> logger)
{
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// git itself stops at the setting, and says so in its answer; the client is let send some more so that it reads the answer.
    /// </summary>
    public static long BodyLimit(long maxPushBytes) => maxPushBytes + (64 * 1024 * 1024);

    /// <param name="mayWrite">False: only proposals are taken, pushes to <c>refs/for/</c>.</param>
    public async Task<IResult> ServeAsync(
        HttpContext context, Repository repository, Actor actor, bool mayWrite, GitRequestBody body, CancellationToken cancellation)
    {
        ReceivePackRequest request;
        try
        {
            request = await ReceivePackRequest.ReadAsync(body.Stream, cancellation);
        }
        catch (InvalidDataException error)
        {
            return SmartHttpEndpoints.Say(StatusCodes.Status400BadRequest, error.Message);
        }

        GitResponse.SetHeaders(context.Response, "application/x-git-receive-pack-result");
        try
        {
            if (!mayWrite && request.Commands.Count > 0 && !request.IsProposal)
                request.Refuse($"403: {actor.Name} may read {repository.FullName} and not write to it. Push to refs/for/<branch> to propose the change");
            if (request.Refusal is not null)
                await RefuseAsync(context, request, body, cancellation);
            else if (!mayWrite && request.Commands.Count == 0)
                await context.Response.Body.WriteAsync(PktLine.Flush, cancellation);
            else if (request.IsProposal)
                await receiveProposal.ExecuteAsync(context, repository, actor, mayWrite, request, body, cancellation);
            else
                await ReceiveAsync(context, repository, actor, request, body, cancellation);
            return TypedResults.Empty;
        }
        catch (GitBodyException error) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            return SmartHttpEndpoints.Say(error.Status, error.Message);
        }
        catch (Exception error) when (error is GitBodyException or OperationCanceledException or IOException)
        {
            // The client is gone, or must not take what it got for the whole answer.
            context.Abort();
            return TypedResults.Empty;
        }
    }

    private async Task ReceiveAsync(
        HttpContext context, Repository repository, Actor actor, ReceivePackRequest request, GitRequestBody body,
        CancellationToken cancellation)
    {
        // A client that asks only whether it may push sends no commands.
        if (request.Commands.Count == 0)
        {
            await RunGitAsync(context, repository, Committer(actor, null), request, body, cancellation);
            return;
        }

        if (request.Commands.Any(command => command.IsDeletion))
            await settlePush.SecureProofsAsync(repository.Id, cancellation);
        var push = await recordPush.BeginAsync(repository.Id, actor.UserId, request.Commands, cancellation);
        try
        {
            await RunGitAsync(context, repository, Committer(actor, push), request, body, cancellation);
        }
        finally
        {
            // git has ended, whatever became of the client. If this fails, PushSweeper does it.
            using var timeout = new CancellationTokenSource(SettleTimeout);
            await settlePush.ExecuteAsync(push, gitHasEnded: true, timeout.Token);
        }
    }

    private async Task RunGitAsync(
        HttpContext context, Repository repository, Dictionary<string, string> environment, ReceivePackRequest request,
        GitRequestBody body, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(settings.Git.OperationTimeout);
        string[] arguments =
        [
            "-c", $"receive.maxInputSize={settings.Git.MaxPushBytes}",
            "receive-pack", "--stateless-rpc", repositories.Open(repository.Id).Path,
        ];
        await using var child = await git.StartTransferAsync(arguments, environment, cancellation);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var feeding = FeedAsync(child.Input, request.Raw, body, sending.Token);
        await AnswerAsync(context, child.Output, feeding, cancellation, timeout.Token);
        var (exitCode, error) = await child.WaitAsync(timeout.Token);
        if (exitCode != 0 || error.Length > 0)
            LogEnded(repository.FullName, exitCode, error);
        await feeding;
    }

    private static async Task FeedAsync(Stream stdin, ReadOnlyMemory<byte> beginning, GitRequestBody body, CancellationToken cancellation)
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

    /// <summary>Hands git's answer on while there is a client, and reads on without: git must not stop at a full pipe.</summary>
    private static async Task AnswerAsync(
        HttpContext context, Stream stdout, Task feeding, CancellationToken client, CancellationToken timeout)
    {
        var buffer = new byte[32 * 1024];
        int read;
        var isListening = true;
        while ((read = await stdout.ReadAsync(buffer, timeout)) > 0)
        {
            // After an unusable body git only says that its input ended early. The caller knows better.
            if (!isListening || feeding.IsFaulted)
                continue;
            try
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), client);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException)
            {
                isListening = false;
            }
        }
    }

    /// <summary>Says no to every ref of the push in the protocol's own words, so that git shows the reason beside each.</summary>
    private static async Task RefuseAsync(
        HttpContext context, ReceivePackRequest request, GitRequestBody body, CancellationToken cancellation)
    {
        await body.CopyToAsync(Stream.Null, cancellation);
        await PushReport.WriteAsync(context, request, "unpack ok", request.Refusal, null, cancellation);
    }

    /// <summary>Who pushes, as the reflog will have it. The address is the proof of which push an entry belongs to.</summary>
    private static Dictionary<string, string> Committer(Actor actor, Guid? push) => new()
    {
        ["GIT_COMMITTER_NAME"] = actor.Name,
        ["GIT_COMMITTER_EMAIL"] = push is { } id ? PushProof.Email(id) : "probe@shithub",
    };

    [LoggerMessage(EventId = 302, Level = LogLevel.Information, Message = "A push to {Repository} ended with exit code {ExitCode}: {Error}")]
    private partial void LogEnded(string repository, int exitCode, string error);
}
