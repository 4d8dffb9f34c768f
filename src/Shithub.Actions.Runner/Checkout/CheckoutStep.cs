using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// <c>actions/checkout</c>: fetches the run's commit on the host, where the token is, and leaves it in the workspace, where it is not.
/// </summary>
/// <remarks>
/// Before any step has begun, nothing in the container can touch the workspace, and git works right there. Later a process of an
/// earlier step could exchange a folder for a link, or put commands into git's configuration that would run on the host. Then git
/// works in a folder the container does not see, and the finished tree is moved into place by a command inside the container.
/// </remarks>
internal sealed partial class CheckoutStep(ClaimedJob job, ClaimedStep step, JobWorkspace workspace, UserIds user, LogStream log)
{
    private const string MoveScript = """
        set -e
        mkdir -p "$2"
        cd "$2"
        rm -rf ./* ./.[!.]* ./..?*
        for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
          if [ -e "$entry" ] || [ -L "$entry" ]; then mv "$entry" .; fi
        done
        """;

    private readonly GitProcess _git = new(user);
    private readonly Uri _url = new(job.CheckoutUrl);

    /// <summary>Whether a step's <c>uses:</c> is this one, in whatever version.</summary>
    public static bool Is(string uses) =>
        uses == "actions/checkout" || uses.StartsWith("actions/checkout@", StringComparison.Ordinal);

    /// <param name="stepsBegan">A <c>run:</c> step of the job has begun.</param>
    /// <exception cref="CheckoutException">It can't be done; the message is for the author.</exception>
    public async Task RunAsync(bool stepsBegan, Func<Task<JobContainer>> container, CancellationToken cancellationToken)
    {
        var inputs = CheckoutInputs.Read(step.With, job);
        await log.WriteLineAsync($"Repository: {_url.GetLeftPart(UriPartial.Path)}", cancellationToken);
        await log.WriteLineAsync($"Commit: {inputs.Ref ?? job.HeadSha}", cancellationToken);
        foreach (var name in inputs.Ignored) await log.WriteLineAsync($"Input '{name}' is not known here and is ignored.", cancellationToken);

        if (!stepsBegan && !Directory.EnumerateFileSystemEntries(workspace.Workspace).Any())
        {
            await FetchAsync(inputs, Path.Combine(workspace.Workspace, inputs.Path), workspace.Workspace, cancellationToken);
            return;
        }

        var staged = string.Create(CultureInfo.InvariantCulture, $"checkout-{step.Index}");
        var folder = workspace.NewStagingFolder(staged);
        await FetchAsync(inputs, folder, folder, cancellationToken);
        Directory.Move(folder, Path.Combine(workspace.Incoming, staged));
        var target = WorkspacePath.InContainer(inputs.Path);
        var (exitCode, output) = await (await container()).ExecShortAsync(
            ["sh", "-c", MoveScript, "move", $"{ContainerPaths.Incoming}/{staged}", target], cancellationToken);
        if (exitCode != 0) throw new CheckoutException($"The files could not be moved to {target}: {output.Trim()}");
    }

    /// <param name="start">A folder that exists, for git's first command to start in.</param>
    private async Task FetchAsync(CheckoutInputs inputs, string folder, string start, CancellationToken cancellationToken)
    {
        await GitAsync(start, ["init", "--quiet", "--template=", folder]);
        await GitAsync(folder, ["remote", "add", "origin", _url.GetLeftPart(UriPartial.Path)]);
        var depth = inputs.Depth.ToString(CultureInfo.InvariantCulture);
        string[] fetch = inputs.Depth > 0
            ? ["fetch", "--quiet", "--no-tags", $"--depth={depth}", "origin"]
            : ["fetch", "--quiet", "--tags", "origin", $"+{GitRef.Heads}*:refs/remotes/origin/*"];

        string commit;
        if (inputs.Ref is null && job.HeadRef.StartsWith(GitRef.Heads, StringComparison.Ordinal))
        {
            // As git clone leaves it: a branch that follows the server's, at the run's commit even if the branch has moved on.
            var branch = GitRef.ShortName(job.HeadRef);
            await FetchAsync([.. fetch, job.HeadSha]);
            await GitAsync(folder, ["update-ref", $"refs/remotes/origin/{branch}", job.HeadSha]);
            await GitAsync(folder, ["checkout", "--quiet", "--force", "-B", branch, $"refs/remotes/origin/{branch}"]);
            commit = job.HeadSha;
        }
        else
        {
            commit = inputs.Ref ?? job.HeadSha;
            if (CommitId().IsMatch(commit) || commit.StartsWith("refs/", StringComparison.Ordinal))
                await FetchAsync([.. fetch, commit]);
            else if (await RunGitAsync(folder, [.. fetch, GitRef.Heads + commit]) != 0)
                await FetchAsync([.. fetch, GitRef.Tags + commit]);
            await GitAsync(folder, ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"]);
        }

        await log.WriteLineAsync($"Checked out {commit}", cancellationToken);

        async Task FetchAsync(string[] arguments)
        {
            if (await RunGitAsync(folder, arguments) != 0)
                throw new CheckoutException($"{arguments[^1]} could not be fetched from {_url.GetLeftPart(UriPartial.Path)}.");
        }

        async Task GitAsync(string workingFolder, string[] arguments)
        {
            if (await RunGitAsync(workingFolder, arguments) != 0) throw new CheckoutException($"git {arguments[0]} failed.");
        }

        // Only a fetch needs the token.
        Task<int> RunGitAsync(string workingFolder, string[] arguments) => _git.RunAsync(
            workingFolder,
            arguments,
            _url,
            arguments[0] == "fetch" ? GitProcess.BasicAuthorization(job.CheckoutToken) : null,
            log.WriteAsync,
            cancellationToken);
    }

    [GeneratedRegex(@"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex CommitId();
}
