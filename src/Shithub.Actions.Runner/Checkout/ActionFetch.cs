using System.Diagnostics;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Fetches the commit of an action's repository, once for each job, to where steps can read but not change it. Nothing of it runs on
/// the host: git checks files out with no configuration of the repository's in force.
/// </summary>
internal sealed class ActionFetch(JobWorkspace workspace, UserIds user, CheckoutHost host)
{
    private readonly Dictionary<(string Url, string Sha), string> _fetched = [];

    /// <returns>The folder's name below <see cref="JobWorkspace.Actions"/>.</returns>
    /// <exception cref="CheckoutException">It can't be fetched; the message is for the author.</exception>
    public async Task<string> FetchAsync(ClaimedAction action, LogStream log, CancellationToken cancellationToken)
    {
        var key = (action.Url, action.Sha);
        if (_fetched.TryGetValue(key, out var known)) return known;
        var name = $"{workspace.NextNumber()}-{action.Sha}";
        var folder = workspace.NewStagingFolder(name);
        var remote = new GitRemote(new Uri(action.Url), action.Token, action.Repository, $"{action.Url} action");
        await new TreeWriter(host, user, new CheckoutBudget(host), log).WriteAsync(
            remote,
            _ => Task.FromResult(CheckoutTarget.OfId(action.Sha)),
            new TreeOptions($"commit {action.Sha}, which {action.Uses} is,", 1, false, null),
            folder,
            folder,
            cancellationToken);
        await JobWorkspace.RemoveFolderAsync(Path.Combine(folder, ".git"), cancellationToken);
        await GiveToRootAsync(folder, cancellationToken);
        Directory.Move(folder, Path.Combine(workspace.Actions, name));
        return _fetched[key] = name;
    }

    /// <summary>No step sees the folder yet, and links in it are not followed.</summary>
    private static async Task GiveToRootAsync(string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("chown") { RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in new[] { "-R", "-h", "-P", "0:0", "--", folder }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new IOException($"{folder} can't be given to root: {error.Trim()}");
    }
}
