using System.Buffers;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Tests;

/// <summary>A report that keeps what is logged, for tests of what writes a log and reports nothing else.</summary>
internal sealed class LogInMemory : IJobReport
{
    private readonly List<byte> _log = [];

    public string Text
    {
        get
        {
            lock (_log) return Encoding.UTF8.GetString([.. _log]);
        }
    }

    public Task ReportStepAsync(
        long stepId, string status, string? conclusion, IReadOnlyList<StepAnnotation>? annotations = null, string? summary = null) =>
        Task.CompletedTask;

    public Task ReportJobAsync(
        string status, string conclusion, JobOutputs outputs, IReadOnlyList<JobImage> images, IReadOnlyList<StepAnnotation> notes) => Task.CompletedTask;

    public Task<bool> AppendLogAsync(long? stepId, int seq, ReadOnlySequence<byte> chunk, JobMasks masks)
    {
        lock (_log) _log.AddRange(chunk.ToArray());
        return Task.FromResult(true);
    }
}
