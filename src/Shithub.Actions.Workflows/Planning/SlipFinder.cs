using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// Finds expressions that name a job, a step, an output, an input or a value of the matrix that is never there, and JSON that is none.
/// GitHub takes such a file, evaluates the name to null and fails when it comes to the JSON, and so does this system: a warning.
/// </summary>
internal sealed class SlipFinder(Workflow workflow, DiagnosticBag diagnostics)
{
    private static readonly string[] OfJob = ["outputs", "result"];
    private static readonly string[] OfStep = ["outputs", "outcome", "conclusion"];

    private readonly HashSet<string> _said = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _inputs = Names(
        (workflow.On.WorkflowDispatch?.Inputs ?? []).Select(input => input.Name)
            .Concat((workflow.On.WorkflowCall?.Inputs ?? []).Select(input => input.Name)));

    private readonly Dictionary<string, WorkflowJob> _jobs = workflow.Jobs.ToDictionary(job => job.Key, StringComparer.OrdinalIgnoreCase);

    public void Check()
    {
        var outside = new Surroundings(null, [], [], null);
        Look([workflow.RunName, workflow.Concurrency?.Group, workflow.Concurrency?.CancelInProgress.Expression], outside);
        Look(workflow.Env.Select(variable => variable.Value), outside);
        Look((workflow.On.WorkflowCall?.Outputs ?? []).Select(output => output.Value), outside);
        foreach (var job in workflow.Jobs)
        {
            var around = new Surroundings(job, Names(job.Needs), Names([]), MatrixNames(job));
            foreach (var step in job.Steps)
            {
                Look(ContextNames.TemplatesOf(step), around);
                if (step.Id is not null)
                    around.Steps.Add(step.Id);
            }

            // Outputs and the environment's address are evaluated after all steps.
            Look(ContextNames.OwnTemplatesOf(job), around);
        }
    }

    private void Look(IEnumerable<Template?> templates, Surroundings around)
    {
        foreach (var template in templates.OfType<Template>().Where(template => template.HasExpressions))
        {
            foreach (var part in template.Parts)
            {
                if (part.Expression is not null)
                    Look(part.Expression, [], new Place(template, part.Offset, around));
            }
        }
    }

    /// <param name="after">The names that are taken of what this node gives, the first one first.</param>
    private void Look(ExpressionNode node, string[] after, Place place)
    {
        if (node is IndexNode { Index: LiteralNode { Value: StringValue name } } index)
        {
            Look(index.Target, [name.Value, .. after.Take(2)], place);
            return;
        }

        if (node is ContextNode context)
        {
            if (after.Length > 0)
                CheckName(context, after, place);
            return;
        }

        if (node is CallNode { Function.Name: "fromJSON", Arguments: [LiteralNode { Value: StringValue } json] } call)
            CheckJson(call, json, place);
        foreach (var child in node.Children)
            Look(child, [], place);
    }

    private void CheckJson(CallNode call, LiteralNode json, Place place)
    {
        try
        {
            JsonFunctions.FromJson([json.Value], new EvaluationBudget());
        }
        catch (EvaluationException exception)
        {
            Warn(place, call.Span.Start, DiagnosticCodes.Evaluation, $"{exception.Message}, so it fails when it is evaluated", null);
        }
    }

    private void CheckName(ContextNode context, string[] names, Place place)
    {
        var around = place.Around;
        switch (context.Name)
        {
            case "inputs" when !_inputs.Contains(names[0]):
                Warn(place, context, names[..1], "the workflow has no such input", NearestName.Suggest(names[0], _inputs));
                break;
            case "needs":
                CheckNeed(context, names, place);
                break;
            case "jobs" when !_jobs.ContainsKey(names[0]):
                Warn(place, context, names[..1], "the workflow has no such job", NearestName.Suggest(names[0], _jobs.Keys));
                break;
            case "jobs":
                CheckMember(context, names, _jobs[names[0]], place);
                break;
            case "steps" when !around.Steps.Contains(names[0]):
                Warn(
                    place, context, names[..1],
                    around.Job!.Steps.Any(step => Same(step.Id, names[0])) ? "that step has not run yet" : "no step of this job has that 'id'",
                    NearestName.Suggest(names[0], around.Steps));
                break;
            case "steps" when names.Length > 1 && !Has(OfStep, names[1]):
                Warn(place, context, names[..2], $"a step has {string.Join(", ", OfStep)}", NearestName.Suggest(names[1], OfStep));
                break;
            case "matrix" when around.Matrix is { } values && !values.Contains(names[0]):
                Warn(
                    place, context, names[..1], values.Count == 0 ? "the job has no matrix" : "the matrix has no such value",
                    NearestName.Suggest(names[0], values));
                break;
        }
    }

