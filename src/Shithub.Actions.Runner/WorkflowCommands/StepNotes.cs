using System.Globalization;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;

namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>
/// What a step, with the steps of an action that it uses, leaves for people beside its log: annotations and a summary. What is over the
/// limits is left out and never fails a step ('Workflow commands', 'Job summary limits').
/// </summary>
internal sealed class StepNotes
{
    private readonly List<StepAnnotation> _annotations = [];
    private readonly StringBuilder _summary = new();
    private int _summaryBytes;

    /// <summary>As they were said; nothing is hidden in them yet.</summary>
    public IReadOnlyList<StepAnnotation> Annotations => _annotations;

    /// <summary>Takes <c>::notice::</c>, <c>::warning::</c> and <c>::error::</c>.</summary>
    /// <returns>False where the step has as many of the kind as it may have.</returns>
    public bool Add(WorkflowCommand command)
    {
        if (string.IsNullOrWhiteSpace(command.Data)) return true;
        return Add(new StepAnnotation(
            command.Name,
            command.Data,
            command.Properties.GetValueOrDefault("title"),
            command.Properties.GetValueOrDefault("file"),
            Number("line"),
            Number("endLine"),
            Number("col"),
            Number("endColumn")));

        int? Number(string name) =>
            int.TryParse(command.Properties.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? number : null;
    }

    public bool Add(StepAnnotation annotation)
    {
        if (_annotations.Count(known => known.Level == annotation.Level) >= ProtocolLimits.AnnotationsPerLevel) return false;
        _annotations.Add(annotation);
        return true;
    }

    /// <summary>Adds what a script wrote to its <c>GITHUB_STEP_SUMMARY</c>.</summary>
    /// <returns>False where the step's summaries are too much together: then this one is left out.</returns>
    public bool AddSummary(string markdown)
    {
        var bytes = Encoding.UTF8.GetByteCount(markdown) + 1;
        if (string.IsNullOrWhiteSpace(markdown)) return true;
        if (_summaryBytes + bytes > ProtocolLimits.SummaryBytes) return false;
        _summaryBytes += bytes;
        if (_summary.Length > 0) _summary.Append('\n');
        _summary.Append(markdown);
        return true;
    }

    /// <summary>What is told of it: masked as a log, and within the limits of the protocol.</summary>
    public (IReadOnlyList<StepAnnotation> Annotations, string? Summary) Shown(JobMasks masks)
    {
        var annotations = _annotations.Select(annotation => annotation with
        {
            Message = Cut(masks.Hide(annotation.Message!), ProtocolLimits.AnnotationMessageBytes),
            Title = annotation.Title is null ? null : Cut(masks.Hide(annotation.Title), ProtocolLimits.AnnotationTitleLength),
            File = annotation.File is null ? null : Cut(masks.Hide(annotation.File), ProtocolLimits.AnnotationFileLength),
        });
        return ([.. annotations], _summary.Length == 0 ? null : Cut(masks.Hide(_summary.ToString()), ProtocolLimits.SummaryBytes));
    }

    /// <summary>The first bytes of a text, whole characters only, without what no database can hold.</summary>
    private static string Cut(string text, int bytes)
    {
        text = text.Replace("\0", "", StringComparison.Ordinal);
        if (Encoding.UTF8.GetByteCount(text) <= bytes) return text;
        var buffer = new byte[bytes];
        Encoding.UTF8.GetEncoder().Convert(text, buffer, flush: false, out _, out var used, out _);
        return Encoding.UTF8.GetString(buffer, 0, used);
    }
}
