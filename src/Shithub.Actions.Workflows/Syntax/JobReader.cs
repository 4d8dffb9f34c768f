using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>jobs:</c>.</summary>
internal sealed class JobReader(NodeReader reader)
{
    private static readonly string[] RequiredKeys = ["runs-on", "steps"];
    private static readonly string[] CallKeys = ["with", "secrets"];

    public IReadOnlyList<WorkflowJob> ReadAll(Field field)
    {
        if (reader.Mapping(field.Value, field.Path, field.Value is YamlSequence ? "write 'NAME:' before each job, without '-'" : null) is not { } mapping)
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
            var hint = KeySet.Job.Supported.Contains(entry.Name) ? $"'{entry.Name}' belongs in a job: indent it below the job's id" : null;
            if (reader.Mapping(entry.Value, entry.Path, hint) is { } job)
                jobs.Add(ReadJob(entry, job, needs));
        }

        needs.Check();
        // As the needed job writes its id: whoever reads the plan may compare with case.
        return [.. jobs.Select(job => job with { Needs = [.. job.Needs.Select(need => keys.GetValueOrDefault(need, need))] })];
    }

    private WorkflowJob ReadJob(Field entry, YamlMapping mapping, NeedsChecker needs)
    {
        var timeout = new Setting<int>(WorkflowLimits.DefaultTimeoutMinutes, null);
        var job = new WorkflowJob(entry.Name, entry.Key.Position, null, new RunsOn([], null), [], timeout, [], []);
        Field? uses = null;
        Field? with = null;
        Field? secrets = null;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.Job))
        {
            switch (field.Name)
            {
                case "uses":
                    uses = field;
                    break;
                case "with":
                    with = field;
                    break;
                case "secrets":
                    secrets = field;
                    break;
                case CacheMode.Key:
                    CacheMode.Check(field, reader);
                    break;
                case "needs":
                    job = job with { Needs = ReadNeeds(field, entry.Name, needs) };
                    break;
                default:
                    job = ReadField(job, field);
                    break;
            }
        }

        CheckKind(entry, mapping);
        return uses is { } called ? job with { Call = new CallReader(reader).Read(called, with, secrets) } : job;
    }

    private WorkflowJob ReadField(WorkflowJob job, Field field) => field.Name switch
    {
        "name" => job with { Name = reader.Template(field, ExpressionScope.JobName) },
        "permissions" => job with { Permissions = new PermissionsReader(reader).Read(field) },
        "if" => job with { If = reader.Condition(field, ExpressionScope.JobIf) },
        "runs-on" => job with { RunsOn = new RunsOnReader(reader).Read(field) },
        "environment" => job with { Environment = new EnvironmentReader(reader).Read(field) },
        "concurrency" => job with { Concurrency = new ConcurrencyReader(reader, ExpressionScope.JobConcurrency).Read(field) },
        "outputs" => job with { Outputs = reader.Templates(field, "an output", ExpressionScope.JobOutputs) },
        "env" => job with { Env = reader.Env(field, ExpressionScope.JobEnv) },
        "defaults" => job with { Defaults = new DefaultsReader(reader, ofJob: true).Read(field) },
        "steps" => job with { Steps = new StepReader(reader, StepKind.OfJob).ReadAll(field) },
        "timeout-minutes" => job with
        {
            TimeoutMinutes = reader.IntegerSetting(
                field, WorkflowLimits.DefaultTimeoutMinutes, 1, WorkflowLimits.MaxTimeoutMinutes, ExpressionScope.JobTimeout),
        },
        "strategy" => job with { Strategy = new StrategyReader(reader).Read(field) },
        "continue-on-error" => job with { ContinueOnError = reader.BooleanSetting(field, false, ExpressionScope.JobContinueOnError) },
        "container" => job with { Container = new ContainerReader(reader).ReadContainer(field) },
        "services" => job with { Services = new ContainerReader(reader).ReadServices(field) },
        _ => job,
    };

    private void CheckKind(Field entry, YamlMapping mapping)
    {
        if (mapping.Find("uses") is null)
        {
            foreach (var key in RequiredKeys.Where(key => NodeReader.IsMissing(mapping, KeySet.Job, key)))
                reader.MissingKey(entry.Key.Position, entry.Path, $"the job '{entry.Name}' has no '{key}'");
            foreach (var misplaced in mapping.Entries.Where(field => CallKeys.Contains(field.Key.Text)))
            {
                reader.Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, misplaced.Key.Position, entry.Path.Key(misplaced.Key.Text),
                    $"'{misplaced.Key.Text}' is for jobs that call a workflow with 'uses'",
                    misplaced.Key.Text == "with" ? "a step's 'with' is indented below the step" : "a step gets a secret with 'env' or 'with'");
            }

            return;
        }

        foreach (var field in mapping.Entries.Where(field => KeySet.Job.Supported.Contains(field.Key.Text) && !KeySet.OfCallingJob.Contains(field.Key.Text)))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, field.Key.Position, entry.Path.Key(field.Key.Text),
                $"a job that calls a workflow has no '{field.Key.Text}'",
                field.Key.Text == "steps" ? "call an action with 'uses' of a step" : "the called workflow's jobs have their own");
        }
    }

    private List<string> ReadNeeds(Field field, string job, NeedsChecker checker)
    {
        var needs = new List<string>();
        if (field.Value is YamlSequence { Items.Count: 0 })
            return needs;
        foreach (var item in reader.OneOrMore(field))
        {
            if (reader.PlainText(item, "name the jobs outright; 'if' can read their results") is not { } need || needs.Contains(need, StringComparer.OrdinalIgnoreCase))
                continue;
            needs.Add(need);
            checker.AddNeed(job, need, item.Value.Position, item.Path);
        }

        return needs;
    }
}
