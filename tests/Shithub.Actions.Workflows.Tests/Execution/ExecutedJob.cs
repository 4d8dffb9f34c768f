using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests.Execution;

/// <summary>A job whose steps only seem to run: the test says how each ends.</summary>
internal sealed class ExecutedJob
{
    public static readonly RunnerFacts Facts = new(
        "runner-1", "X64", "/github/temp", "/github/tools", "/github/workspace", "/github/home", "/github/workflow/event.json", false);

    private static readonly Dictionary<string, string> Files = new() { ["OUTPUT"] = "/files/output", ["ENV"] = "/files/env" };

    public ExecutedJob(JobText job, string contexts = "{}", string[]? tainted = null, Dictionary<string, string>? secrets = null)
    {
        Execution = new JobExecution(
            job, ContextJson.Read(JsonNode.Parse(contexts), tainted ?? []), secrets ?? [], Facts,
            patterns => "hash of " + string.Join('+', patterns));
        Assert.Null(Execution.Begin());
    }

    public JobExecution Execution { get; }

    public StepSequence Steps => Execution.Steps;

    public static JobText Job(params StepText[] steps) =>
        new("build", "ci.yml", new Dictionary<string, string>(), new Dictionary<string, string>(), null, null, steps);

    public static StepText Script(string run, string? id = null, string? @if = null, string continueOnError = "false") => new(
        id, "script", @if, run, null, null, null, new Dictionary<string, string>(), new Dictionary<string, string>(), continueOnError, null, 7);

    public static StepText Uses(string uses, params (string Name, string Value)[] with) => new(
        null, "action", null, null, null, uses, null, new Dictionary<string, string>(),
        with.ToDictionary(input => input.Name, input => input.Value), "false", null, 7);

    /// <summary>The step that begins; it must.</summary>
    public PreparedStep Begin(int index)
    {
        var decision = Steps.Begin(index, Files);
        Assert.True(decision.Step is not null, decision.Problem ?? "It is skipped.");
        return decision.Step;
    }

    public StepDecision Decide(int index) => Steps.Begin(index, Files);

    public StepEnding End(PreparedStep step, StepOutcome outcome = StepOutcome.Success, params (string Name, string Value)[] outputs) => Steps.End(
        step, StepResult.Of(outcome) with { Outputs = [.. outputs.Select(output => new StepOutput(output.Name, output.Value, step.IsTainted))] });

    public void EndWithEnv(PreparedStep step, params (string Name, string Value)[] variables) => Steps.End(
        step, StepResult.Of(StepOutcome.Success) with { Env = [.. variables.Select(v => new KeyValuePair<string, string>(v.Name, v.Value))] });

    public void Run(int index, StepOutcome outcome = StepOutcome.Success) => End(Begin(index), outcome);
}
