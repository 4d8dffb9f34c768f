using System.Text;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>One job of the <see cref="FakeServer"/>: what its runner reported, and what the test does to it.</summary>
internal sealed class FakeJob(ClaimedJob job)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(long? Step, int Seq), byte[]> _chunks = [];
    private readonly Dictionary<long, string> _steps = [];
    private readonly List<StepAnnotation> _annotations = [];
    private readonly Dictionary<long, string> _summaries = [];
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _token = $"{job.Id}-0";
    private (string Token, string Key, string Body, string Answer)? _last;
    private int _calls;
    private bool _cancelled;
    private bool _lost;

    public ClaimedJob Job => job;

    public string FirstToken => $"{job.Id}-0";

    public string? ClaimId { get; set; }

    /// <summary>What the job's last status said of its outputs.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyList<string> TaintedOutputs { get; private set; } = [];

    public IReadOnlyList<JobImage> Images { get; private set; } = [];

    public IReadOnlyList<StepAnnotation> Notes { get; private set; } = [];

    /// <summary>How often each call had an effect, by its last path segment.</summary>
    public Dictionary<string, int> Effects { get; } = [];

    /// <summary>The longest log a server would take, in bytes.</summary>
    public long LogBytesMax { get; set; } = long.MaxValue;

    /// <summary>False: only its length is kept.</summary>
    public bool KeepsLog { get; set; } = true;

    /// <summary>Of all steps and the job, in bytes.</summary>
    public long LogLength { get; private set; }

    public Task Ended => _ended.Task;

    /// <summary>The job's conclusion, once reported; a job that takes more than two minutes fails the test.</summary>
    public Task<string> ConclusionAsync() => _ended.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    public void Cancel()
    {
        lock (_gate) _cancelled = true;
    }

    public void Lose()
    {
        lock (_gate) _lost = true;
    }

    /// <summary>The step's status or, if it is completed, its conclusion.</summary>
    public string Step(int index)
    {
        lock (_gate) return _steps.GetValueOrDefault(job.Steps[index].Id, "queued");
    }

    /// <summary>Those of all its steps, in their order.</summary>
    public IReadOnlyList<StepAnnotation> Annotations
    {
        get
        {
            lock (_gate) return [.. _annotations];
        }
    }

    public string? Summary(int index)
    {
        lock (_gate) return _summaries.GetValueOrDefault(job.Steps[index].Id);
    }

    /// <summary>What steps asked to hide, as the server was told.</summary>
    public List<string> MasksTold { get; } = [];

    /// <param name="index">Of the step; null for the job's own log.</param>
    public string Log(int? index) => Encoding.UTF8.GetString(LogBytes(index));

    public byte[] LogBytes(int? index)
    {
        var step = index is { } i ? job.Steps[i].Id : (long?)null;
        lock (_gate)
        {
            var chunks = _chunks.Where(chunk => chunk.Key.Step == step).OrderBy(chunk => chunk.Key.Seq).ToList();
            if (chunks.Where((chunk, seq) => chunk.Key.Seq != seq).Any()) throw new InvalidDataException("A chunk is missing.");
            return [.. chunks.SelectMany(chunk => chunk.Value)];
        }
    }

    public int Chunks(int index)
    {
        lock (_gate) return _chunks.Keys.Count(key => key.Step == job.Steps[index].Id);
    }

    public LeaseState State(LeasedAttempt lease)
    {
        lock (_gate)
        {
            return _lost || _ended.Task.IsCompleted
                ? new LeaseState(lease.JobId, lease.Attempt, LeaseStanding.Lost, null, null)
                : new LeaseState(
                    lease.JobId, lease.Attempt, _cancelled ? LeaseStanding.CancelRequested : LeaseStanding.Held,
                    DateTimeOffset.UtcNow.AddSeconds(60), 60);
        }
    }

    public (int Status, string Body) Call(string name, long? step, string token, string key, string body)
    {
        lock (_gate)
        {
            if (_last is { } last && last.Token == token && last.Key == key && last.Body == body) return (200, last.Answer);
            if (token != _token) return (401, """{"detail":"used before"}""");
            if (_lost || _ended.Task.IsCompleted) return (409, """{"detail":"attempt over"}""");
            if (!Apply(name, step, body)) return (409, """{"detail":"log too long","field":"chunk"}""");
            Effects[name] = Effects.GetValueOrDefault(name) + 1;
            _token = $"{job.Id}-{++_calls}";
            var next = _ended.Task.IsCompleted ? "null" : $"\"{_token}\"";
            var answer = $$"""
                {"accepted":true,"cancelled":{{(_cancelled ? "true" : "false")}},"status":"running","run_status":"running","next_token":{{next}}}
                """;
            _last = (token, key, body, answer);
            return (200, answer);
        }
    }

    private bool Apply(string name, long? step, string body)
    {
        if (name == "logs")
        {
            var log = JsonSerializer.Deserialize(body, ProtocolJson.Default.AppendLogRequest)!;
            var chunk = Convert.FromBase64String(log.Chunk!);
            if (LogLength + chunk.Length > LogBytesMax) return false;
            LogLength += chunk.Length;
            _chunks.Add((log.StepId, log.Seq!.Value), KeepsLog ? chunk : []);
            MasksTold.AddRange(log.MaskValues ?? []);
        }
        else if (name == "status")
        {
            var status = JsonSerializer.Deserialize(body, ProtocolJson.Default.StatusRequest)!;
            var result = status.Conclusion ?? status.Status!;
            if (step is { } id)
            {
                _steps[id] = result;
                _annotations.AddRange(status.Annotations ?? []);
                if (status.Summary is { } summary) _summaries[id] = summary;
            }
            else if (StatusNames.IsTerminal(status.Status!))
            {
                (Outputs, TaintedOutputs) = (status.Outputs ?? Outputs, status.TaintedOutputs ?? []);
                (Images, Notes) = (status.Images ?? [], status.Notes ?? []);
                _ended.SetResult(result);
            }
        }

        return true;
    }
}
