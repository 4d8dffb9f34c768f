using System.Globalization;
using System.Text;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Writes <see cref="SourceEdits"/> as <c>diff -u</c> and <c>git apply</c> know them, with three lines of context.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    public static string Write(string oldName, string newName, SourceEdits edits)
    {
        var changes = Changes(edits);
        if (changes.Count == 0)
            return "";
        var diff = new StringBuilder($"--- {oldName}\n+++ {newName}\n");
        var before = Lines(edits.Source);
        var shift = 0;
        for (var first = 0; first < changes.Count;)
        {
            var last = first;
            while (last + 1 < changes.Count && changes[last + 1].First - changes[last].End <= 2 * Context)
                last++;
            shift += WriteHunk(diff, before, changes.GetRange(first, last - first + 1), shift);
            first = last + 1;
        }

        return diff.ToString();
    }

    private static int WriteHunk(StringBuilder diff, List<string> before, List<Change> changes, int shift)
    {
        var from = Math.Max(0, changes[0].First - Context);
        var to = Math.Min(before.Count, changes[^1].End + Context);
        var added = changes.Sum(change => change.After.Count) - changes.Sum(change => change.End - change.First);
        diff.Append(CultureInfo.InvariantCulture, $"@@ -{Range(from, to - from)} +{Range(from + shift, to - from + added)} @@\n");
        var at = from;
        foreach (var change in changes)
        {
            Append(diff, ' ', before[at..change.First]);
            Append(diff, '-', before[change.First..change.End]);
            Append(diff, '+', change.After);
            at = change.End;
        }

        Append(diff, ' ', before[at..to]);
        return added;
    }

    // Of no lines, the one before is named.
    private static string Range(int first, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{(count == 0 ? first : first + 1)},{count}");

    private static void Append(StringBuilder diff, char mark, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            diff.Append(mark).Append(line);
            if (!line.EndsWith('\n'))
                diff.Append("\n\\ No newline at end of file\n");
        }
    }

    /// <summary>The lines that edits touch, each run of them as one, with what they become.</summary>
    private static List<Change> Changes(SourceEdits edits)
    {
        var changes = new List<Change>();
        foreach (var group in Groups(edits))
        {
            var (first, end) = (edits.LineOf(group[0].Start) - 1, edits.LineOf(group[^1].Start + group[^1].Length));
            var (start, stop) = (edits.StartOf(first + 1), end < edits.LineCount ? edits.StartOf(end + 1) : edits.Source.Length);
            var text = new StringBuilder();
            var at = start;
            foreach (var edit in group)
            {
                text.Append(edits.Source, at, edit.Start - at).Append(edit.Text);
                at = edit.Start + edit.Length;
            }

            var before = Lines(edits.Source[start..stop]);
            var after = Lines(text.Append(edits.Source, at, stop - at).ToString());
            // An inserted line touches the one that it stands before, which stays as it is.
            while (before.Count > 0 && after.Count > 0 && before[^1] == after[^1])
            {
                before.RemoveAt(before.Count - 1);
                after.RemoveAt(after.Count - 1);
            }

            if (changes.Count > 0 && changes[^1].End == first)
                changes[^1] = new Change(changes[^1].First, first + before.Count, [.. changes[^1].After, .. after]);
            else
                changes.Add(new Change(first, first + before.Count, after));
        }

        return changes;
    }

    private static List<List<SourceEdits.Edit>> Groups(SourceEdits edits)
    {
        var groups = new List<List<SourceEdits.Edit>>();
        var lastLine = -1;
        foreach (var edit in edits.InOrder)
        {
            if (groups.Count == 0 || edits.LineOf(edit.Start) > lastLine)
                groups.Add([]);
            groups[^1].Add(edit);
            lastLine = edits.LineOf(edit.Start + edit.Length);
        }

        return groups;
    }

    private static List<string> Lines(string text)
    {
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            lines.Add(end < 0 ? text[at..] : text[at..(end + 1)]);
            at = end < 0 ? text.Length : end + 1;
        }

        return lines;
    }

    /// <param name="First">0-based.</param>
    /// <param name="End">Exclusive.</param>
    private sealed record Change(int First, int End, List<string> After);
}
