using System.Globalization;
using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows;

/// <summary>
/// Steps that run one after the other and see each other in the context <c>steps</c>: those of a job, or those of a composite action
/// (<see cref="EnterAction"/>). For each index from 0: <see cref="Begin"/>, and <see cref="End"/> if it runs.
/// </summary>
public sealed partial class StepSequence
{
    private readonly JobExecution _job;
    private readonly IReadOnlyList<StepTemplates> _steps;
    private readonly ActionFrame? _action;
    private readonly OrderedDictionary<string, ExpressionValue> _results = JobExecution.NewMembers();

    private int _runsAfterCancel = -1;

    internal StepSequence(JobExecution job, IReadOnlyList<StepTemplates> steps, ActionFrame? action) =>
        (_job, _steps, _action) = (job, steps, action);

    public int Count => _steps.Count;

    /// <summary>0 for a job's steps, 1 for those of an action that one of them uses, and so on.</summary>
    public int Depth => _action is null ? 0 : _action.Outer.Depth + 1;

    /// <summary>One of the steps has failed and was not allowed to.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Decides whether a step runs, and evaluates what it is to do.</summary>
    /// <param name="files">The step's files by the names of their variables without prefix: ENV, OUTPUT, PATH …</param>
    public StepDecision Begin(int index, IReadOnlyDictionary<string, string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var step = _steps[index];
        var github = GitHubFor(step, files);
        var evaluator = EvaluatorFor(github);
        try
        {
            var outside = Environment();
            var (variables, problem) = EnvironmentOf(step, outside, evaluator.With("env", outside.ToContext()));
            evaluator = evaluator.With("env", variables.ToContext());
            if (step.Problem is null && step.If.Evaluate(evaluator.With(Status())) is not true)
            {
                Remember(step, StepOutcome.Skipped, StepOutcome.Skipped, []);
                return new StepDecision(null, StepOutcome.Skipped, null);
            }

            return (step.Problem ?? problem) is { } reason
                ? Fail(step, evaluator, reason)
                : new StepDecision(new StepPreparation(step, github, evaluator, variables, _job, _action).Prepare(), StepOutcome.Success, null);
        }
        catch (TemplateException exception)
        {
            return Fail(step, evaluator, ExecutionProblem.Of(exception));
        }
    }

