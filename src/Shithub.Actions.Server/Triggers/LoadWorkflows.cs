using System.Text;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Reads what a workflow refers to: the workflows it calls, and the composite actions of other repositories that its steps use, each
/// resolved to a commit that the run records.
/// </summary>
/// <remarks>
/// A repository may use what is public, and what is its own owner's. What it may not see looks as if it were not there.
/// </remarks>
public sealed class LoadWorkflows(RepositoryStore repositories)
{
    /// <summary>Actions that one run may use, directly or not.</summary>
    private const int ActionsMax = 100;

    public Task<LoadedWorkflows> ExecuteAsync(Repository repository, string commit, WorkflowFile file, CancellationToken cancellation) =>
        ExecuteAsync(repository, commit, file, isTrusted: true, cancellation);

    /// <param name="isTrusted">
    /// False: what comes from a stranger reaches no private repository but the one that it is for, whoever owns it.
    /// </param>
    public async Task<LoadedWorkflows> ExecuteAsync(
        Repository repository, string commit, WorkflowFile file, bool isTrusted, CancellationToken cancellation)
    {
        if (file.Parsed.Workflow is not { } root)
            return LoadedWorkflows.Refused(file.Parsed.Diagnostics);
        var texts = new Dictionary<string, (string Path, string Text)>(StringComparer.Ordinal)
        {
            [file.Path] = (file.Path, Encoding.UTF8.GetString(file.Content)),
        };
        var builder = new WorkflowSetBuilder(root);
        while (builder.Next is var (from, call))
        {
            var place = await FindAsync(repository, commit, from.Repository, from.Commit, call.Uses, isTrusted, cancellation);
            if (place.Refusal is { } refusal)
            {
                builder.Refuse(refusal);
            }
            else if (await WorkflowFiles.ReadAnyAsync(repositories.Open(place.Repository!.Id), place.Commit!, call.Uses.Path, cancellation) is not { } found)
            {
                builder.Refuse(
                    $"there is no file '{call.Uses.Path}' in {place.Repository.FullName} at commit {place.Commit![..12]}");
            }
            else if (found.Parsed.Workflow is not { } workflow)
            {
                builder.Refuse($"the called workflow '{call.Uses.Source}' has errors", null, found.Parsed.Diagnostics);
            }
            else
            {
                var isOwn = place.Repository.Id == repository.Id && place.Commit == commit;
                var id = isOwn ? found.Path : $"{place.Repository.FullName}/{found.Path}@{place.Commit}";
                texts[id] = (found.Path, Encoding.UTF8.GetString(found.Content));
                builder.Add(new WorkflowSource(id, workflow, new Dictionary<string, string>())
                {
                    Repository = isOwn ? null : place.Repository.FullName,
                    Commit = isOwn ? null : place.Commit,
                });
            }
        }

        if (builder.Build() is not { } set)
            return LoadedWorkflows.Refused(builder.Diagnostics);
        var problems = new List<Diagnostic>();
        var actions = await ActionsAsync(repository, commit, set, problems, isTrusted, cancellation);
        if (problems.Count > 0)
            return LoadedWorkflows.Refused(problems);
        var sources = set.Sources.Values
            .OrderBy(source => source.Id != set.Root)
            .Select(source => new SourceText(
                source.Id, texts[source.Id].Path, source.Repository, source.Commit, texts[source.Id].Text, source.Calls));
        return new LoadedWorkflows(file.Parsed.Diagnostics, set, [.. sources], actions);
    }

