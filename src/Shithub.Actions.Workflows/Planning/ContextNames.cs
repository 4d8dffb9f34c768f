using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>Which members of a context templates speak of.</summary>
/// <param name="Names">In upper case, sorted, each once: names of secrets and variables have no case.</param>
/// <param name="All">Some expression may speak of any of them: it takes the whole context, or computes the name.</param>
public sealed record ContextNames(IReadOnlyList<string> Names, bool All)
{
    /// <param name="context"><c>secrets</c> or <c>vars</c></param>
    public static ContextNames Of(string context, IEnumerable<Template?> templates)
    {
        ArgumentNullException.ThrowIfNull(templates);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var all = false;
        foreach (var part in templates.OfType<Template>().SelectMany(template => template.Parts))
        {
            if (part.Expression is not null)
                Find(part.Expression, context, names, ref all);
        }

        return new ContextNames([.. names], all);
    }

    /// <summary>The templates that are evaluated for a job on its runner: its own, its steps' and those of its workflow's environment.</summary>
    public static IEnumerable<Template?> TemplatesOf(Workflow workflow, WorkflowJob job)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(job);
        return
        [
            // A job that calls has no environment of its own workflow.
            .. (job.Call is null ? workflow.Env : []).Select(variable => variable.Value),
            workflow.Defaults.Shell, workflow.Defaults.WorkingDirectory, .. OwnTemplatesOf(job), .. job.Steps.SelectMany(TemplatesOf),
        ];
    }

    /// <summary>Those of a job without its steps'.</summary>
    internal static IEnumerable<Template?> OwnTemplatesOf(WorkflowJob job) =>
    [
        .. job.Env.Concat(job.Outputs).Select(variable => variable.Value),
        job.Name, job.If?.Template, job.TimeoutMinutes.Expression, job.ContinueOnError.Expression, job.RunsOn.Group,
        .. job.RunsOn.Labels,
        job.Concurrency?.Group, job.Concurrency?.CancelInProgress.Expression, job.Environment?.Name, job.Environment?.Url,
        job.Defaults.Shell, job.Defaults.WorkingDirectory,
        job.Strategy?.FailFast.Expression, job.Strategy?.MaxParallel.Expression, job.Strategy?.Matrix?.Whole,
        .. (job.Strategy?.Matrix?.Axes ?? []).SelectMany(axis => TemplatesOf(axis.Values)),
        .. TemplatesOf(job.Strategy?.Matrix?.Include), .. TemplatesOf(job.Strategy?.Matrix?.Exclude),
        .. TemplatesOf(job.Container), .. TemplatesOf(job.Services),
        .. (job.Call?.With ?? []).SelectMany(argument => TemplatesOf(argument.Value)),
        .. (job.Call?.Secrets ?? []).Select(secret => secret.Value),
    ];

    internal static IEnumerable<Template?> TemplatesOf(WorkflowStep step) =>
    [
        step.Name, step.Run, step.Shell, step.WorkingDirectory, step.If?.Template, step.ContinueOnError.Expression,
        step.TimeoutMinutes?.Expression, .. step.With.Select(input => input.Value), .. step.Env.Select(variable => variable.Value),
    ];

    private static IEnumerable<Template> TemplatesOf(TemplateNode? node) => node switch
    {
        TemplateScalar scalar => [scalar.Template],
        TemplateSequence sequence => sequence.Items.SelectMany(TemplatesOf),
        TemplateMapping mapping => mapping.Entries.SelectMany(entry => TemplatesOf(entry.Value)),
        _ => [],
    };

    private static void Find(ExpressionNode node, string context, SortedSet<string> names, ref bool all)
    {
        if (node is IndexNode { Target: ContextNode target } index && target.Name.Equals(context, StringComparison.OrdinalIgnoreCase))
        {
            if (index.Index is LiteralNode { Value: StringValue name })
            {
                names.Add(name.Value.ToUpperInvariant());
                return;
            }

            all = true;
            Find(index.Index, context, names, ref all);
            return;
        }

        all |= node is ContextNode whole && whole.Name.Equals(context, StringComparison.OrdinalIgnoreCase);
        foreach (var child in node.Children)
            Find(child, context, names, ref all);
    }
}
