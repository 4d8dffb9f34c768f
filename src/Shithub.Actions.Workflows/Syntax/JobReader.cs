using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>jobs:</c>.</summary>
internal sealed class JobReader(NodeReader reader)
{
    private static readonly string[] RequiredKeys = ["runs-on", "steps"];

    public IReadOnlyList<WorkflowJob> ReadAll(Field field)
    {
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return [];
        if (mapping.Entries.Count == 0)
            reader.Invalid(mapping, field.Path, "'jobs' has no job");
        if (mapping.Entries.Count > WorkflowLimits.MaxJobs)
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, mapping.Position, field.Path,
                $"{mapping.Entries.Count} jobs; a run may have {WorkflowLimits.MaxJobs}");
        }

        var keys = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var jobs = new List<WorkflowJob>();
        var needs = new NeedsChecker(reader.Diagnostics);
        foreach (var entry in NodeReader.Entries(mapping, field.Path))
        {
            if (!Identifier.IsValid(entry.Name))
                reader.Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path,
                    $"'{YamlReader.Show(entry.Name)}' cannot be a job's id", Identifier.Rule);
            else if (!keys.TryAdd(entry.Name, entry.Name))
                reader.Diagnostics.Error(
                    DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path,
                    $"another job has the id '{entry.Name}'; case makes no difference");
            needs.AddJob(entry.Name);
            if (reader.Mapping(entry.Value, entry.Path) is { } job)
                jobs.Add(ReadJob(entry, job, needs));
        }

        needs.Check();
        // As the needed job writes its id: whoever reads the plan may compare with case.
        return [.. jobs.Select(job => job with { Needs = [.. job.Needs.Select(need => keys.GetValueOrDefault(need, need))] })];
    }

    private WorkflowJob ReadJob(Field entry, YamlMapping mapping, NeedsChecker needs)
    {
        var timeout = new Setting<int>(WorkflowLimits.DefaultTimeoutMinutes, null);
        var job = new WorkflowJob(entry.Name, entry.Key.Position, null, [], [], timeout, [], []);
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.Job))
        {
            job = field.Name switch
            {
                "name" => job with { Name = reader.Template(field, ExpressionScope.JobName) },
                "runs-on" => job with { RunsOn = ReadRunsOn(field) },
                "needs" => job with { Needs = ReadNeeds(field, entry.Name, needs) },
                "timeout-minutes" => job with
                {
                    TimeoutMinutes = reader.IntegerSetting(
                        field, WorkflowLimits.DefaultTimeoutMinutes, 1, WorkflowLimits.MaxTimeoutMinutes, ExpressionScope.JobTimeout),
                },
                "env" => job with { Env = reader.Env(field, ExpressionScope.JobEnv) },
                "steps" => job with { Steps = new StepReader(reader).ReadAll(field) },
                _ => job,
            };
        }

        // A job that calls a reusable workflow has neither; that it can't be called yet is error enough.
        if (mapping.Find("uses") is null)
        {
            foreach (var key in RequiredKeys.Where(key => mapping.Find(key) is null))
            {
                reader.Diagnostics.Error(
                    DiagnosticCodes.MissingKey, entry.Key.Position, entry.Path, $"the job '{entry.Name}' has no '{key}'");
            }
        }

        return job;
    }

    private IReadOnlyList<Template> ReadRunsOn(Field field)
    {
        if (field.Value is YamlMapping)
        {
            reader.NotYet(field.Value.Position, field.Path, "'runs-on' with 'group' or 'labels'");
            return [];
        }

        var labels = reader.OneOrMore(field);
        if (labels.Count > WorkflowLimits.MaxLabels)
            reader.Diagnostics.Error(
                DiagnosticCodes.Limit, field.Value.Position, field.Path,
                $"{labels.Count} labels; 'runs-on' may have {WorkflowLimits.MaxLabels}");
        return [.. labels.Select(label => reader.Template(label, ExpressionScope.RunsOn)).OfType<Template>()];
    }

    private List<string> ReadNeeds(Field field, string job, NeedsChecker checker)
    {
        var needs = new List<string>();
        foreach (var item in reader.OneOrMore(field))
        {
            var need = reader.Text(item)!;
            if (needs.Contains(need, StringComparer.OrdinalIgnoreCase))
                continue;
            needs.Add(need);
            checker.AddNeed(job, need, item.Value.Position, item.Path);
        }

        return needs;
    }
}
