using System.Globalization;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>Collects the diagnostics of one file, at most <see cref="WorkflowLimits.MaxDiagnostics"/>.</summary>
internal sealed class DiagnosticBag(string file)
{
    private readonly List<Diagnostic> _diagnostics = [];

    public bool HasErrors { get; private set; }

    public IReadOnlyList<Diagnostic> ToList() => [.. _diagnostics];

    public void Error(string code, SourcePosition at, DocumentPath path, string message, string? suggestion = null)
    {
        HasErrors = true;
        Add(DiagnosticSeverity.Error, code, at, path.ToString(), message, suggestion);
    }

    /// <summary>An error at an offset of a scalar's text. Finding the place takes time, which a full bag saves.</summary>
    public void Error(
        string code, YamlScalar scalar, int offset, DocumentPath path, string message, string? suggestion = null)
    {
        var isFull = _diagnostics.Count >= WorkflowLimits.MaxDiagnostics;
        Error(code, isFull ? scalar.Position : scalar.Locate(offset), path, message, suggestion);
    }

    public void Warning(string code, SourcePosition at, DocumentPath path, string message, string? suggestion = null) =>
        Add(DiagnosticSeverity.Warning, code, at, path.ToString(), message, suggestion);

    private void Add(
        DiagnosticSeverity severity, string code, SourcePosition at, string path, string message, string? suggestion)
    {
        if (_diagnostics.Count > WorkflowLimits.MaxDiagnostics)
            return;
        if (_diagnostics.Count == WorkflowLimits.MaxDiagnostics)
        {
            severity = DiagnosticSeverity.Error;
            HasErrors = true;
            code = DiagnosticCodes.Limit;
            var limit = WorkflowLimits.MaxDiagnostics.ToString(CultureInfo.InvariantCulture);
            message = $"more than {limit} problems in this file; the rest is not shown";
            suggestion = null;
        }

        _diagnostics.Add(new Diagnostic(severity, code, message, file, at.Line, at.Column, path, suggestion));
    }
}
