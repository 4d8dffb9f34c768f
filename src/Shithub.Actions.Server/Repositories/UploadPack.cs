using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Repositories;

/// <summary>Clone and fetch.</summary>
public sealed partial class UploadPack(GitProcess git, RepositoryStore repositories, ServerSettings settings, ILogger<UploadPack> logger)
{
    /// <summary>What a client wants and has: ids, 50 bytes each.</summary>
    public const int RequestBytesMax = 64 * 1024 * 1024;

    public async Task<IResult> ServeAsync(HttpContext context, Repository repository, GitRequestBody body, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(settings.Git.OperationTimeout);
        await using var child = await git.StartTransferAsync(
            ["-c", "uploadpack.hideRefs=refs/incoming", "upload-pack", "--stateless-rpc", "--strict", repositories.Open(repository.Id).Path], GitResponse.Protocol(context.Request),
            timeout.Token);
        GitResponse.SetHeaders(context.Response, "application/x-git-upload-pack-result");
        try
        {
            var feeding = body.CopyToAsync(child.Input, timeout.Token);
            await child.Output.CopyToAsync(context.Response.Body, timeout.Token);
            await feeding;
            var (exitCode, error) = await child.WaitAsync(timeout.Token);
            // git tells the client itself what was wrong with its request, in the answer.
            if (exitCode != 0)
                LogFailed(repository.FullName, exitCode, error);
        }
        catch (GitBodyException error) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            return SmartHttpEndpoints.Say(error.Status, error.Message);
        }
        catch (Exception error) when (error is GitBodyException or OperationCanceledException or IOException)
        {
            context.Abort();
        }

        return TypedResults.Empty;
    }

    [LoggerMessage(EventId = 301, Level = LogLevel.Information, Message = "A fetch from {Repository} ended with exit code {ExitCode}: {Error}")]
    private partial void LogFailed(string repository, int exitCode, string error);
}
