using System.Text;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>A piece of a <see cref="Template"/>: text as it stands, or an expression.</summary>
/// <param name="Offset">Where in the scalar the text or the expression (after <c>${{</c>) starts.</param>
internal readonly record struct TemplatePart(string Text, ExpressionNode? Expression, int Offset);

/// <summary>A text with its <c>${{ }}</c> parsed.</summary>
public sealed class Template
{
    private readonly TemplateSource _source;

    private Template(TemplateSource source, params TemplatePart[] parts) =>
        (_source, Parts, HasExpressions) = (source, parts, Array.Exists(parts, part => part.Expression is not null));

    /// <summary>The text as the file has it, expressions included.</summary>
    public string Source => _source.Text;

    /// <summary>Where it stands in the file.</summary>
    public SourcePosition Position => _source.Position;

    /// <summary>False for text without any expression.</summary>
    public bool HasExpressions { get; }

    internal IReadOnlyList<TemplatePart> Parts { get; }

    internal DocumentPath Path => _source.Path;

    /// <summary>Parses a template that came without the file around it, as over the wire.</summary>
    /// <param name="path">Where in the document it stood, such as <c>jobs.green.steps[1].run</c>.</param>
    /// <param name="position">Where in the file: every diagnostic about the template points there.</param>
    /// <returns>A template; what is wrong with an expression is reported, and it counts as text.</returns>
    public static Template FromText(
        string source, string path, SourcePosition position, ExpressionScope scope, DiagnosticBag diagnostics) =>
        Parse(TemplateSource.At(source, path, position), scope, diagnostics);

    /// <summary>A member of the mapping that this one expression gives; null where it is no expression, which is reported already.</summary>
    internal Template? Member(string name, ExpressionScope scope, DiagnosticBag diagnostics) =>
        Parts is [{ Expression: not null } single]
            ? FromText($"${{{{ ({single.Text.Trim()})['{name}'] }}}}", Path.ToString(), Position, scope, diagnostics)
            : null;

    /// <summary>
    /// Parses an expression by itself, with <c>${{ }}</c> around it or without, as a person gives it to a tool. What is an
    /// expression as it stands, such as <c>format('${{a}}')</c>, is one, and only other text has <c>${{ }}</c> in it.
    /// Diagnostics have the column in <paramref name="text"/>.
    /// </summary>
    public static Template FromExpression(string text, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(text);
        var source = TemplateSource.Alone(text);
        if (!text.Contains("${{", StringComparison.Ordinal))
            return ParseWhole(source, scope, diagnostics);
        var trial = new DiagnosticBag("");
        var whole = ParseWhole(source, scope, trial);
        return trial.HasErrors ? Parse(source, scope, diagnostics) : whole;
    }

    /// <summary>Parses the expressions in <paramref name="source"/>; what is wrong with one is reported, and it counts as text.</summary>
    /// <param name="source">The scalar's text, or what YAML reads in it (<c>3.10</c> is 3.1).</param>
    internal static Template Parse(
        YamlScalar scalar, string source, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics) =>
        Parse(TemplateSource.Of(scalar, source, path), scope, diagnostics);

    internal static Template Parse(TemplateSource source, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        var text = source.Text;
        var open = text.IndexOf("${{", StringComparison.Ordinal);
        if (open < 0)
            return new Template(source, new TemplatePart(text, null, 0));
        var parts = new List<TemplatePart>();
        var at = 0;
        for (; open >= 0; open = text.IndexOf("${{", at, StringComparison.Ordinal))
        {
            if (open > at)
                parts.Add(new TemplatePart(text[at..open], null, at));
            var start = open + 3;
            var end = FindEnd(text, start);
            if (end < 0)
            {
                source.Error(
                    diagnostics, DiagnosticCodes.Expression, open, "'${{' has no '}}' after it",
                    "a literal '${{' is written ${{ '${{' }}");
                at = text.Length;
                break;
            }

            parts.Add(ParseExpression(source, text[start..end], start, scope, diagnostics));
            at = end + 2;
        }

        if (at < text.Length || parts.Count == 0)
            parts.Add(new TemplatePart(text[at..], null, at));
        return new Template(source, [.. parts]);
    }

