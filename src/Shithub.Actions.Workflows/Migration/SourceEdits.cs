using System.Text;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>
/// Changes to a text, each within one line or between two: whatever is not named in one stays as it is, to the byte. Lines end with a line
/// feed, with or without a carriage return before it.
/// </summary>
internal sealed class SourceEdits
{
    private readonly List<int> _lineStarts = [0];
    private readonly List<Edit> _edits = [];

    public SourceEdits(string source)
    {
        Source = source;
        for (var i = source.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = source.IndexOf('\n', i + 1))
            _lineStarts.Add(i + 1);
    }

    public string Source { get; }

    /// <summary>In the order of their places; of those at one place, as they came.</summary>
    public IEnumerable<Edit> InOrder => _edits.OrderBy(edit => edit.Start);

    /// <summary>1-based.</summary>
    public int LineOf(int index)
    {
        var found = _lineStarts.BinarySearch(index);
        return found >= 0 ? found + 1 : ~found;
    }

    public int LineCount => _lineStarts.Count;

    public int StartOf(int line) => _lineStarts[line - 1];

    /// <summary>The line without its break.</summary>
    public string Line(int line) => Source[StartOf(line)..EndOf(line)];

    /// <summary>Where the line's break starts, or the file ends.</summary>
    public int EndOf(int line)
    {
        var end = line < _lineStarts.Count ? _lineStarts[line] - 1 : Source.Length;
        return line < _lineStarts.Count && end > StartOf(line) && Source[end - 1] == '\r' ? end - 1 : end;
    }

    /// <summary>As the file has it at this line, or before it where it is the last.</summary>
    public string BreakAt(int line)
    {
        var next = line < _lineStarts.Count ? _lineStarts[line] : StartOf(line);
        return next >= 2 && Source[next - 2] == '\r' ? "\r\n" : "\n";
    }

    public void Replace(int start, int length, string text) => _edits.Add(new Edit(start, length, text));

    /// <summary>Whether something at this place is to be changed already: an alias leads to the same place again.</summary>
    public bool Touches(int start) => _edits.Any(edit => edit.Start <= start && start < edit.Start + Math.Max(1, edit.Length));

    public string Apply()
    {
        var text = new StringBuilder(Source.Length + 256);
        var at = 0;
        foreach (var edit in InOrder)
        {
            text.Append(Source, at, edit.Start - at).Append(edit.Text);
            at = edit.Start + edit.Length;
        }

        return text.Append(Source, at, Source.Length - at).ToString();
    }

    /// <summary>The line of the result in which the source's character stands.</summary>
    public int ResultLine(int index) =>
        LineOf(index) + _edits.Where(edit => edit.Start <= index).Sum(edit => edit.Text.AsSpan().Count('\n'));

    /// <summary>The line of the source that a line of the result comes from; for a new line, the one above it.</summary>
    public int SourceLine(int resultLine)
    {
        var line = 1;
        while (line < LineCount && ResultLine(StartOf(line + 1)) <= resultLine)
            line++;
        return line;
    }

    public readonly record struct Edit(int Start, int Length, string Text);
}
