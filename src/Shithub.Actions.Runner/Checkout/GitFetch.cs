using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>Fetches a repository of the job's server with git on the host, where the token is. A <see cref="TreeSource"/>.</summary>
internal sealed class GitFetch(ClaimedJob job, UserIds user, CheckoutHost host)
{
    private readonly ServerRepositories _repositories = new(job);

    public async Task<CheckedOut> WriteAsync(
        CheckoutInputs inputs, string folder, string existing, LogStream log, CancellationToken cancellationToken)
    {
        var remote = inputs.Repository is { } other ? _repositories.Find(other) : _repositories.Own;
        var ofRun = inputs.Ref is null && ReferenceEquals(remote, _repositories.Own);
        var wanted = ofRun ? job.HeadSha : inputs.Ref ?? "the default branch";
        await log.WriteLineAsync($"Repository: {remote.Address}", cancellationToken);
        await log.WriteLineAsync($"Commit: {wanted}", cancellationToken);

        var budget = new CheckoutBudget(host);
        var trees = new TreeWriter(host, user, budget, log);
        var lfs = inputs.Lfs ? new LfsFetch(trees.Git, budget, log) : null;
        CheckoutTarget? target = null;
        var tree = await trees.WriteAsync(
            remote,
            async mirror => target = ofRun ? CheckoutTarget.OfRun(job)
                : inputs.Ref is { } id && CheckoutTarget.IsId(id) ? CheckoutTarget.OfId(id)
                : await CheckoutTarget.FindAsync(mirror, remote, inputs.Ref, cancellationToken),
            new TreeOptions(wanted, inputs.Depth, inputs.Tags, inputs.Sparse),
            folder,
            existing,
            cancellationToken);
        if (lfs is not null) await lfs.WriteAsync(remote, folder, cancellationToken);
        if (inputs.Submodules != SubmoduleDepth.None)
            await new SubmoduleFetch(trees, lfs, _repositories, inputs).WriteAsync(remote, folder, tree, 1, cancellationToken);
        await log.WriteLineAsync($"Checked out {wanted}", cancellationToken);
        return new CheckedOut(ofRun ? job.HeadRef : inputs.Ref ?? target!.Branch ?? tree.Commit, tree.Commit);
    }
}
