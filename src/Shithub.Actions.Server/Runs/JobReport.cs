using System.Text.Json;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Runs;

/// <summary>What a runner reported of a job beside its steps, as it is stored.</summary>
internal static class JobReport
{
    public static IReadOnlyList<JobImage> Images(JobRow job) =>
        job.Images is null ? [] : JsonSerializer.Deserialize(job.Images, ProtocolJson.Default.IReadOnlyListJobImage)!;

    public static IReadOnlyList<StepAnnotation> Notes(JobRow job) =>
        job.Notes is null ? [] : JsonSerializer.Deserialize(job.Notes, ProtocolJson.Default.IReadOnlyListStepAnnotation)!;
}
