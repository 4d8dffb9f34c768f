using System.Globalization;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>Says to an author why a text of their file can't be used.</summary>
internal static class ExecutionProblem
{
    /// <summary>The first error; null if there is none.</summary>
    public static string? First(DiagnosticBag diagnostics) =>
        diagnostics.ToList().FirstOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error) is { } error
            ? Describe(error, "")
            : null;

    public static string Of(TemplateException exception)
    {
        var diagnostics = new DiagnosticBag("");
        exception.Report(diagnostics);
        return Describe(diagnostics.ToList()[0], exception.Expression);
    }

    /// <summary>Of a value that was evaluated and can't be what it is to be.</summary>
    public static string Of(Template template, string message) => string.Create(
        CultureInfo.InvariantCulture,
        $"{template.Path}, line {template.Position.Line}: {message} ('{YamlReader.Show(template.Source.Trim())}')");

    private static string Describe(Diagnostic diagnostic, string expression)
    {
        var suggestion = diagnostic.Suggestion is null ? "" : "; " + diagnostic.Suggestion;
        var shown = YamlReader.Show(expression);
        var where = shown.Length == 0 || diagnostic.Message.Contains(shown, StringComparison.Ordinal) ? "" : $" ('${{{{ {shown} }}}}')";
        return string.Create(
            CultureInfo.InvariantCulture, $"{diagnostic.DocumentPath}, line {diagnostic.Line}: {diagnostic.Message}{where}{suggestion}");
    }
}