    /// <summary>Takes what a step left.</summary>
    public StepEnding End(PreparedStep step, StepResult result)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(result);
        var remarks = new List<string>();
        var outcome = Take(step, result, remarks) ? result.Outcome : StepOutcome.Failure;
        var conclusion = outcome == StepOutcome.Failure && MayFail(step.Background.Templates, step.Background.Evaluator, remarks) ? StepOutcome.Success : outcome;
        Remember(step.Background.Templates, outcome, conclusion, result.Outputs);
        return new StepEnding(outcome, conclusion, remarks);
    }

    /// <summary>
    /// Whether, once the job is cancelled, any step from this one on will run, here or outside of this action; as far as is known now.
    /// </summary>
    public bool AnyRunsAfterCancel(int next)
    {
        // Asked again before each step: looking at all that are left every time would make a long job slow to end.
        if (_runsAfterCancel >= next)
            return true;
        var cancelled = new StatusCheck(Success: false, Failure: false, Cancelled: true);
        for (var index = next; index < _steps.Count; index++)
        {
            var step = _steps[index];
            if (!step.If.UsesStatusFunction)
                continue;
            try
            {
                var evaluator = EvaluatorFor(GitHubFor(step, new Dictionary<string, string>())).With("env", Environment().ToContext());
                if (step.If.Evaluate(evaluator.With(cancelled)) is true)
                {
                    _runsAfterCancel = index;
                    return true;
                }
            }
            catch (TemplateException)
            {
                // It will fail when it begins, which needs no container.
            }
        }

        return _action is not null && _action.Outer.AnyRunsAfterCancel(_action.Step.Index + 1);
    }

    internal ExpressionEvaluator OutputEvaluator() =>
        WithInputs(_job.Evaluator()).With("github", OutputGitHub()).With("env", Environment().ToContext()).With("steps", StepResults());

    /// <summary>What the steps' own <c>env</c> is laid over.</summary>
    internal ExecutionEnvironment Environment() =>
        (_action?.Step.Background.Variables ?? _job.JobEnvironment).With(_job.SetSince(_action?.Version ?? 0));

    private ExpressionEvaluator EvaluatorFor(ObjectValue github) =>
        WithInputs(_job.Evaluator()).With("github", github).With("steps", StepResults());

    /// <summary>A copy: a value does not change any more.</summary>
    private ObjectValue StepResults() => JobExecution.ObjectOf(_results);

    private ObjectValue OutputGitHub()
    {
        if (_action is null)
            return _job.GitHub();
        var github = JobExecution.Copy(_job.GitHub());
        _action.Describe(github, NameOfStatus());
        return ObjectValue.Of(github);
    }

    private ObjectValue GitHubFor(StepTemplates step, IReadOnlyDictionary<string, string> files)
    {
        var github = JobExecution.Copy(_job.GitHub());
        github["action"] = new StringValue(
            step.Id ?? string.Create(CultureInfo.InvariantCulture, $"__{(step.Run is null ? "action" : "run")}_{step.Index}"));
        foreach (var (name, path) in files)
            github[name.ToLowerInvariant()] = new StringValue(path);
        if (_action is not null)
            _action.Describe(github, NameOfStatus());
        return ObjectValue.Of(github);
    }

    private ExpressionEvaluator WithInputs(ExpressionEvaluator evaluator) =>
        _action is null ? evaluator : evaluator.With("inputs", _action.Inputs);

    private StepOutcome NameOfStatus() =>
        _job.IsCancelled ? StepOutcome.Cancelled : HasFailed ? StepOutcome.Failure : StepOutcome.Success;

    private StatusCheck Status() => new(!HasFailed && !_job.IsCancelled, HasFailed && !_job.IsCancelled, _job.IsCancelled);

    /// <summary>
    /// Of a step that will be skipped it does not matter whether its variables can be evaluated: they may speak of what is not there.
    /// </summary>
    private static (ExecutionEnvironment Variables, string? Problem) EnvironmentOf(
        StepTemplates step, ExecutionEnvironment outside, ExpressionEvaluator evaluator)
    {
        var own = new List<KeyValuePair<string, StringValue>>();
        foreach (var entry in WholeMapping.Ordered(step.Env, variable => variable.Name))
        {
            try
            {
                foreach (var variable in VariableValues.Known(entry.Name, entry.Value, evaluator))
                {
                    if (ExecutionEnvironment.DescribeProblem(variable.Key, variable.Value.Value) is { } problem)
                        return (outside, ExecutionProblem.Of(entry.Value, $"the environment variable '{variable.Key}' {problem}"));
                    own.Add(variable);
                }
            }
            catch (TemplateException exception)
            {
                return (outside, ExecutionProblem.Of(exception));
            }
        }

        return (outside.With(own), null);
    }

    private StepDecision Fail(StepTemplates step, ExpressionEvaluator evaluator, string problem)
    {
        var conclusion = MayFail(step, evaluator, []) ? StepOutcome.Success : StepOutcome.Failure;
        Remember(step, StepOutcome.Failure, conclusion, []);
        return new StepDecision(null, conclusion, problem);
    }

    private static bool MayFail(StepTemplates step, ExpressionEvaluator evaluator, List<string> remarks)
    {
        try
        {
            switch (step.ContinueOnError.Evaluate(evaluator))
            {
                case BooleanValue boolean:
                    return boolean.Value;
                case StringValue { Value: var text } when bool.TryParse(text, out var value):
                    return value;
                default:
                    remarks.Add($"{ExecutionProblem.Of(step.ContinueOnError, "this is neither true nor false, and counts as false")}.");
                    return false;
            }
        }
        catch (TemplateException exception)
        {
            remarks.Add($"{ExecutionProblem.Of(exception)}; it counts as false.");
            return false;
        }
    }

    /// <returns>False if it can't be taken; the reason is in <paramref name="remarks"/>.</returns>
    private bool Take(PreparedStep step, StepResult result, List<string> remarks)
    {
        var size = result.Outputs.Sum(output => Size(output.Name, output.Value)) + result.Env.Sum(variable => Size(variable.Key, variable.Value))
            + result.SearchPath.Sum(folder => Size(folder, ""));
        if (!_job.TryKeep(size))
        {
            remarks.Add($"What it set is not taken: the steps of a job may set {WorkflowLimits.MaxStepOutputBytes} bytes altogether.");
            return false;
        }

        var taken = true;
        foreach (var (name, value) in result.Env)
        {
            if (DefaultVariables.DescribeRefusal(name) is { } refusal)
            {
                remarks.Add($"The variable '{name}' is not set for the next steps: it {refusal}.");
            }
            else if (ExecutionEnvironment.DescribeProblem(name, value) is { } problem)
            {
                remarks.Add($"The variable '{name}' can't be set for the next steps: it {problem}.");
                taken = false;
            }
            else
            {
                _job.Set(name, new StringValue(value, step.IsTainted));
            }
        }

        _job.AddToSearchPath(result.SearchPath);
        return taken;

        static long Size(string name, string value) => Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
    }

    private void Remember(StepTemplates step, StepOutcome outcome, StepOutcome conclusion, IReadOnlyList<StepOutput> outputs)
    {
        HasFailed |= conclusion == StepOutcome.Failure;
        if (step.Id is null)
            return;
        _results[step.Id] = JobExecution.ObjectOf(
        [
            new("outputs", JobExecution.ObjectOf(outputs.Select(
                output => new KeyValuePair<string, ExpressionValue>(output.Name, new StringValue(output.Value, output.Tainted))))),
            new("outcome", JobExecution.NameOf(outcome)),
            new("conclusion", JobExecution.NameOf(conclusion)),
        ]);
    }
}
