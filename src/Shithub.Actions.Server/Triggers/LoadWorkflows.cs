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
    public async Task<LoadedWorkflows> ExecuteAsync(Repository repository, string commit, WorkflowFile file, CancellationToken cancellation)
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
            var place = await FindAsync(repository, commit, from.Repository, from.Commit, call.Uses, cancellation);
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
        var actions = await ActionsAsync(repository, commit, set, problems, cancellation);
        if (problems.Count > 0)
            return LoadedWorkflows.Refused(problems);
        var sources = set.Sources.Values
            .OrderBy(source => source.Id != set.Root)
            .Select(source => new SourceText(
                source.Id, texts[source.Id].Path, source.Repository, source.Commit, texts[source.Id].Text, source.Calls));
        return new LoadedWorkflows(file.Parsed.Diagnostics, set, [.. sources], actions);
    }

    private async Task<List<ResolvedAction>> ActionsAsync(
        Repository repository, string commit, WorkflowSet set, List<Diagnostic> problems, CancellationToken cancellation)
    {
        var actions = new Dictionary<string, ResolvedAction>(StringComparer.Ordinal);
        foreach (var source in set.Sources.Values)
        {
            var steps = source.Workflow.Jobs.SelectMany(job => job.Steps)
                .Where(step => step.Action is { Repository: not null } && !actions.ContainsKey(step.Action.Source))
                .DistinctBy(step => step.Action!.Source);
            foreach (var step in steps)
            {
                var place = await FindAsync(repository, commit, source.Repository, source.Commit, step.Action!, cancellation);
                if (place.Refusal is null)
                {
                    actions[step.Action!.Source] = new ResolvedAction(
                        step.Action.Source, place.Repository!.Id, place.Repository.FullName, place.Commit!);
                    continue;
                }

                problems.Add(new Diagnostic(
                    DiagnosticSeverity.Error, DiagnosticCodes.UnsupportedAction, place.Refusal, source.Workflow.Path, step.Position.Line,
                    step.Position.Column, "uses", "actions come from this server only: do the same in a 'run:' step, or push the action here"));
            }
        }

        return [.. actions.Values];
    }

    /// <param name="from">The repository of the file that the reference stands in; null: the run's own.</param>
    private async Task<Place> FindAsync(
        Repository own, string ownCommit, string? from, string? fromCommit, WorkflowReference reference, CancellationToken cancellation)
    {
        if (reference.Repository is null && from is null)
            return new Place(own, ownCommit, null);
        var name = reference.Repository ?? from!;
        var repository = await repositories.FindAsync(name, cancellation);
        if (repository is null || (repository.IsPrivate && repository.OwnerId != own.OwnerId))
            return new Place(null, null, $"there is no repository '{name}' on this server that {own.FullName} may use");
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
}

/// <param name="Diagnostics">Errors where there is no set; else warnings.</param>
/// <param name="Sources">The run's own workflow first.</param>
public sealed record LoadedWorkflows(
    IReadOnlyList<Diagnostic> Diagnostics, WorkflowSet? Set, IReadOnlyList<SourceText> Sources, IReadOnlyList<ResolvedAction> Actions)
{
    public static LoadedWorkflows Refused(IReadOnlyList<Diagnostic> diagnostics) => new(diagnostics, null, [], []);
}
