namespace Shithub.Actions.Server.Repositories;

/// <summary>The first call of each clone, fetch and push: which refs there are, or with protocol version 2 what the server can do.</summary>
public sealed partial class AdvertiseRefs(GitProcess git, RepositoryStore repositories, ILogger<AdvertiseRefs> logger)
{
    public async Task ServeAsync(HttpContext context, Repository repository, GitService service, CancellationToken cancellation)
    {
        var name = service == GitService.UploadPack ? "upload-pack" : "receive-pack";
        // Pushes know no version 2.
        var protocol = service == GitService.UploadPack ? GitResponse.Protocol(context.Request) : [];
        await using var child = await git.StartTransferAsync(
            ["-c", "uploadpack.hideRefs=refs/incoming", name, "--stateless-rpc", "--advertise-refs", repositories.Open(repository.Id).Path], protocol, cancellation);
        await child.Input.DisposeAsync();
        GitResponse.SetHeaders(context.Response, $"application/x-git-{name}-advertisement");
        if (protocol.GetValueOrDefault("GIT_PROTOCOL") != "version=2")
        {
            await context.Response.Body.WriteAsync(PktLine.Of($"# service=git-{name}\n"), cancellation);
            await context.Response.Body.WriteAsync(PktLine.Flush, cancellation);
        }

        await child.Output.CopyToAsync(context.Response.Body, cancellation);
        var (exitCode, error) = await child.WaitAsync(cancellation);
        if (exitCode == 0)
            return;
        LogFailed(name, repository.FullName, exitCode, error);
        // A cut answer must not look like a whole one.
        context.Abort();
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "git {Service} of {Repository} could not list refs, exit code {ExitCode}: {Error}")]
    private partial void LogFailed(string service, string repository, int exitCode, string error);
}
