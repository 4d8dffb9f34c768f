using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>Fetches the run's repository from its server with git on the host, where the token is. A <see cref="TreeSource"/>.</summary>
internal sealed partial class GitFetch(ClaimedJob job, UserIds user)
{
    private readonly GitProcess _git = new(user);
    private readonly Uri _url = new(job.CheckoutUrl);

    public async Task<CheckedOut> WriteAsync(
        CheckoutInputs inputs, string folder, string existing, LogStream log, CancellationToken cancellationToken)
    {
        await log.WriteLineAsync($"Repository: {_url.GetLeftPart(UriPartial.Path)}", cancellationToken);
        await log.WriteLineAsync($"Commit: {inputs.Ref ?? job.HeadSha}", cancellationToken);
        await GitAsync(existing, ["init", "--quiet", "--template=", folder]);
        await GitAsync(folder, ["remote", "add", "origin", _url.GetLeftPart(UriPartial.Path)]);
        var depth = inputs.Depth.ToString(CultureInfo.InvariantCulture);
        var tags = inputs.Tags || inputs.Depth == 0 ? "--tags" : "--no-tags";
        string[] fetch = inputs.Depth > 0
            ? ["fetch", "--quiet", tags, $"--depth={depth}", "origin"]
            : ["fetch", "--quiet", tags, "origin", $"+{GitRef.Heads}*:refs/remotes/origin/*"];

        var wanted = inputs.Ref ?? job.HeadSha;
        if (inputs.Ref is null && job.HeadRef.StartsWith(GitRef.Heads, StringComparison.Ordinal))
        {
            // As git clone leaves it: a branch that follows the server's, at the run's commit even if the branch has moved on.
            var branch = GitRef.ShortName(job.HeadRef);
            await FetchAsync([.. fetch, job.HeadSha]);
            await GitAsync(folder, ["update-ref", $"refs/remotes/origin/{branch}", job.HeadSha]);
            // Git has such branches, but its command line takes their names for something else.
            string[] where = branch is "HEAD" or "@" || branch.StartsWith('-') ? ["--detach"] : ["-B", branch];
            await GitAsync(folder, ["checkout", "--quiet", "--force", .. where, $"refs/remotes/origin/{branch}"]);
        }
        else
        {
            if (CommitId().IsMatch(wanted) || wanted.StartsWith("refs/", StringComparison.Ordinal))
                await FetchAsync([.. fetch, wanted]);
            else if (await RunGitAsync(folder, [.. fetch, GitRef.Heads + wanted]) != 0)
                await FetchAsync([.. fetch, GitRef.Tags + wanted]);
            await GitAsync(folder, ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"]);
        }

        await log.WriteLineAsync($"Checked out {wanted}", cancellationToken);
        return new CheckedOut(inputs.Ref ?? job.HeadRef, await HeadAsync());

        async Task FetchAsync(string[] arguments)
        {
            if (await RunGitAsync(folder, arguments) != 0)
                throw new CheckoutException($"{arguments[^1]} could not be fetched from {_url.GetLeftPart(UriPartial.Path)}.");
        }

        async Task GitAsync(string workingFolder, string[] arguments)
        {
            if (await RunGitAsync(workingFolder, arguments) != 0) throw new CheckoutException($"git {arguments[0]} failed.");
        }

        async Task<string> HeadAsync()
        {
            var answer = new StringBuilder();
            if (await _git.RunAsync(folder, ["rev-parse", "HEAD"], null, null, Collect, cancellationToken) != 0)
                throw new CheckoutException($"git does not say which commit {wanted} is: {answer.ToString().Trim()}");
            return answer.ToString().Trim();

            ValueTask Collect(ReadOnlyMemory<byte> bytes, CancellationToken token)
            {
                answer.Append(Encoding.UTF8.GetString(bytes.Span));
                return ValueTask.CompletedTask;
            }
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
