namespace Shithub.Actions.Workflows;

/// <summary>How bad a <see cref="Diagnostic"/> is: a warning lets the workflow run, an error does not.</summary>
public enum DiagnosticSeverity
{
    Warning,
    Error,
}

/// <summary>Something a workflow's author should know, and where it is.</summary>
/// <param name="Code">A stable name from <see cref="DiagnosticCodes"/>.</param>
/// <param name="Message">What is wrong, for a person. It never ends with a full stop.</param>
/// <param name="Line">1-based; 1 where the file as a whole is meant.</param>
/// <param name="Column">1-based, in UTF-16 units as editors count them.</param>
/// <param name="DocumentPath">Where in the document, such as <c>jobs.green.steps[1].run</c>; empty for the file as a whole.</param>
/// <param name="Suggestion">What to write instead, if there is something to say.</param>
public sealed record Diagnostic(
    DiagnosticSeverity Severity,
    string Code,
    string Message,
    string File,
    int Line,
    int Column,
    string DocumentPath,
    string? Suggestion)
{
    /// <summary>The form editors and terminals know: <c>file:line:column: error: message; suggestion</c>.</summary>
    public override string ToString()
    {
        var severity = Severity == DiagnosticSeverity.Error ? "error" : "warning";
        return $"{File}:{Line}:{Column}: {severity}: {Message}{(Suggestion is null ? "" : "; " + Suggestion)}";
    }
}