    /// <summary>A template that is the whole text as one expression, as an <c>if</c> without <c>${{ }}</c> is.</summary>
    internal static Template ParseWhole(TemplateSource source, ExpressionScope scope, DiagnosticBag diagnostics) =>
        new(source, ParseExpression(source, source.Text, 0, scope, diagnostics));

    /// <summary>Reports an error at an offset of <see cref="Source"/>.</summary>
    internal void Error(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        _source.Error(diagnostics, code, offset, message, suggestion);

    /// <summary>Reports a warning at an offset of <see cref="Source"/>.</summary>
    internal void Warning(DiagnosticBag diagnostics, string code, int offset, string message, string? suggestion = null) =>
        _source.Warning(diagnostics, code, offset, message, suggestion);

    /// <summary>
    /// The value: of the expression where the template is nothing else, of the joined text otherwise. Unknown where a part
    /// of it is.
    /// </summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public ExpressionValue Evaluate(ExpressionEvaluator evaluator)
    {
        if (Parts is [{ Expression: not null } single])
            return Evaluate(single, evaluator);
        var text = new StringBuilder();
        var (isUnknown, tainted) = (false, false);
        foreach (var part in Parts)
        {
            if (part.Expression is null)
            {
                text.Append(part.Text);
                continue;
            }

            var value = Evaluate(part, evaluator);
            tainted |= value.Tainted;
            isUnknown |= value is UnknownValue;
            if (!isUnknown)
                text.Append(ToText(value, part, evaluator));
        }

        return isUnknown ? new UnknownValue(tainted) : new StringValue(text.ToString(), tainted);
    }

    /// <summary>The value as text: a <see cref="StringValue"/>, or an <see cref="UnknownValue"/>.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public ExpressionValue EvaluateToText(ExpressionEvaluator evaluator)
    {
        var value = Evaluate(evaluator);
        return value is StringValue or UnknownValue ? value : new StringValue(ToText(value, Parts[0], evaluator), value.Tainted);
    }

    /// <summary>The value as text, where it must be known.</summary>
    /// <exception cref="TemplateException">An expression failed, or is not known yet.</exception>
    public StringValue EvaluateText(ExpressionEvaluator evaluator) =>
        EvaluateToText(evaluator) as StringValue ?? throw NotKnown();

    /// <summary>The value, where it must be known with all that is in it.</summary>
    /// <exception cref="TemplateException">An expression failed, or is not known yet.</exception>
    internal ExpressionValue EvaluateKnown(ExpressionEvaluator evaluator)
    {
        var value = Evaluate(evaluator);
        return value.HasUnknown ? throw NotKnown() : value;
    }

    /// <summary>The value of one part, where it must be known with all that is in it.</summary>
    /// <exception cref="TemplateException">The expression failed, or is not known yet.</exception>
    internal ExpressionValue EvaluateKnown(in TemplatePart part, ExpressionEvaluator evaluator)
    {
        var value = Evaluate(part, evaluator);
        return value.HasUnknown ? throw NotKnown(part) : value;
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
            throw Failed(exception, part);
        }
    }

    internal TemplateException Failed(EvaluationException exception, in TemplatePart part) =>
        new(exception.Code, exception.Message, this, part.Offset + (exception.Offset ?? part.Expression!.Span.Start));

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

    internal TemplateException NotKnown() => NotKnown(Parts.First(part => part.Expression is not null));

    private TemplateException NotKnown(in TemplatePart part) => new(
        DiagnosticCodes.Evaluation, $"the value of '{YamlReader.Show(part.Text.Trim())}' is not known before the job runs", this,
        part.Offset + part.Expression!.Span.Start);

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
        TemplateSource source, string text, int offset, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        try
        {
            return new TemplatePart(text, ExpressionParser.Parse(text, scope), offset);
        }
        catch (ExpressionSyntaxException exception)
        {
            source.Error(diagnostics, exception.Code, offset + exception.Offset, exception.Message, exception.Suggestion);
            return new TemplatePart(text, null, offset);
        }
    }
}
