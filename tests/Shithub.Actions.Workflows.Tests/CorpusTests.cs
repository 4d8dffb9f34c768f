namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// Files as repositories of many languages have them. Beside each, in <c>.expected</c>, stands all that is said about it: what they
/// use of GitHub's marketplace and nothing else.
/// </summary>
public class CorpusTests
{
    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Corpus");

    public static TheoryData<string> Workflows => [.. Directory.GetFiles(Folder, "*.yml").Select(file => Path.GetFileName(file)).Order()];

    public static TheoryData<string> Actions =>
        [.. Directory.GetFiles(Path.Combine(Folder, "actions"), "*.yml").Select(file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void A_workflow_of_the_wild_is_read(string file)
    {
        var result = WorkflowReader.Parse(file, File.ReadAllBytes(Path.Combine(Folder, file)));
        Compare(Path.Combine(Folder, file), result.Diagnostics);
        if (result.Workflow is not null)
            Assert.NotEmpty(WorkflowJson.Write(result.Workflow));
    }

    [Theory]
    [MemberData(nameof(Actions))]
    public void An_action_of_the_wild_is_read(string file)
    {
        var path = Path.Combine(Folder, "actions", file);
        Compare(path, CompositeActionReader.Parse(file, File.ReadAllBytes(path)).Diagnostics);
    }

    /// <summary>What would be left of a file if the marketplace's actions were taken out of it has no errors.</summary>
    [Theory]
    [MemberData(nameof(Workflows))]
    public void Nothing_but_actions_is_wrong_with_it(string file)
    {
        var result = WorkflowReader.Parse(file, File.ReadAllBytes(Path.Combine(Folder, file)));
        Assert.All(
            result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error),
            diagnostic => Assert.Equal(DiagnosticCodes.UnsupportedAction, diagnostic.Code));
    }

    private static void Compare(string path, IReadOnlyList<Diagnostic> diagnostics)
    {
        var expected = Path.ChangeExtension(path, ".expected");
        Assert.Equal(
            File.Exists(expected) ? File.ReadAllText(expected) : "", string.Concat(diagnostics.Select(diagnostic => diagnostic + "\n")));
    }
}
