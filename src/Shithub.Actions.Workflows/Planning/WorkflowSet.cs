namespace Shithub.Actions.Workflows;

/// <summary>The workflow of a run with those that it calls, directly or not. Whoever loads it resolves references to commits.</summary>
/// <param name="Root">The id of the run's own workflow.</param>
/// <param name="Sources">By id.</param>
public sealed record WorkflowSet(string Root, IReadOnlyDictionary<string, WorkflowSource> Sources)
{
    public WorkflowSource RootSource => Sources[Root];

    /// <summary>A set of one workflow that calls no other.</summary>
    public static WorkflowSet Of(Workflow workflow)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        var source = new WorkflowSource(workflow.Path, workflow, new Dictionary<string, string>());
        return new WorkflowSet(source.Id, new Dictionary<string, WorkflowSource> { [source.Id] = source });
    }
}

/// <summary>One workflow of a run.</summary>
/// <param name="Id">Its path for the run's own repository, else <c>owner/repo/path@commit</c>.</param>
/// <param name="Calls">From a <c>uses</c> of its jobs, as written, to the id of the workflow it means.</param>
public sealed record WorkflowSource(string Id, Workflow Workflow, IReadOnlyDictionary<string, string> Calls)
{
    /// <summary><c>owner/repo</c> where it is not the run's own.</summary>
    public string? Repository { get; init; }

    /// <summary>The commit it was read from, with <see cref="Repository"/>.</summary>
    public string? Commit { get; init; }
}

/// <summary>What a reference points to.</summary>
/// <param name="Refusal">Why there is nothing; null if there is.</param>
public sealed record LoadedWorkflow(string Id, WorkflowParseResult? Parsed, string? Refusal = null, string? Suggestion = null);
