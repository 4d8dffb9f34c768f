using System.Text.Json.Nodes;
using Shithub.Actions.Server.PullRequests;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Finds the commit that an event is about and the workflow files that it starts, each with the commit that the file comes from.
/// </summary>
public sealed class FindEventSource(RepositoryStore repositories, PreparePullRequest prepare)
{
    /// <summary>More changed paths than this are 'unknown', and path filters then match.</summary>
    private const int ChangedPathsMax = 10_000;

    /// <returns>Null where there is nothing that could run.</returns>
    public async Task<EventSource?> ExecuteAsync(Repository repository, TriggerEventRow row, CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        if (row.Event == "pull_request")
            return await OfPullRequestAsync(repository, git, row, cancellation);
        if (row.Event is not "push")
            return await OfDefaultBranchAsync(repository, git, row, cancellation);
        // A tag may stand for a tree or a blob.
        if (row.HeadSha is not { } head)
            return null;
        var trigger = new TriggerEvent(row.Event, row.Ref, null, Deleted: false);
        var files = await MatchingAsync(repository, git, head, trigger, () => ChangedByPushAsync(git, repository, row, cancellation), cancellation);
        return new EventSource(head, head, row.Ref, null, files);
    }

    /// <summary>
    /// Of one that waits for approval the base branch's files are taken. Those that only the head has wait besides, so that whoever approves
    /// sees that there are some: nothing of them is evaluated before that.
    /// </summary>
    private async Task<EventSource?> OfPullRequestAsync(
        Repository repository, GitRepository git, TriggerEventRow row, CancellationToken cancellation)
    {
        if (row is not { PullRequestId: { } pullId, HeadSha: { } head, BeforeSha: { } baseSha }
            || await prepare.ExecuteAsync(row.Id, pullId, row.PullPushId, baseSha, head, cancellation) is not { } prepared)
        {
            return null;
        }

        var payload = row.PayloadObject;
        var trigger = new TriggerEvent(row.Event, prepared.Ref, null, Deleted: false)
        {
            Type = (string?)payload["action"],
            Branch = (string?)payload["pull_request"]?["base"]?["ref"],
        };
        async Task<IReadOnlyList<string>?> ChangedAsync() =>
            await git.FindMergeBaseAsync(baseSha, head, cancellation) is { } from
                ? await git.ChangedPathsAsync(from, head, ChangedPathsMax, cancellation)
                : null;

        var files = await MatchingAsync(repository, git, prepared.CheckoutSha, trigger, ChangedAsync, cancellation);
        if (row.AwaitsApproval)
        {
            var ofBase = await MatchingAsync(repository, git, baseSha, trigger, ChangedAsync, cancellation);
            files = [.. ofBase, .. files.Where(file => !ofBase.Exists(known => known.File.Path == file.File.Path))];
        }

        return new EventSource(head, prepared.CheckoutSha, prepared.Ref, null, files);
    }

    /// <summary>Schedules and what programs and other runs cause: always the default branch as it is now.</summary>
    private static async Task<EventSource?> OfDefaultBranchAsync(
        Repository repository, GitRepository git, TriggerEventRow row, CancellationToken cancellation)
    {
        var reference = RefName.Branches + repository.DefaultBranch;
        if (await git.FindCommitAsync(reference, cancellation) is not { } head)
            return null;
        var payload = row.PayloadObject;
        var trigger = new TriggerEvent(row.Event, reference, null, Deleted: false)
        {
            Type = (string?)payload["action"],
            Cron = (string?)payload["schedule"],
            WorkflowName = (string?)(payload["workflow"] as JsonObject)?["name"],
            Branch = (string?)payload["workflow_run"]?["head_branch"],
        };
        var files = await MatchingAsync(repository, git, head, trigger, () => Task.FromResult<IReadOnlyList<string>?>(null), cancellation);
        if (row.WorkflowFile is { } only)
            files = files.FindAll(file => file.File.Path == only);
        var commits = files.Count == 0 ? [] : await git.ReadCommitsAsync(head, null, 1, cancellation);
        // A broken file is told to whoever pushed it, not at every tick of a clock.
        return new EventSource(
            head, head, reference, commits is [var commit] ? commit.Subject : null, files.FindAll(file => file.File.Parsed.On is not null));
    }

    /// <summary>
    /// The workflow files of a commit that the event starts. One with errors is among them if its <c>on</c> matches or can't be read:
    /// somebody expects it to run and must be told why it doesn't.
    /// </summary>
    private static async Task<List<SourcedFile>> MatchingAsync(
        Repository repository, GitRepository git, string commit, TriggerEvent trigger, Func<Task<IReadOnlyList<string>?>> changedPaths,
        CancellationToken cancellation)
    {
        var matching = new List<SourcedFile>();
        var pathsAreRead = false;
        foreach (var file in await WorkflowFiles.ReadAllAsync(git, commit, repository.GitHubWorkflows, cancellation))
        {
            if (file.Parsed.On is not { } on)
            {
                matching.Add(new SourcedFile(file, commit));
                continue;
            }

            var workflow = file.Parsed.Workflow ?? new Workflow(file.Path, null, on, [], []);
            if (!pathsAreRead && EventMatcher.NeedsChangedPaths(workflow, trigger))
            {
                trigger = trigger with { ChangedPaths = await changedPaths() };
                pathsAreRead = true;
            }

            if (EventMatcher.Matches(workflow, trigger))
                matching.Add(new SourcedFile(file, commit));
        }

        return matching;
    }

    /// <summary>What the push changed; for a new branch, what it changes over the default branch.</summary>
    private static async Task<IReadOnlyList<string>?> ChangedByPushAsync(
        GitRepository git, Repository repository, TriggerEventRow row, CancellationToken cancellation)
    {
        var before = row.BeforeSha;
        if (before is null)
        {
            var trunk = await git.FindCommitAsync($"refs/heads/{repository.DefaultBranch}", cancellation);
            if (trunk is null || trunk == row.HeadSha)
                return null;
            before = await git.FindMergeBaseAsync(trunk, row.HeadSha!, cancellation);
        }

        return before is null ? null : await git.ChangedPathsAsync(before, row.HeadSha!, ChangedPathsMax, cancellation);
    }
}

/// <param name="HeadSha">The commit that the event is about, and that its checks are shown at.</param>
/// <param name="CheckoutSha">What jobs check out: the same, or the merge of a pull request.</param>
/// <param name="Ref">In full.</param>
/// <param name="Subject">The commit's, where the event has no words of its own.</param>
public sealed record EventSource(string HeadSha, string CheckoutSha, string Ref, string? Subject, IReadOnlyList<SourcedFile> Files);

/// <param name="Commit">That the file, and what it refers to in its repository, is read from.</param>
public sealed record SourcedFile(WorkflowFile File, string Commit);
