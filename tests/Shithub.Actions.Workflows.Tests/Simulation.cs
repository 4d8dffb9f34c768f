using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>A run whose jobs end as a test says, driven as the server drives one.</summary>
internal sealed class Simulation
{
    private readonly WorkflowSet _set;
    private readonly PlanContext _context;
    private readonly List<ReadyJob> _ready = [];
    private readonly Dictionary<string, IReadOnlyList<Diagnostic>> _failures = [];
    private IReadOnlyList<CallState> _calls = [];
    private int _clock;

    /// <param name="called">Workflows that the first one calls, by their <c>uses</c>.</param>
    public Simulation(string yaml, Dictionary<string, string>? called = null, PlanContext? context = null)
    {
        _context = context ?? Example.Context();
        var builder = new WorkflowSetBuilder(Example.Workflow(yaml));
        while (builder.Next is var (_, call))
        {
            var source = called![call.Uses.Source];
            var parsed = WorkflowReader.Parse(call.Uses.Path, System.Text.Encoding.UTF8.GetBytes(source));
            Assert.True(!parsed.HasErrors, string.Join('\n', parsed.Diagnostics));
            builder.Add(new WorkflowSource(call.Uses.Path, parsed.Workflow!, new Dictionary<string, string>()));
        }

        Assert.True(builder.Diagnostics.Count == 0, string.Join('\n', builder.Diagnostics));
        _set = builder.Build()!;
        var planned = RunPlanner.Plan(_set, _context);
        Assert.True(planned.Decision is not null, string.Join('\n', planned.Diagnostics));
        Concurrency = planned.Concurrency;
        Title = planned.Title;
        Take(planned.Decision);
    }

    public IReadOnlyList<JobState> Jobs { get; private set; } = [];

    public RunState State { get; private set; } = new("queued", null);

    public ReadyConcurrency? Concurrency { get; }

    public string? Title { get; }

    public bool Cancelled { get; private set; }

    public IReadOnlyList<string> CancelRequests { get; private set; } = [];

    /// <summary>Every job and its status, or its conclusion where it has one, in the order of the rows.</summary>
    public string Summary => string.Join(' ', Jobs.Select(job => $"{job.Path}:{job.Conclusion ?? job.Status}"));

    public ReadyJob Ready(string path) => _ready.Last(job => job.Path == path);

    public string Failure(string path) => string.Join('\n', _failures[path]);

    /// <summary>The queued jobs' paths.</summary>
    public string Queued => string.Join(' ', Jobs.Where(job => job.Status == "queued").Select(job => job.Path));

    public Simulation Start(params string[] paths) => Change(paths, job => job with { Status = "running" });

    public Simulation End(string path, string conclusion = "success", params (string Name, string Value)[] outputs) => Change(
        [path],
        job => job with
        {
            Status = conclusion == "cancelled" ? "cancelled" : "completed",
            Conclusion = conclusion,
            CompletedAt = DateTimeOffset.UnixEpoch.AddSeconds(++_clock),
            Outputs = new JobOutputs(outputs.ToDictionary(output => output.Name, output => output.Value), []),
        });

    /// <summary>Ends whatever is queued, again and again, until nothing is.</summary>
    public Simulation EndAll(string conclusion = "success")
    {
        while (Jobs.FirstOrDefault(job => job.Status == "queued") is { } next)
            End(next.Path, conclusion);
        return this;
    }

    /// <summary>Cancels the run as the server does: what is ready ends, what is not has its condition asked.</summary>
    public Simulation Cancel()
    {
        Cancelled = true;
        return Change(
            [.. Jobs.Where(job => job is { Conclusion: null, IsReady: true, Status: not "running" }).Select(job => job.Path)],
            job => job with { Status = "cancelled", Conclusion = "cancelled", Hold = null });
    }

    /// <summary>Gives a call the groups that it waits for.</summary>
    public Simulation Release(string call)
    {
        _calls = [.. _calls.Select(state => state.Path == call ? state with { IsHeld = false } : state)];
        return Change([], job => job);
    }

    public IReadOnlyList<CallState> Calls => _calls;

    private Simulation Change(IReadOnlyCollection<string> paths, Func<JobState, JobState> change)
    {
        foreach (var path in paths)
            Assert.Contains(Jobs, job => job.Path == path && job.Conclusion is null);
        var jobs = Jobs.Select(job => paths.Contains(job.Path) ? change(job) : job).ToList();
        var decision = RunMachine.Advance(new RunSituation(_set, _context, jobs, _calls, Cancelled));
        Take(decision);

        // Deciding again on what was decided changes nothing: the server may do it at any time.
        var again = RunMachine.Advance(new RunSituation(_set, _context, decision.Jobs, decision.Calls, Cancelled));
        Assert.Equal(Describe(decision.Jobs), Describe(again.Jobs));
        Assert.Empty(again.Ready);
        return this;
    }

    private static string Describe(IEnumerable<JobState> jobs) =>
        string.Join(' ', jobs.Select(job => $"{job.Path}:{job.Status}:{job.Conclusion}:{job.Hold}"));

    private void Take(RunDecision decision)
    {
        (Jobs, _calls, State, CancelRequests) = (decision.Jobs, decision.Calls, decision.State, decision.Cancel);
        _ready.AddRange(decision.Ready);
        foreach (var (path, diagnostics) in decision.Failures)
            _failures[path] = diagnostics;
    }

    public static JsonNode? Context(ReadyJob job, string name) => job.Contexts.Value![name];
}
