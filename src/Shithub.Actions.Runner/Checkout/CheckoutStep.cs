using System.Globalization;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary><c>actions/checkout</c>: has the source put the run's files together on the host, and leaves them in the workspace.</summary>
/// <remarks>
/// Before any step has begun, nothing in the container can touch the workspace, and the source works right there. Later a process of an
/// earlier step could exchange a folder for a link, or put commands into git's configuration that would run on the host. Then the
/// source works in a folder the container does not see, and the finished tree is moved into place by a command inside the container.
/// </remarks>
internal sealed class CheckoutStep(TreeSource source, JobWorkspace workspace, LogStream log)
{
    private const string MoveScript = """
        set -e
        mkdir -p "$2"
        cd "$2"
        if [ "$3" != clean ]; then exec cp -a "$1/." .; fi
        rm -rf ./* ./.[!.]* ./..?*
        for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
          if [ -e "$entry" ] || [ -L "$entry" ]; then mv "$entry" .; fi
        done
        """;

    /// <param name="stepsBegan">A step of the job that can touch the workspace has begun.</param>
    /// <exception cref="CheckoutException">It can't be done; the message is for the author.</exception>
    public async Task<CheckedOut> RunAsync(
        CheckoutInputs inputs, bool stepsBegan, Func<Task<JobContainer>> container, CancellationToken cancellationToken)
    {
        foreach (var remark in inputs.Remarks) await log.WriteLineAsync(remark, cancellationToken);
        if (!stepsBegan && !Directory.EnumerateFileSystemEntries(workspace.Workspace).Any())
            return await source(inputs, Path.Combine(workspace.Workspace, inputs.Path), workspace.Workspace, log, cancellationToken);

        var staged = string.Create(CultureInfo.InvariantCulture, $"checkout-{workspace.NextNumber()}");
        var folder = workspace.NewStagingFolder(staged);
        var checkedOut = await source(inputs, folder, folder, log, cancellationToken);
        Directory.Move(folder, Path.Combine(workspace.Incoming, staged));
        var target = WorkspacePath.InContainer(inputs.Path);
        var (exitCode, output) = await (await container()).ExecShortAsync(
            ["sh", "-c", MoveScript, "move", $"{ContainerPaths.Incoming}/{staged}", target, inputs.Clean ? "clean" : "keep"],
            cancellationToken);
        if (exitCode != 0) throw new CheckoutException($"The files could not be moved to {target}: {output.Trim()}");
        return checkedOut;
    }
}
