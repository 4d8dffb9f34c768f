using System.Text;

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
        var random = FuzzBudget.Start(out var seed, out var budget);
        while (budget.HasTime)
        {
            var lines = new List<string>(files[random.Next(files.Count)]);
            for (var i = random.Next(1, 4); i > 0; i--)
                Mutate(lines, files[random.Next(files.Count)], random);
            var text = string.Join('\n', lines);
            try
            {
                Check(text);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, file:\n{text}", exception);
            }
        }
    }

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

    private static void Mutate(List<string> lines, List<string> other, Random random)
    {
        if (lines.Count == 0)
            return;
        var at = random.Next(lines.Count);
        var line = lines[at];
        switch (random.Next(8))
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
                lines[at] = line.Insert(random.Next(line.Length + 1), Pieces[random.Next(Pieces.Length)]);
                break;
            case 5 when line.Length > 0:
                lines[at] = line.Remove(random.Next(line.Length), 1);
                break;
            case 6:
                lines.Insert(at, other[random.Next(other.Count)]);
                break;
            default:
                (lines[at], lines[random.Next(lines.Count)]) = (lines[random.Next(lines.Count)], line);
                break;
        }
    }
}
