using System.Diagnostics.Metrics;

namespace Shithub.Actions.Server.Metrics;

/// <summary>What this process counted. Names are those of the metrics page without the <c>_total</c> of counters, see Metrics/README.md.</summary>
public sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "Shithub.Actions.Server";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _heartbeats;
    private readonly Counter<long> _tokensIssued;
    private readonly Counter<long> _tokenCalls;
    private readonly Counter<long> _cancellations;
    private readonly Counter<long> _scrubs;
    private readonly Counter<long> _stepTimeouts;
    private readonly Counter<long> _pruned;
    private readonly Counter<long> _rescues;
    private readonly Histogram<double> _claimLatency;

    public ServerMetrics()
    {
        _heartbeats = _meter.CreateCounter<long>("shithub_actions_runner_heartbeats", null, "Heartbeats by result.");
        _tokensIssued = _meter.CreateCounter<long>("shithub_actions_runner_jwt_issued", null, "Job tokens issued by purpose.");
        _tokenCalls = _meter.CreateCounter<long>("shithub_actions_runner_jwt_calls", null, "Calls with a job token by result.");
        _cancellations = _meter.CreateCounter<long>("shithub_actions_job_cancellations", null, "Cancel requests by the job's state.");
        _scrubs = _meter.CreateCounter<long>("shithub_actions_log_scrub_replacements", null, "Masked values replaced by the server.");
        _stepTimeouts = _meter.CreateCounter<long>("shithub_actions_step_timeouts", null, "Steps that ended as timed_out.");
        _pruned = _meter.CreateCounter<long>("shithub_actions_runs_pruned", null, "Rows and objects removed by retention, by kind.");
        _rescues = _meter.CreateCounter<long>("shithub_actions_job_rescues", null, "Attempts taken from lost runners by outcome.");
        _claimLatency = _meter.CreateHistogram<double>(
            "shithub_actions_claim_latency_seconds", "s", "From the moment a job was queued to its claim.");
    }

    /// <summary>For who reads what is counted: exactly this process's instruments, whatever other servers the process has.</summary>
    public Meter Meter => _meter;

    /// <summary>Says 0 of everything that is counted: a series that was never touched is a fact too. Call it once readers listen.</summary>
    public void DeclareSeries()
    {
        _stepTimeouts.Add(0);
        _scrubs.Add(0);
        foreach (var state in (string[])["queued", "waiting", "running"])
            _cancellations.Add(0, Tag("state", state));
        foreach (var result in (string[])["claimed", "empty", "unauthorized", "repeated"])
            _heartbeats.Add(0, Tag("result", result));
        foreach (var result in (string[])["accepted", "repeated", "replayed", "conflict", "invalid"])
            _tokenCalls.Add(0, Tag("result", result));
        foreach (var purpose in (string[])["api", "checkout"])
            _tokensIssued.Add(0, Tag("purpose", purpose));
        foreach (var kind in (string[])["chunks", "blobs", "runs", "jwt_used"])
            _pruned.Add(0, Tag("kind", kind));
        foreach (var outcome in (string[])["requeued", "runner_lost", "cancelled"])
            _rescues.Add(0, Tag("outcome", outcome));
    }

    public void Heartbeat(string result) => _heartbeats.Add(1, Tag("result", result));

    public void TokenIssued(string purpose) => _tokensIssued.Add(1, Tag("purpose", purpose));

    public void TokenCall(string result) => _tokenCalls.Add(1, Tag("result", result));

    public void JobCancelled(string state) => _cancellations.Add(1, Tag("state", state));

    public void Scrubbed(long replacements) => _scrubs.Add(replacements);

    public void StepTimedOut(long steps = 1) => _stepTimeouts.Add(steps);

    public void Pruned(string kind, long rows) => _pruned.Add(rows, Tag("kind", kind));

    public void Rescued(string outcome, long jobs) => _rescues.Add(jobs, Tag("outcome", outcome));

    public void Claimed(double secondsQueued) => _claimLatency.Record(secondsQueued);

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
