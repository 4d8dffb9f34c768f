using System.Text;
using FsCheck.Fluent;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Files of the wild with something changed in them: what an editor, a merge or a slip of the hand makes of a file.</summary>
public class MutatedCorpusTests
{
    private static readonly string[] Pieces =
    [
        "if", "${{ ", " }}", "[", "]", "{", "}", "&a ", "*a", "!", "'", "\"", ":", "- ", "|", ">", "#", "\t", "needs", "matrix", "include", "null", "~",
        "secrets.X", "github.event", "fromJSON(", ")", "0", "-1", "1e99", "true", "actions/cache@v4", "./x", "\u00a0", "é", "%", "@", "`", "<<: *a",
    ];

    [Fact]
    public void Whatever_becomes_of_a_file_it_is_read_to_a_workflow_or_to_errors_with_places()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Corpus");
        var files = Directory.GetFiles(folder, "*.yml", SearchOption.AllDirectories).Select(file => File.ReadAllLines(file).ToList()).ToList();
        var changes = Gen.Choose(0, int.MaxValue - 1).ArrayOf(4).Select(numbers => new Change(numbers[0], numbers[1], numbers[2], numbers[3]));
        var inputs = Gen.Zip(Gen.Choose(0, files.Count - 1), changes.ArrayOf()).Select(input => (File: input.Item1, Changes: input.Item2.Take(6).ToArray()));
        FuzzProperty.Hold(
            inputs,
            input => FuzzProperty.WithoutOne(input.Changes).Select(fewer => input with { Changes = fewer }),
            input =>
            {
                var lines = new List<string>(files[input.File]);
                foreach (var change in input.Changes)
                    Mutate(lines, files[change.Other % files.Count], change);
                Check(string.Join('\n', lines));
            });
    }

    /// <param name="Kind">Of the change, as the others a number that is taken modulo what there is to choose from.</param>
    private sealed record Change(int Kind, int At, int What, int Other);

    private static void Check(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var result = WorkflowReader.Parse("w", bytes);
        Assert.Equal(result.Workflow is null, result.HasErrors);
        var lines = text.Split('\n');
        Assert.All(result.Diagnostics, diagnostic =>
        {
            Assert.InRange(diagnostic.Line, 1, lines.Length + 1);
            Assert.True(diagnostic.Column >= 1, diagnostic.ToString());
            Assert.False(diagnostic.Message.EndsWith('.') || diagnostic.Message.Contains('\n', StringComparison.Ordinal), diagnostic.ToString());
        });
        if (result.Workflow is { } workflow)
            Assert.Equal(WorkflowJson.Write(workflow), WorkflowJson.Write(WorkflowReader.Parse("w", bytes).Workflow!));
        CompositeActionReader.Parse("action.yml", bytes);
    }

    private static void Mutate(List<string> lines, List<string> other, Change change)
    {
        if (lines.Count == 0)
            return;
        var at = change.At % lines.Count;
        var line = lines[at];
        switch (change.Kind % 8)
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(at, line);
                break;
            case 2:
                lines[at] = " " + line;
                break;
            case 3:
                lines[at] = line.StartsWith("  ", StringComparison.Ordinal) ? line[2..] : line;
                break;
            case 4:
                lines[at] = line.Insert(change.Other % (line.Length + 1), Pieces[change.What % Pieces.Length]);
                break;
            case 5 when line.Length > 0:
                lines[at] = line.Remove(change.What % line.Length, 1);
                break;
            case 6:
                lines.Insert(at, other[change.What % other.Count]);
                break;
            default:
                (lines[at], lines[change.What % lines.Count]) = (lines[change.What % lines.Count], line);
                break;
        }
    }
}
