using System.Buffers;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>
/// Where the state and the logs of one attempt go: to the server that handed the job out, or to the terminal of whoever runs a workflow
/// here. Calls may overlap. Cancelling goes the other way: through the attempt's <see cref="Leases.AttemptLifetime"/>.
/// </summary>
/// <remarks>Every call throws <see cref="OperationCanceledException"/> once nobody takes what is said of the attempt.</remarks>
internal interface IJobReport
{
    /// <param name="conclusion">With a terminal status.</param>
    /// <param name="annotations">With a terminal status; masked already, as the summary.</param>
    Task ReportStepAsync(
        long stepId, string status, string? conclusion, IReadOnlyList<StepAnnotation>? annotations = null, string? summary = null);

    /// <summary>The job's end: nothing is reported after it.</summary>
    /// <param name="images">What its containers ran.</param>
    /// <param name="notes">What this runner has to say about the job; masked already.</param>
    Task ReportJobAsync(
        string status, string conclusion, JobOutputs outputs, IReadOnlyList<JobImage> images, IReadOnlyList<StepAnnotation> notes);

    /// <param name="stepId">Absent for the log of the job itself.</param>
    /// <param name="seq">Number of the chunk within its log, from 0.</param>
    /// <param name="chunk">Scrubbed already. Not looked at any more once the call has ended.</param>
    /// <param name="masks">What it was scrubbed of: those that steps added are told, so that nobody stores them.</param>
    /// <returns>False if no more log of this job is taken; the attempt goes on.</returns>
    Task<bool> AppendLogAsync(long? stepId, int seq, ReadOnlySequence<byte> chunk, JobMasks masks);
}