    private void CheckNeed(ContextNode context, string[] names, Place place)
    {
        var (job, needs) = (place.Around.Job!, place.Around.Needs);
        if (needs.Contains(names[0]))
        {
            CheckMember(context, names, _jobs[names[0]], place);
            return;
        }

        var suggestion = _jobs.TryGetValue(names[0], out var other) && other != job
            ? $"add '{other.Key}' to its 'needs'" : NearestName.Suggest(names[0], needs);
        Warn(place, context, names[..1], $"it is not among the needs of the job '{job.Key}'", suggestion);
    }

    private void CheckMember(ContextNode context, string[] names, WorkflowJob job, Place place)
    {
        if (names.Length > 1 && !Has(OfJob, names[1]))
            Warn(place, context, names[..2], $"a job has {string.Join(" and ", OfJob)}", NearestName.Suggest(names[1], OfJob));
        // What a called workflow gives is in its own file.
        else if (names.Length > 2 && job.Call is null && Same(names[1], "outputs") && !job.Outputs.Any(output => Same(output.Name, names[2])))
            Warn(place, context, names, $"the job '{job.Key}' has no such output", NearestName.Suggest(names[2], job.Outputs.Select(output => output.Name)));
    }

    /// <summary>The names that some combination has; null where they are known only when it runs.</summary>
    private static HashSet<string>? MatrixNames(WorkflowJob job)
    {
        if (job.Strategy is { Expression: not null } or { Matrix.Whole: not null })
            return null;
        if (job.Strategy?.Matrix is not { } matrix)
            return [];
        var names = Names(matrix.Axes.Select(axis => axis.Name));
        if (matrix.Include is null)
            return names;
        if (matrix.Include is not TemplateSequence include || !include.Items.All(item => item is TemplateMapping))
            return null;
        names.UnionWith(include.Items.Cast<TemplateMapping>().SelectMany(item => item.Entries).Select(entry => entry.Key));
        return names;
    }

    private void Warn(Place place, ContextNode context, string[] names, string why, string? suggestion)
    {
        var name = YamlReader.Show($"{context.Name}.{string.Join('.', names)}");
        Warn(place, context.Span.Start, DiagnosticCodes.AlwaysNull, $"'{name}' is always null: {why}", suggestion);
    }

    private void Warn(Place place, int offset, string code, string message, string? suggestion)
    {
        // Said once a job. A warning too many would make an error of them all.
        if (diagnostics.Count < WorkflowLimits.MaxDiagnostics && _said.Add($"{place.Around.Job?.Key} {message}"))
            place.Template.Warning(diagnostics, code, place.Offset + offset, message, suggestion);
    }

    private static HashSet<string> Names(IEnumerable<string> names) => new(names, StringComparer.OrdinalIgnoreCase);

    private static bool Has(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool Same(string? one, string other) => other.Equals(one, StringComparison.OrdinalIgnoreCase);

    /// <summary>What names may be taken of where an expression stands.</summary>
    /// <param name="Job">Null outside of jobs.</param>
    /// <param name="Steps">The ids of steps that have run.</param>
    /// <param name="Matrix">Null: known only when the job runs.</param>
    private sealed record Surroundings(WorkflowJob? Job, HashSet<string> Needs, HashSet<string> Steps, HashSet<string>? Matrix);

    private sealed record Place(Template Template, int Offset, Surroundings Around);
}
