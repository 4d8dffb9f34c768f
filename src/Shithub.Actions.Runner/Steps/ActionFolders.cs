using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Steps;

/// <summary>
/// Finds and reads composite actions: <c>./path</c> in the workspace as it is when the step begins, <c>owner/repo/path@ref</c> at the commit
/// that the claim names.
/// </summary>
internal sealed class ActionFolders(ClaimedJob job, JobWorkspace workspace, UserIds user, CheckoutHost host)
{
    private readonly ActionFetch _fetch = new(workspace, user, host);

    /// <exception cref="CheckoutException">There is none, or it is not one that runs here; the message is for the author.</exception>
    public async Task<(CompositeAction Action, ActionPlace Place)> FindAsync(
        PreparedStep step, LogStream log, CancellationToken cancellationToken)
    {
        if (step.Action is not { } reference)
            throw new CheckoutException($"'{step.Uses}' is not an action that this runner knows.");
        if (reference.Repository is null)
        {
            var local = reference.Path.Length == 0 ? ContainerPaths.Workspace : $"{ContainerPaths.Workspace}/{reference.Path}";
            return (Read(step.Uses!, workspace.Workspace, reference.Path, "; has the repository been checked out?"), new ActionPlace(local, null, null));
        }

        var claimed = job.Actions?.FirstOrDefault(action => action.Uses.Equals(step.Uses, StringComparison.OrdinalIgnoreCase))
            ?? throw new CheckoutException(
                $"'{step.Uses}' is not among the actions that this job was given; actions come from repositories on the same server.");
        var folder = await _fetch.FetchAsync(claimed, log, cancellationToken);
        var action = Read(step.Uses!, Path.Combine(workspace.Actions, folder), reference.Path, "");
        var path = reference.Path.Length == 0 ? folder : $"{folder}/{reference.Path}";
        return (action, new ActionPlace($"{ContainerPaths.Actions}/{path}", reference.Repository, reference.Ref));
    }

    /// <param name="root">On the host; links in it are followed only below it.</param>
    private static CompositeAction Read(string uses, string root, string path, string hint)
    {
        foreach (var name in CompositeActionReader.FileNames)
        {
            var file = path.Length == 0 ? name : $"{path}/{name}";
            var result = HostileFile.Read(root, file, WorkflowLimits.MaxFileBytes, followLinks: true, out var bytes);
            if (result == HostileFileResult.Missing) continue;
            if (result == HostileFileResult.NotPlain)
                throw new CheckoutException($"{file} of '{uses}' is not a plain file, or a link that leads out of its repository.");
            if (result == HostileFileResult.TooLarge)
                throw new CheckoutException($"{file} of '{uses}' has more than {WorkflowLimits.MaxFileBytes / 1024} KiB.");
            var parsed = CompositeActionReader.Parse(file, bytes);
            return parsed.Action ?? throw new CheckoutException(
                $"'{uses}' can't be used: "
                + parsed.Diagnostics.First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        }

        throw new CheckoutException($"'{uses}' has neither {string.Join(" nor ", CompositeActionReader.FileNames)}{hint}");
    }
}
