using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>
/// The value of an <c>if</c>. As on GitHub, <c>${{ }}</c> around the whole of it may be left out, and a condition that asks
/// for no status means <c>success() &amp;&amp; (…)</c>.
/// </summary>
public sealed class Condition
{
    private static readonly string[] StatusFunctions = ["always", "cancelled", "success", "failure"];

    private readonly Template? _template;

    private Condition(Template? template)
    {
        _template = template;
        UsesStatusFunction = template is not null
            && template.Parts.Any(part => part.Expression is not null && part.Expression.Calls(StatusFunctions));
    }

    /// <summary>What holds where there is no <c>if</c>: <c>success()</c>.</summary>
    public static Condition Default { get; } = new(null);

    /// <summary>The text as the file has it.</summary>
    public string Source => _template?.Source ?? "success()";

    /// <summary>Where it stands in the file.</summary>
    public SourcePosition Position => _template?.Position ?? SourcePosition.Start;

    /// <summary>Whether <c>success</c>, <c>failure</c>, <c>always</c> or <c>cancelled</c> is called anywhere in it.</summary>
    public bool UsesStatusFunction { get; }

    internal Template? Template => _template;

    /// <summary>Parses a condition that came without the file around it; see <see cref="Template.FromText"/>.</summary>
    public static Condition FromText(
        string source, string path, SourcePosition position, ExpressionScope scope, DiagnosticBag diagnostics) =>
        Parse(TemplateSource.At(source, path, position), scope, diagnostics);

    /// <param name="source">The scalar's text, or what YAML reads in it.</param>
    internal static Condition Parse(
        YamlScalar scalar, string source, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics) =>
        Parse(TemplateSource.Of(scalar, source, path), scope, diagnostics);

    private static Condition Parse(TemplateSource source, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        if (string.IsNullOrWhiteSpace(source.Text))
            return Default;
        if (!source.Text.Contains("${{", StringComparison.Ordinal))
            return new Condition(Template.ParseWhole(source, scope, diagnostics));
        var template = Template.Parse(source, scope, diagnostics);
        if (template.Parts.Count > 1 && template.HasExpressions)
            WarnOfText(source, template, scope, diagnostics);
        return new Condition(template);
    }

    /// <summary>Whether the step or job is to run; null where that is not known yet.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public bool? Evaluate(ExpressionEvaluator evaluator)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        if (_template is null)
            return evaluator.Status?.Success;
        if (UsesStatusFunction)
            return Own(evaluator);
        switch (evaluator.Status?.Success)
        {
            case true:
                return Own(evaluator);
            case false:
                return false;
            default:
                try
                {
                    return Own(evaluator) is false ? false : null;
                }
                catch (TemplateException) when (!evaluator.Budget.IsSpent)
                {
                    // It will be evaluated only if success() turns out true.
                    return null;
                }
        }
    }

    /// <summary>As <see cref="Evaluate"/>, where it must be known; null is <see cref="Default"/>.</summary>
    /// <exception cref="TemplateException">An expression failed, or is not known yet.</exception>
    public static bool IsTrue(Condition? condition, ExpressionEvaluator evaluator)
    {
        condition ??= Default;
        return condition.Evaluate(evaluator)
            ?? throw (condition._template is { } template
                ? template.NotKnown()
                : new InvalidOperationException("success() was asked where nobody tells it"));
    }

    /// <summary>The parts that decided what <see cref="Evaluate"/> says, or left it open.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public IReadOnlyList<DecidingPart> Explain(ExpressionEvaluator evaluator)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        var result = Evaluate(evaluator);
        var success = evaluator.Status?.Success;
        var parts = new List<DecidingPart>();
        var implied = !UsesStatusFunction && (result is null ? success is null : success == result);
        if (implied)
            parts.Add(new DecidingPart("success()", DecidingPart.Show(success), []));
        if (_template is not null && (UsesStatusFunction || success is not false))
            parts.AddRange(ExplainOwn(_template, result, evaluator));
        return parts;
    }

    private bool? Own(ExpressionEvaluator evaluator)
    {
        if (_template!.Parts is [{ Expression: { } expression } part])
        {
            try
            {
                return TruthOf.Node(expression, evaluator);
            }
            catch (EvaluationException exception)
            {
                throw _template.Failed(exception, part);
            }
        }

        return _template.EvaluateToText(evaluator) is StringValue text ? text.Value.Length > 0 : null;
    }

    private static IEnumerable<DecidingPart> ExplainOwn(Template template, bool? result, ExpressionEvaluator evaluator)
    {
        if (template.Parts is not [{ Expression: { } expression } part])
            return [new DecidingPart(template.Source.Trim(), DecidingPart.Show(result), [])];
        var own = TruthOf.NodeOrNull(expression, evaluator);
        // Where success() alone is open, what the rest says is no reason.
        return result is null && own is not null ? [] : new ConditionExplainer(part.Text, evaluator).Explain(expression);
    }

    private static void WarnOfText(TemplateSource source, Template template, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        var hasText = template.Parts.Any(part => part.Expression is null);
        diagnostics.Warning(
            DiagnosticCodes.AlwaysTrue, source.Position, source.Path,
            hasText
                ? "this condition is always true: the text around '${{ }}' makes it a string that is not empty"
                : "this condition is true as soon as one of its '${{ }}' is not empty: they are joined to one string",
            WholeExpression(template, scope) is { } whole
                ? $"write: {whole}" : "put the whole condition into one '${{ }}'");
    }

    // What most people mean who write ${{ a }} == 'b'.
    private static string? WholeExpression(Template template, ExpressionScope scope)
    {
        var whole = string.Concat(template.Parts.Select(part => part.Expression switch
        {
            null => part.Text,
            LogicalNode or ComparisonNode => $"({part.Text.Trim()})",
            _ => part.Text.Trim(),
        })).Trim();
        try
        {
            ExpressionParser.Parse(whole, scope);
            return whole.Contains('\n', StringComparison.Ordinal) || whole.Length > 200 ? null : whole;
        }
        catch (ExpressionSyntaxException)
        {
            return null;
        }
    }
}
