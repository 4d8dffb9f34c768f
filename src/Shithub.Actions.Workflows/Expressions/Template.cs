using System.Text;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>A piece of a <see cref="Template"/>: text as it stands, or an expression.</summary>
/// <param name="Offset">Where in the scalar the text or the expression (after <c>${{</c>) starts.</param>
internal readonly record struct TemplatePart(string Text, ExpressionNode? Expression, int Offset);

/// <summary>A scalar of a workflow with its <c>${{ }}</c> parsed.</summary>
public sealed class Template
{
    private readonly YamlScalar _scalar;

    private Template(YamlScalar scalar, string source, IReadOnlyList<TemplatePart> parts, DocumentPath path) =>
        (_scalar, Source, Parts, Path) = (scalar, source, parts, path);

    /// <summary>The text as the file has it, expressions included.</summary>
    public string Source { get; }

    /// <summary>Where it stands in the file.</summary>
    public SourcePosition Position => _scalar.Position;

    /// <summary>False for text without any expression.</summary>
    public bool HasExpressions => Parts.Any(part => part.Expression is not null);

    internal IReadOnlyList<TemplatePart> Parts { get; }

    internal DocumentPath Path { get; }

    /// <summary>Reports an error at an offset of <see cref="Source"/>.</summary>
    internal void Error(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        diagnostics.Error(code, _scalar, offset, Path, message, suggestion);

    /// <summary>Parses the expressions in <paramref name="source"/>; what is wrong with one is reported, and it counts as text.</summary>
    /// <param name="source">The scalar's text, or what YAML reads in it (<c>3.10</c> is 3.1).</param>
    internal static Template Parse(
        YamlScalar scalar, string source, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        var parts = new List<TemplatePart>();
        var at = 0;
        while (true)
        {
            var open = source.IndexOf("${{", at, StringComparison.Ordinal);
            if (open < 0)
                break;
            if (open > at)
                parts.Add(new TemplatePart(source[at..open], null, at));
            var start = open + 3;
            var end = FindEnd(source, start);
            if (end < 0)
            {
                diagnostics.Error(
                    DiagnosticCodes.Expression, scalar, open, path, "'${{' has no '}}' after it",
                    "a literal '${{' is written ${{ '${{' }}");
                at = source.Length;
                break;
            }

            parts.Add(ParseExpression(scalar, source[start..end], start, path, scope, diagnostics));
            at = end + 2;
        }

        if (at < source.Length || parts.Count == 0)
            parts.Add(new TemplatePart(source[at..], null, at));
        return new Template(scalar, source, parts, path);
    }

    /// <summary>The value: of the expression where the template is nothing else, of the joined text otherwise.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    internal ExpressionValue Evaluate(ExpressionEvaluator evaluator)
    {
        if (Parts is [{ Expression: not null } single])
            return Evaluate(single, evaluator);
        var text = new StringBuilder();
        var tainted = false;
        foreach (var part in Parts)
        {
            if (part.Expression is null)
            {
                text.Append(part.Text);
                continue;
            }

            var value = Evaluate(part, evaluator);
            text.Append(ToText(value, part, evaluator));
            tainted |= value.Tainted;
        }

        return new StringValue(text.ToString(), tainted);
    }

    /// <summary>The value as text.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    internal StringValue EvaluateText(ExpressionEvaluator evaluator)
    {
        var value = Evaluate(evaluator);
        return value as StringValue ?? new StringValue(ToText(value, Parts[0], evaluator), value.Tainted);
    }

    /// <exception cref="TemplateException">The expression failed.</exception>
    internal ExpressionValue Evaluate(in TemplatePart part, ExpressionEvaluator evaluator)
    {
        try
        {
            return evaluator.Evaluate(part.Expression!);
        }
        catch (EvaluationException exception)
        {
            throw new TemplateException(exception.Code, exception.Message, this, part.Offset + part.Expression!.Offset);
        }
    }

    /// <exception cref="TemplateException">The budget is spent.</exception>
    internal string ToText(ExpressionValue value, in TemplatePart part, ExpressionEvaluator evaluator)
    {
        var text = Coercion.ToText(value);
        try
        {
            evaluator.Budget.Charge(text.Length);
            return text;
        }
        catch (EvaluationException exception)
        {
            throw new TemplateException(exception.Code, exception.Message, this, part.Offset);
        }
    }

    // As GitHub finds it: the first '}}' that is not inside a quoted string.
    private static int FindEnd(string source, int start)
    {
        var quoted = false;
        for (var i = start; i < source.Length; i++)
        {
            if (source[i] == '\'')
                quoted = !quoted;
            else if (!quoted && source[i] == '}' && i > start && source[i - 1] == '}')
                return i - 1;
        }

        return -1;
    }

    private static TemplatePart ParseExpression(
        YamlScalar scalar, string text, int offset, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        try
        {
            return new TemplatePart(text, ExpressionParser.Parse(text, scope), offset);
        }
        catch (ExpressionSyntaxException exception)
        {
            diagnostics.Error(
                exception.Code, scalar, offset + exception.Offset, path, exception.Message, exception.Suggestion);
            return new TemplatePart(text, null, offset);
        }
    }
}

/// <summary>An expression of a template failed while it was evaluated.</summary>
internal sealed class TemplateException(string code, string message, Template template, int offset, string? suggestion = null)
    : Exception(message)
{
    public void Report(DiagnosticBag diagnostics) =>
        template.Error(diagnostics, code, offset, Message, suggestion);
}
