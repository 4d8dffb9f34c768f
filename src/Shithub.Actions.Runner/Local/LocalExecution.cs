using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>Runs what somebody asked for: reads, checks and plans it as a server would, then runs it here.</summary>
/// <param name="output">Gets the logs.</param>
/// <param name="remarks">Gets what is wrong with the workflow, and what would be different on a server.</param>
internal sealed class LocalExecution(LocalRequest request, TextWriter output, TextWriter remarks)
{
    /// <param name="cancel">Ends what runs; what was made for this case may still run.</param>
    /// <param name="now">Ends that, too.</param>
    /// <returns>Null if the workflow is refused; why has been said.</returns>
    /// <exception cref="RunnerException">It can't be run here.</exception>
    public async Task<RunResult?> RunAsync(CancellationToken cancel, CancellationToken now)
    {
        var started = Stopwatch.StartNew();
        var tree = await WorkingTree.ReadAsync(request.Folder, cancel);
        if (Choose(tree) is not var (workflow, happened)) return null;
        if (request.Job is { } job) workflow = LocalWorkflows.Only(workflow, job);
        if (Inputs(workflow, happened) is not { } inputs) return null;
        if (happened.Name == "workflow_dispatch" && request.Payload is null)
            happened.Payload["inputs"] = new JsonObject(inputs.EventInputs.Select(input => KeyValuePair.Create(input.Key, (JsonNode?)input.Value)));

        var problems = new List<Diagnostic>();
        var set = LocalWorkflows.Load(tree, workflow, problems);
        var context = new PlanContext(happened.Context(workflow), request.Vars, inputs.Values);
        var plan = set is null ? null : RunPlanner.Plan(set, context);
        foreach (var problem in problems.Concat(plan?.Diagnostics ?? [])) await remarks.WriteLineAsync(problem.ToString());
        if (set is null || plan?.Decision is not { } decision) return null;

        // A concurrency group of the whole run would hold it back until others have ended; here are no others.
        if (plan.Concurrency is not null) decision = RunMachine.Advance(new RunSituation(set, context, decision.Jobs, decision.Calls));
        using var loggers = LoggerFactory.Create(logging => logging
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Error));
        await using var host = await LocalHost.StartAsync(request.EngineSocket, request.Image, loggers, cancel);
        var run = new LocalRun(
            host.Context,
            set,
            context,
            new LocalClaims(set, context, happened, request.Secrets),
            new TreeCopy(tree, happened.Ref, host.Context.Spec.User),
            request.Parallel,
            output);
        var (conclusion, jobs) = await run.RunAsync(decision, cancel, now);
        return new RunResult(
            plan.Title ?? workflow.DisplayName, happened.Name, happened.Ref, tree.Sha, conclusion, started.Elapsed.TotalSeconds, jobs);
    }

    /// <summary>The workflow that was named, or the only one that the event starts.</summary>
    private (Workflow Workflow, LocalEvent Event)? Choose(WorkingTree tree)
    {
        var paths = LocalWorkflows.Find(tree, request.File);
        var candidates = paths.Select(path => (Path: path, Parsed: LocalWorkflows.Read(tree, path))).ToList();
        if (candidates.Count > 1)
        {
            // Without a word about the event, a push is what people mean.
            var starting = candidates.Where(candidate =>
                candidate.Parsed.Workflow is not { } workflow || Happens(request.Event ?? "push", workflow, tree).Starts(workflow)).ToList();
            if (starting.Count != 1)
            {
                throw new RunnerException(
                    $"{(starting.Count == 0 ? "No workflow is" : $"{starting.Count} workflows are")} started by {request.Event ?? "push"}; "
                    + $"name one of: {string.Join(", ", (starting.Count == 0 ? candidates : starting).Select(candidate => candidate.Path))}.",
                    ExitCodes.Usage);
            }

            candidates = starting;
        }

        var (_, parsed) = candidates[0];
        foreach (var diagnostic in parsed.Diagnostics) remarks.WriteLine(diagnostic.ToString());
        if (parsed.Workflow is not { } chosen) return null;
        var happened = Happens(request.Event ?? LocalEvent.Usual(chosen), chosen, tree);
        if (!happened.IsNamedIn(chosen))
        {
            remarks.WriteLine($"{chosen.Path}: '{happened.Name}' does not start this workflow.");
            return null;
        }

        if (!happened.Starts(chosen))
            remarks.WriteLine($"{chosen.Path}: on a server, the filters of '{happened.Name}' would keep this from running for {happened.Ref}.");
        return (chosen, happened);
    }

    private LocalEvent Happens(string name, Workflow workflow, WorkingTree tree) => LocalEvent.Create(
        name,
        request.Ref ?? (string?)(request.Payload?["ref"] as JsonValue),
        (JsonObject?)request.Payload?.DeepClone(),
        tree,
        workflow,
        Environment.GetEnvironmentVariable("SUDO_USER") ?? Environment.UserName);

    private DispatchInputsResult? Inputs(Workflow workflow, LocalEvent happened)
    {
        var given = new Dictionary<string, string>(request.Inputs, StringComparer.OrdinalIgnoreCase);
        if (happened.Name != "workflow_dispatch")
        {
            return given.Count == 0
                ? new DispatchInputsResult(new Dictionary<string, JsonNode?>(), new Dictionary<string, string>(), [])
                : throw new RunnerException($"--input is for workflow_dispatch, and this is {happened.Name}; add --event workflow_dispatch.", ExitCodes.Usage);
        }

        if (happened.Payload["inputs"] is JsonObject ofPayload)
        {
            foreach (var (name, value) in ofPayload) given.TryAdd(name, value?.ToString() ?? "");
        }

        var result = DispatchInputs.Validate(workflow, given);
        foreach (var error in result.Errors) remarks.WriteLine($"{workflow.Path}: {error.Message}");
        return result.HasErrors ? null : result;
    }
}
