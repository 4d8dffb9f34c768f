using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A job while it runs: what its expressions see, which of its steps run, and what they leave to those after them. Whoever runs the
/// steps drives it, from one thread; nothing here does any input or output.
/// </summary>
public sealed class JobExecution
{
    private readonly JobText _job;
    private readonly IReadOnlyDictionary<string, ExpressionValue> _contexts;
    private readonly Func<IReadOnlyList<string>, string> _hashFiles;
    private readonly Dictionary<string, (StringValue Value, int Version)> _set = [];
    private readonly List<string> _searchPath = [];
    private int _version;
    private long _kept;
    private ObjectValue _container = ObjectValue.Of(NewMembers());
    private ObjectValue _services = ObjectValue.Of(NewMembers());

    /// <param name="contexts">An object with <c>github</c>, <c>vars</c>, <c>inputs</c>, <c>needs</c>, <c>strategy</c> and <c>matrix</c>; see
    /// <see cref="ContextJson"/>. What is missing is null.</param>
    /// <param name="secrets">Not tainted, since the repository's owners chose them, unless <paramref name="contexts"/> has them too and says otherwise.</param>
    /// <param name="hashFiles">See <see cref="ExpressionEvaluator"/>.</param>
    public JobExecution(
        JobText job, ExpressionValue contexts, IReadOnlyDictionary<string, string> secrets, RunnerFacts runner,
        Func<IReadOnlyList<string>, string> hashFiles)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(secrets);
        (_job, Runner, _hashFiles) = (job, runner, hashFiles);
        var given = contexts as ObjectValue;
        var all = new Dictionary<string, ExpressionValue>
        {
            ["secrets"] = given?.Members.GetValueOrDefault("secrets")
                ?? ObjectOf(secrets.Select(secret => new KeyValuePair<string, ExpressionValue>(secret.Key, new StringValue(secret.Value)))),
            ["runner"] = RunnerContext(runner),
        };
        foreach (var name in new[] { "github", "vars", "inputs", "needs", "strategy", "matrix" })
            all[name] = given?.Members.GetValueOrDefault(name) ?? ExpressionValue.Null;
        var github = all["github"] is ObjectValue known ? Copy(known) : NewMembers();
        github["workspace"] = new StringValue(runner.Workspace);
        github["event_path"] = new StringValue(runner.EventPath);
        all["github"] = ObjectValue.Of(github);
        _contexts = all;
        Steps = new StepSequence(this, [.. job.Steps.Select((step, index) => StepTemplates.Parse(step, index, job))], null);
    }

    /// <summary>The job's own steps.</summary>
    public StepSequence Steps { get; }

    /// <summary>Steps run now only if their condition says so whatever has happened.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary><c>job.status</c>: the job's conclusion if it ended now.</summary>
    public StepOutcome Status => IsCancelled ? StepOutcome.Cancelled : Steps.HasFailed ? StepOutcome.Failure : StepOutcome.Success;

    internal RunnerFacts Runner { get; }

    internal ExecutionEnvironment JobEnvironment { get; private set; } = ExecutionEnvironment.Empty;

    /// <summary>Folders that steps put in front of <c>PATH</c>, the foremost first.</summary>
    internal IReadOnlyList<string> SearchPath => [.. Enumerable.Reverse(_searchPath)];

    /// <summary>Counts what steps have set.</summary>
    internal int Version => _version;

    /// <summary>Evaluates the job's <c>env</c>: before the first step.</summary>
    /// <returns>Why the job can't run, for its author; null: it can.</returns>
    public string? Begin()
    {
        var diagnostics = new DiagnosticBag(_job.File);
        var evaluator = Evaluator();
        var variables = new List<KeyValuePair<string, StringValue>>();
        foreach (var (name, text) in WholeMapping.Ordered(_job.Env, entry => entry.Key))
        {
            var template = Template.FromText(
                text, $"jobs.{_job.Key}.env.{name}", SourcePosition.Start, ExpressionScope.JobEnv, diagnostics);
            if (diagnostics.HasErrors)
                return ExecutionProblem.First(diagnostics);
            try
            {
                foreach (var variable in VariableValues.Known(name, template, evaluator))
                {
                    if (ExecutionEnvironment.DescribeProblem(variable.Key, variable.Value.Value) is { } problem)
                        return ExecutionProblem.Of(template, $"the environment variable '{variable.Key}' {problem}");
                    variables.Add(variable);
                }
            }
            catch (TemplateException exception)
            {
                return ExecutionProblem.Of(exception);
            }
        }

        JobEnvironment = ExecutionEnvironment.Empty.With(variables);
        return null;
    }

    /// <summary>Somebody cancelled the job, or its time is over.</summary>
    public void Cancel() => IsCancelled = true;

    /// <summary>The containers of the job, for <c>job.container</c> and <c>job.services</c>.</summary>
    public void Describe(ObjectValue container, ObjectValue services) => (_container, _services) = (container, services);

    /// <summary>Evaluates the job's <c>outputs</c>, after the last step.</summary>
    /// <param name="isSecret">Whether a value has something in it that must not be seen.</param>
    /// <param name="remarks">Gets what was left out and why; whole sentences.</param>
    public JobOutputs EvaluateOutputs(Func<string, bool> isSecret, ICollection<string> remarks)
    {
        ArgumentNullException.ThrowIfNull(isSecret);
        ArgumentNullException.ThrowIfNull(remarks);
        var evaluator = Steps.OutputEvaluator();
        var values = new OrderedDictionary<string, string>();
        var tainted = new List<string>();
        var size = 0L;
        foreach (var (name, text) in _job.Outputs)
        {
            var diagnostics = new DiagnosticBag(_job.File);
            var template = Template.FromText(
                text, $"jobs.{_job.Key}.outputs.{name}", SourcePosition.Start, ExpressionScope.JobOutputs, diagnostics);
            StringValue value;
            try
            {
                value = template.EvaluateText(evaluator);
            }
            catch (TemplateException exception)
            {
                remarks.Add($"The output '{name}' is left out: {ExecutionProblem.Of(exception)}.");
                continue;
            }

            var bytes = Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value.Value);
            if (diagnostics.HasErrors)
                remarks.Add($"The output '{name}' is left out: {ExecutionProblem.First(diagnostics)}.");
            else if (isSecret(value.Value))
                remarks.Add($"The output '{name}' is left out, since it may hold a secret.");
            else if (size + bytes > WorkflowLimits.MaxJobOutputBytes)
                remarks.Add($"The output '{name}' is left out: the job's outputs may have {WorkflowLimits.MaxJobOutputBytes} bytes together.");
            else
            {
                size += bytes;
                values[name] = value.Value;
                if (value.Tainted)
                    tainted.Add(name);
            }
        }

        return new JobOutputs(values, tainted);
    }

    /// <summary>
    /// The contexts that are the same for every step. Each evaluator has a budget of its own: a job may have many steps, and their
    /// number is bounded elsewhere.
    /// </summary>
    internal ExpressionEvaluator Evaluator() =>
        new ExpressionEvaluator(_contexts, new EvaluationBudget(), null, _hashFiles).With("job", JobContext());

    internal ObjectValue GitHub() => (ObjectValue)_contexts["github"];

    /// <summary>What steps have set for those after them since <paramref name="version"/>.</summary>
    internal IEnumerable<KeyValuePair<string, StringValue>> SetSince(int version) =>
        _set.Where(entry => entry.Value.Version > version)
            .Select(entry => new KeyValuePair<string, StringValue>(entry.Key, entry.Value.Value));

    internal void Set(string name, StringValue value) => _set[name] = (value, ++_version);

    internal void AddToSearchPath(IEnumerable<string> folders)
    {
        foreach (var folder in folders)
        {
            _searchPath.Remove(folder);
            _searchPath.Add(folder);
        }
    }

    /// <summary>Accounts for what is kept of a step until the job ends.</summary>
    /// <returns>False if that would be too much.</returns>
    internal bool TryKeep(long bytes)
    {
        if (_kept + bytes > WorkflowLimits.MaxStepOutputBytes)
            return false;
        _kept += bytes;
        return true;
    }

    internal static OrderedDictionary<string, ExpressionValue> NewMembers() => new(StringComparer.OrdinalIgnoreCase);

    internal static OrderedDictionary<string, ExpressionValue> Copy(ObjectValue value) => new(value.Members, StringComparer.OrdinalIgnoreCase);

    internal static ObjectValue ObjectOf(IEnumerable<KeyValuePair<string, ExpressionValue>> entries)
    {
        var members = NewMembers();
        foreach (var (name, value) in entries)
            members[name] = value;
        return ObjectValue.Of(members);
    }

    internal static StringValue NameOf(StepOutcome outcome) => new(outcome switch
    {
        StepOutcome.Success => "success",
        StepOutcome.Failure => "failure",
        StepOutcome.Cancelled => "cancelled",
        _ => "skipped",
    });

    private ObjectValue JobContext() => ObjectOf(
    [
        new("status", NameOf(Status)),
        new("container", _container),
        new("services", _services),
    ]);

    private static ObjectValue RunnerContext(RunnerFacts runner)
    {
        var members = NewMembers();
        members["name"] = new StringValue(runner.Name);
        members["os"] = new StringValue("Linux");
        members["arch"] = new StringValue(runner.Arch);
        members["temp"] = new StringValue(runner.Temp);
        members["tool_cache"] = new StringValue(runner.ToolCache);
        members["environment"] = new StringValue("self-hosted");
        members["workspace"] = new StringValue(runner.Workspace);
        if (runner.IsDebug)
            members["debug"] = new StringValue("1");
        return ObjectValue.Of(members);
    }
}
