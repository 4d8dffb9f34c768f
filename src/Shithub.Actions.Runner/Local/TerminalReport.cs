using System.Buffers;
using System.Globalization;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// Prints a job: every line of its logs behind the names of job and step, and a line when the job has ended. Several jobs may print to
/// one writer; their lines mix, but each is whole.
/// </summary>
internal sealed class TerminalReport(ClaimedJob job, TextWriter output) : IJobReport
{
    private readonly Lock _gate = new();

    /// <summary>What each log has written since its last line end.</summary>
    private readonly Dictionary<long, (Decoder Decoder, StringBuilder Line)> _logs = [];

    /// <summary>What each step has come to, by its id.</summary>
    private readonly Dictionary<long, string> _steps = [];

    /// <summary>The job's, once it has ended.</summary>
    public JobOutputs Outputs { get; private set; } = JobOutputs.None;

    /// <summary>The job's, once it has ended; null if it was given up.</summary>
    public string? Conclusion { get; private set; }

    /// <summary>Null for a step that has not ended.</summary>
    public string? ConclusionOf(long stepId)
    {
        lock (_gate) return _steps.GetValueOrDefault(stepId);
    }

    public Task ReportStepAsync(
        long stepId, string status, string? conclusion, IReadOnlyList<StepAnnotation>? annotations = null, string? summary = null)
    {
        lock (_gate)
        {
            EndLine(stepId);
            foreach (var annotation in annotations ?? []) Print(stepId, Describe(annotation));
            foreach (var line in (summary ?? "").TrimEnd().Split('\n').Where(_ => summary is not null)) Print(stepId, $"summary: {line.TrimEnd('\r')}");
            if (conclusion is not null) _steps[stepId] = conclusion;
            if (conclusion is not (null or ConclusionNames.Success)) Print(stepId, $"({conclusion})");
        }

        return Task.CompletedTask;
    }

    /// <remarks>What the notes say is in the job's log, which is printed here.</remarks>
    public Task ReportJobAsync(
        string status, string conclusion, JobOutputs outputs, IReadOnlyList<JobImage> images, IReadOnlyList<StepAnnotation> notes)
    {
        lock (_gate)
        {
            foreach (var log in _logs.Keys) EndLine(log);
            (Outputs, Conclusion) = (outputs, conclusion);
            Write($"{job.JobName}: {conclusion}");
        }

        return Task.CompletedTask;
    }

    public Task<bool> AppendLogAsync(long? stepId, int seq, ReadOnlySequence<byte> chunk, JobMasks masks)
    {
        // Ids are from 1.
        var id = stepId ?? 0;
        lock (_gate)
        {
            if (!_logs.TryGetValue(id, out var log)) _logs[id] = log = (Encoding.UTF8.GetDecoder(), new StringBuilder());
            foreach (var part in chunk)
            {
                var text = new char[Encoding.UTF8.GetMaxCharCount(part.Length)];
                foreach (var c in text.AsSpan(0, log.Decoder.GetChars(part.Span, text, flush: false)))
                {
                    if (c == '\n') EndLine(id, always: true);
                    else log.Line.Append(c);
                }
            }
        }

        return Task.FromResult(true);
    }

    /// <summary>As compilers write: the place, what it is, what is wrong.</summary>
    private static string Describe(StepAnnotation annotation)
    {
        var place = annotation.File is null ? "" : string.Create(
            CultureInfo.InvariantCulture, $"{annotation.File}{(annotation.Line is { } line ? $":{line}" : "")}{(annotation.Col is { } col ? $":{col}" : "")}: ");
        var title = annotation.Title is null ? "" : $"{annotation.Title}: ";
        return $"[{annotation.Level}] {place}{title}{annotation.Message}".Replace("\n", " ", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
    }

    private void EndLine(long id, bool always = false)
    {
        if (!_logs.TryGetValue(id, out var log) || (log.Line.Length == 0 && !always)) return;
        Print(id, log.Line.ToString().TrimEnd('\r'));
        log.Line.Clear();
    }

    private void Print(long id, string line) =>
        Write(job.Steps.FirstOrDefault(step => step.Id == id) is { } step ? $"{job.JobName} / {step.Name} | {line}" : $"{job.JobName} | {line}");

    private void Write(string line)
    {
        lock (output) output.WriteLine(line);
    }
}