    /// <summary>
    /// Resolves the actions of all steps, and those that they use themselves. What is wrong with one that is there refuses the run before
    /// anything is queued; one of the own repository that is not in this commit may still come with a checkout of another.
    /// </summary>
    private async Task<IReadOnlyList<ResolvedAction>> ActionsAsync(
        Repository repository, string commit, WorkflowSet set, List<Diagnostic> problems, bool isTrusted, CancellationToken cancellation)
    {
        var actions = new Dictionary<string, ResolvedAction>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Queue<ActionUse>();
        void Enter(string file, IEnumerable<WorkflowStep> steps, int depth)
        {
            foreach (var step in steps.Where(step => step.Action is not null))
                pending.Enqueue(new ActionUse(file, step, depth));
        }

        foreach (var source in set.Sources.Values)
            Enter(source.Workflow.Path, source.Workflow.Jobs.SelectMany(job => job.Steps), 1);
        while (pending.TryDequeue(out var use) && problems.Count < WorkflowLimits.MaxDiagnostics)
        {
            var reference = use.Step.Action!;
            // A path of the workspace means the run's own repository, wherever the step stands.
            if (!seen.Add(reference.Source))
                continue;
            if (use.Depth > WorkflowLimits.MaxCallDepth || seen.Count > ActionsMax)
            {
                problems.Add(use.Refuse($"the actions use more than {ActionsMax} others, or are nested deeper than {WorkflowLimits.MaxCallDepth}"));
                break;
            }

            var place = await FindAsync(repository, commit, null, null, reference, isTrusted, cancellation);
            if (place.Refusal is { } refusal)
            {
                problems.Add(use.Refuse(
                    refusal,
                    UnavailableActions.Alternative(reference.Source)
                    ?? "actions come from this server only: do the same in a 'run:' step, or push the action to a repository here"));
                continue;
            }

            var found = await ReadActionAsync(repositories.Open(place.Repository!.Id), place.Commit!, reference.Path, cancellation);
            if (found is null)
            {
                if (reference.Repository is not null)
                    problems.Add(use.Refuse($"there is no action in '{reference.Path}' of {place.Repository.FullName} at commit {place.Commit![..12]}"));
                continue;
            }

            if (found.Action is not { } action)
            {
                problems.Add(use.Refuse($"the action '{reference.Source}' cannot run here"));
                problems.AddRange(found.Diagnostics);
                continue;
            }

            if (reference.Repository is not null)
                actions[reference.Source] = new ResolvedAction(reference.Source, place.Repository.Id, place.Repository.FullName, place.Commit!);
            Enter(action.Path, action.Steps, use.Depth + 1);
        }

        return [.. actions.Values];
    }

    private static async Task<CompositeActionParseResult?> ReadActionAsync(
        GitRepository git, string commit, string folder, CancellationToken cancellation)
    {
        foreach (var name in CompositeActionReader.FileNames)
        {
            var path = folder.Length == 0 ? name : $"{folder}/{name}";
            if (await WorkflowFiles.ReadBytesAsync(git, commit, path, cancellation) is { } bytes)
                return CompositeActionReader.Parse(path, bytes);
        }

        return null;
    }

    /// <param name="from">The repository of the file that the reference stands in; null: the run's own.</param>
    private async Task<Place> FindAsync(
        Repository own, string ownCommit, string? from, string? fromCommit, WorkflowReference reference, bool isTrusted,
        CancellationToken cancellation)
    {
        if (reference.Repository is null && from is null)
            return new Place(own, ownCommit, null);
        var name = reference.Repository ?? from!;
        var repository = await repositories.FindAsync(name, cancellation);
        if (repository is null || (repository.IsPrivate && repository.Id != own.Id && (repository.OwnerId != own.OwnerId || !isTrusted)))
        {
            return new Place(
                null, null, $"there is no repository '{name}' on this server that {(isTrusted ? own.FullName : "an untrusted pull request")} may use");
        }

        if (reference.Repository is null)
            return new Place(repository, fromCommit, null);
        return await DispatchWorkflow.ResolveAsync(repositories.Open(repository.Id), reference.Ref!, cancellation) is var (_, sha)
            ? new Place(repository, sha, null)
            : await CommitAsync(repository, reference.Ref!, cancellation) is { } commit
                ? new Place(repository, commit, null)
                : new Place(null, null, $"'{name}' has no branch, tag or commit '{reference.Ref}'");
    }

    private async Task<string?> CommitAsync(Repository repository, string reference, CancellationToken cancellation) =>
        RefName.IsSha(reference) ? await repositories.Open(repository.Id).FindCommitAsync(reference, cancellation) : null;

    private sealed record Place(Repository? Repository, string? Commit, string? Refusal);

    /// <summary>A step that uses a composite action, and the file that it stands in.</summary>
    private sealed record ActionUse(string File, WorkflowStep Step, int Depth)
    {
        public Diagnostic Refuse(string message, string? suggestion = null) => new(
            DiagnosticSeverity.Error, DiagnosticCodes.UnsupportedAction, message, File, Step.Position.Line, Step.Position.Column, "uses",
            suggestion);
    }
}

/// <param name="Diagnostics">Errors where there is no set; else warnings.</param>
/// <param name="Sources">The run's own workflow first.</param>
public sealed record LoadedWorkflows(
    IReadOnlyList<Diagnostic> Diagnostics, WorkflowSet? Set, IReadOnlyList<SourceText> Sources, IReadOnlyList<ResolvedAction> Actions)
{
    public static LoadedWorkflows Refused(IReadOnlyList<Diagnostic> diagnostics) => new(diagnostics, null, [], []);
}
