using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;

namespace Shithub.Actions.Runner.Network;

/// <summary>What the network refused, for the job's page: one note with what it was, one with what would allow it.</summary>
internal static class BlockedNotes
{
    private const string More = "… The job's log has all of it.";

    /// <param name="lines">As <see cref="JobNetwork.Lines"/> made them for the log.</param>
    public static IReadOnlyList<StepAnnotation> Of(IReadOnlyList<string> lines, JobMasks masks)
    {
        if (lines.Count == 0) return [];
        var blocked = lines.Where(line => line.StartsWith(JobNetwork.Blocked, StringComparison.Ordinal)).ToList();
        return
        [
            new StepAnnotation(AnnotationLevels.Notice, Join(blocked, masks), "Refused by the network's fence"),
            new StepAnnotation(AnnotationLevels.Notice, Join(lines.Except(blocked), masks), "What would allow it"),
        ];
    }

    private static string Join(IEnumerable<string> lines, JobMasks masks)
    {
        var text = new StringBuilder();
        var bytes = 0;
        foreach (var line in lines.Select(masks.Hide))
        {
            bytes += Encoding.UTF8.GetByteCount(line) + 1;
            if (bytes > ProtocolLimits.AnnotationMessageBytes - Encoding.UTF8.GetByteCount(More)) return text.Append(More).ToString();
            text.Append(line).Append('\n');
        }

        return text.ToString().TrimEnd();
    }
}
