using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Shithub.Actions.Workflows.Tests.Conformance;

/// <summary>A sentence of GitHub's documentation, a file that puts it to the test, and what becomes of the file.</summary>
internal static class Sentence
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A job to end a file with that is about something else.</summary>
    public const string Job = "\njobs: {a: {runs-on: x, steps: [{run: x}]}}";

    /// <param name="json">What the canonical JSON has, without spaces and quotes.</param>
    public static TheoryDataRow<string, string, bool> Means(string sentence, string yaml, string json) =>
        new(yaml, json, true) { TestDisplayName = sentence };

    /// <param name="error">The first error, from its place on.</param>
    public static TheoryDataRow<string, string, bool> Refuses(string sentence, string yaml, string error) =>
        new(yaml, error, false) { TestDisplayName = sentence };

    public static void Hold(string yaml, string expected, bool isValid)
    {
        var result = WorkflowReader.Parse("w", Encoding.UTF8.GetBytes(yaml));
        if (!isValid)
        {
            Assert.Equal(expected, result.Diagnostics.First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToString()[2..]);
            return;
        }

        Assert.True(result.Workflow is not null, string.Join('\n', result.Diagnostics));
        using var json = JsonDocument.Parse(WorkflowJson.Write(result.Workflow));
        Assert.Contains(expected, JsonSerializer.Serialize(json.RootElement, Readable).Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
