namespace Shithub.Actions.Workflows;

/// <summary>An expression of a template failed while it was evaluated. The message is for the workflow's author.</summary>
public sealed class TemplateException : Exception
{
    private readonly Template _template;
    private readonly int _offset;
    private readonly string? _suggestion;

    internal TemplateException(string code, string message, Template template, int offset, string? suggestion = null)
        : base(message) =>
        (Code, _template, _offset, _suggestion) = (code, template, offset, suggestion);

    /// <summary>One of <see cref="DiagnosticCodes"/>.</summary>
    public string Code { get; }

    /// <summary>The text of the expression that failed, without <c>${{ }}</c>; empty if none is to blame.</summary>
    public string Expression =>
        _template.Parts.LastOrDefault(part => part.Expression is not null && part.Offset <= _offset).Text?.Trim() ?? "";

    /// <summary>Adds the failure, with its place in the file.</summary>
    public void Report(DiagnosticBag diagnostics) => _template.Error(diagnostics, Code, _offset, Message, _suggestion);
}
