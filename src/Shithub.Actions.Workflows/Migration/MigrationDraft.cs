using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>A file while it is migrated: its changes so far, and what there is to say.</summary>
/// <param name="keepSteps">No step becomes another one.</param>
internal sealed class MigrationDraft(SourceEdits edits, bool keepSteps)
{
    private readonly List<(MigrationKind Kind, string Code, int Index, string Message, string? Advice, string? Subject)> _remarks = [];

    public SourceEdits Edits { get; } = edits;

    public bool KeepsSteps { get; } = keepSteps;

    /// <summary>Calls, whose paths have been dealt with.</summary>
    public HashSet<YamlNode> Calls { get; } = new(ReferenceEqualityComparer.Instance);

    public void Changed(string code, int index, string message, string? advice = null) =>
        _remarks.Add((MigrationKind.Changed, code, index, message, advice, null));

    public void ByHand(string code, int index, string message, string? advice = null) =>
        _remarks.Add((MigrationKind.ByHand, code, index, message, advice, null));

    public void Note(string code, int index, string message, string? advice = null) =>
        _remarks.Add((MigrationKind.Note, code, index, message, advice, null));

    /// <summary>Said once a file for each subject.</summary>
    public void Needed(string code, int index, string subject, string message, string? advice = null)
    {
        if (!_remarks.Any(remark => remark.Kind == MigrationKind.Needed && remark.Code == code && remark.Subject == subject))
            _remarks.Add((MigrationKind.Needed, code, index, message, advice, subject));
    }

    /// <summary>
    /// Changes a part of a scalar's text where the file has it as it is read: not where it is escaped, folded, or elsewhere by an alias's
    /// anchor and changed already.
    /// </summary>
    /// <returns>Whether this changed something.</returns>
    public bool Replace(YamlScalar scalar, string part, string by)
    {
        var at = scalar.Source.IndexOf(part, scalar.SourceIndex, scalar.SourceEnd - scalar.SourceIndex, StringComparison.Ordinal);
        if (at < 0 || Edits.Touches(at))
            return false;
        Edits.Replace(at, part.Length, by);
        return true;
    }

    public List<MigrationFinding> Findings() =>
        [.. _remarks.Select(remark => new MigrationFinding(
            remark.Kind, remark.Code, Edits.ResultLine(remark.Index), Edits.LineOf(remark.Index), remark.Message, remark.Advice, remark.Subject))];
}
