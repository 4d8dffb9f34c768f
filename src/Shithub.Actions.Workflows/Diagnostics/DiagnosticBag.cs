using System.Globalization;

namespace Shithub.Actions.Workflows;

/// <summary>Collects the diagnostics of one file, at most <see cref="WorkflowLimits.MaxDiagnostics"/>.</summary>
public sealed class DiagnosticBag(string file)
{
    private readonly List<Diagnostic> _diagnostics = [];

    public bool HasErrors { get; private set; }

    internal int Count => _diagnostics.Count;

    /// <summary>Nothing more is kept, so there is no need to find out more.</summary>
    internal bool IsFull => _diagnostics.Count > WorkflowLimits.MaxDiagnostics;

    public IReadOnlyList<Diagnostic> ToList() => [.. _diagnostics];

    internal void Error(string code, SourcePosition at, DocumentPath path, string message, string? suggestion = null)
    {
        HasErrors = true;
        Add(DiagnosticSeverity.Error, code, at, path.ToString(), message, suggestion);
    }

    /// <summary>An error whose place takes time to find, which a full bag saves.</summary>
    internal void Error(
        string code, SourcePosition nearby, Func<SourcePosition> locate, DocumentPath path, string message, string? suggestion = null)
    {
        var isFull = _diagnostics.Count >= WorkflowLimits.MaxDiagnostics;
        Error(code, isFull ? nearby : locate(), path, message, suggestion);
    }

    internal void Warning(string code, SourcePosition at, DocumentPath path, string message, string? suggestion = null) =>
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
