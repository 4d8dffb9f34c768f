using System.Diagnostics;
using System.Globalization;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// Copies a working tree as it is, changes that nobody has committed included, with a <c>.git</c> at the commit that is checked out, so that
/// git in a step sees what it sees here. A <see cref="TreeSource"/>.
/// </summary>
internal sealed class TreeCopy(WorkingTree tree, string headRef, UserIds user)
{
    public async Task<CheckedOut> WriteAsync(
        CheckoutInputs inputs, string folder, string existing, LogStream log, CancellationToken cancellationToken)
    {
        if (inputs.Repository is { } other)
            throw new CheckoutException($"repository '{other}' can't be checked out: a run without a server has the working tree only.");
        if (inputs.Sparse is not null) await log.WriteLineAsync("sparse-checkout has no effect: the working tree is copied as it is.", cancellationToken);
        try
        {
            await log.WriteLineAsync($"Repository: {tree.Root}", cancellationToken);
            await log.WriteLineAsync($"Commit: {inputs.Ref ?? tree.Sha}", cancellationToken);
            Directory.CreateDirectory(folder);
            var git = new LocalGit(folder);
            if (tree.IsRepository) await git.GetAsync(cancellationToken, "init", "--quiet", "--template=", ".");
            if (tree.IsRepository && tree.Origin is { } origin) await git.GetAsync(cancellationToken, "remote", "add", "origin", origin);
            if (inputs.Ref is { } wanted) await CheckOutAsync(git, wanted, inputs, cancellationToken);
            else await CopyAsync(git, folder, inputs, log, cancellationToken);
            await GiveAsync(existing, cancellationToken);
            await log.WriteLineAsync($"Checked out {inputs.Ref ?? "the working tree"}", cancellationToken);
            return new CheckedOut(
                inputs.Ref ?? headRef,
                tree.Head is null ? tree.Sha : await git.GetAsync(cancellationToken, "rev-parse", "HEAD"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckoutException($"The working tree {tree.Root} could not be copied: {e.Message}");
        }
    }

    private async Task CopyAsync(LocalGit git, string folder, CheckoutInputs inputs, LogStream log, CancellationToken cancellationToken)
    {
        if (tree.Head is not null)
        {
            await FetchAsync(git, "HEAD", inputs, cancellationToken);
            if (headRef.StartsWith(GitRef.Heads, StringComparison.Ordinal))
            {
                await git.GetAsync(cancellationToken, "update-ref", headRef, tree.Sha);
                await git.GetAsync(cancellationToken, "symbolic-ref", "HEAD", headRef);
            }
            else
            {
                await git.GetAsync(cancellationToken, "update-ref", "--no-deref", "HEAD", tree.Sha);
            }
        }

        await CopyFilesAsync(tree, folder, inputs, log, cancellationToken);

        // Makes the index that of the commit; what differs from it here then shows as changed there, too.
        if (tree.Head is not null) await git.GetAsync(cancellationToken, "reset", "--quiet");
    }

    private static async Task CopyFilesAsync(
        WorkingTree tree, string folder, CheckoutInputs inputs, LogStream log, CancellationToken cancellationToken)
    {
        foreach (var file in await tree.ListFilesAsync(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var from = new FileInfo(Path.Combine(tree.Root, file));
            var to = Path.Combine(folder, file);
            if (from.LinkTarget is { } target)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.CreateSymbolicLink(to, target);
            }
            else if (from.Exists)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                from.CopyTo(to);
            }
            else if (Directory.Exists(from.FullName) && inputs.Submodules != SubmoduleDepth.None && Path.Exists(Path.Combine(from.FullName, ".git")))
            {
                var inner = inputs.Submodules == SubmoduleDepth.Recursive ? inputs : inputs with { Submodules = SubmoduleDepth.None };
                var submodule = tree with { Root = Path.TrimEndingDirectorySeparator(from.FullName) };
                await CopyFilesAsync(submodule, Path.TrimEndingDirectorySeparator(to), inner, log, cancellationToken);
            }
            else if (Directory.Exists(from.FullName))
            {
                await log.WriteLineAsync($"{file.TrimEnd('/')} is a repository of its own and is left out.", cancellationToken);
            }
        }
    }

    private async Task CheckOutAsync(LocalGit git, string wanted, CheckoutInputs inputs, CancellationToken cancellationToken)
    {
        if (!tree.IsRepository) throw new CheckoutException($"ref '{wanted}' can't be checked out: {tree.Root} is not a git repository.");
        var commit = await new LocalGit(tree.Root).TryAsync(cancellationToken, "rev-parse", "--verify", "--quiet", $"{wanted}^{{commit}}")
            ?? throw new CheckoutException($"ref '{wanted}' is not a branch, tag or commit of {tree.Root}.");
        await FetchAsync(git, commit, inputs, cancellationToken);
        await git.GetAsync(cancellationToken, "checkout", "--quiet", "--force", "--detach", commit);
    }

    private async Task FetchAsync(LocalGit git, string what, CheckoutInputs inputs, CancellationToken cancellationToken)
    {
        var tags = inputs.Tags || inputs.Depth == 0 ? "--tags" : "--no-tags";
        string[] depth = inputs.Depth > 0 ? [string.Create(CultureInfo.InvariantCulture, $"--depth={inputs.Depth}")] : [];
        string[] all = inputs.Depth > 0 ? [] : [$"+{GitRef.Heads}*:refs/remotes/origin/*"];
        await git.GetAsync(
            cancellationToken,
            ["-c", "protocol.file.allow=always", "-c", "gc.auto=0", "fetch", "--quiet", tags, .. depth,
                "--upload-pack", "git -c safe.directory=* -c uploadpack.allowAnySHA1InWant=true upload-pack", $"file://{tree.Root}", what, .. all]);
    }

    private async Task GiveAsync(string folder, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("chown", ["-R", "--no-dereference", user.ToString(), "--", folder])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new IOException(error.Trim());
    }
}
