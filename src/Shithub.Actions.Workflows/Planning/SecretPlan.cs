using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// Which secrets a job reads and the way they take to it through the workflows that call each other. It has names and templates and no
/// value, so that it can be kept; the values are put in when a runner takes the job.
/// </summary>
/// <param name="Names">In upper case: those of the run's repository that are needed, for the job itself or to give on. Null: all.</param>
/// <param name="Own">In upper case: those that the job's texts read, by the names they have in its workflow. Null: all.</param>
/// <param name="Mappings">
/// What callers give under <c>secrets</c>, the outermost first. A caller with <c>secrets: inherit</c> changes nothing and has no entry.
/// </param>
/// <param name="Environment">In lower case: the environment whose secrets the job may read too. Null: none.</param>
public sealed record SecretPlan(
    IReadOnlyList<string>? Names, IReadOnlyList<string>? Own, IReadOnlyList<SecretMapping> Mappings, string? Environment)
{
    /// <summary>Names of the secret that every job has: the token that fetches its repository.</summary>
    public static IReadOnlyList<string> TokenNames { get; } = ["GITHUB_TOKEN", "SHITHUB_TOKEN"];

    /// <summary>Whether the plan needs a stored secret of the run's repository, its owner or the site.</summary>
    public bool NeedsStored(string name) => Names?.Contains(name, StringComparer.OrdinalIgnoreCase) ?? true;

    /// <summary>Whether the job's texts read a secret.</summary>
    public bool Reads(string name) => Own?.Contains(name, StringComparer.OrdinalIgnoreCase) ?? true;
}

/// <summary>The <c>secrets</c> of a job that calls a workflow.</summary>
/// <param name="Values">By the names that they have in the called workflow; templates.</param>
/// <param name="Contexts">
/// An object with those of <c>needs</c>, <c>strategy</c>, <c>matrix</c> and <c>inputs</c> that the templates use; without <c>inputs</c>
/// they are the run's.
/// </param>
public sealed record SecretMapping(IReadOnlyDictionary<string, string> Values, MarkedJson Contexts);
