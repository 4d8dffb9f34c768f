namespace Shithub.Actions.Workflows.Expressions;

/// <summary>A stretch of an expression's text, for messages.</summary>
internal readonly record struct SourceSpan(int Start, int End)
{
    public string Of(string text) => text[Start..End];
}

/// <summary>A parsed expression. Its depth is bounded by the parser, so whoever walks it may recurse.</summary>
/// <param name="Span">Where it stands in the expression; parentheses around it do not count.</param>
/// <param name="Depth">Levels in it, itself included.</param>
internal abstract record ExpressionNode(SourceSpan Span, int Depth)
{
    public virtual IEnumerable<ExpressionNode> Children => [];

    /// <summary>Whether one of these functions is called anywhere in it.</summary>
    public bool Calls(IReadOnlyCollection<string> functions) =>
        (this is CallNode call && functions.Contains(call.Function.Name)) || Children.Any(child => child.Calls(functions));
}

internal sealed record LiteralNode(SourceSpan Span, ExpressionValue Value) : ExpressionNode(Span, 1);

/// <param name="Name">The canonical name: <c>shithub</c> is <c>github</c>.</param>
internal sealed record ContextNode(SourceSpan Span, string Name) : ExpressionNode(Span, 1);

/// <summary><c>target.name</c> and <c>target[index]</c>.</summary>
internal sealed record IndexNode(SourceSpan Span, ExpressionNode Target, ExpressionNode Index)
    : ExpressionNode(Span, 1 + Math.Max(Target.Depth, Index.Depth))
{
    public override IEnumerable<ExpressionNode> Children => [Target, Index];
}

/// <summary><c>target.*</c> and <c>target[*]</c>.</summary>
internal sealed record WildcardNode(SourceSpan Span, ExpressionNode Target) : ExpressionNode(Span, 1 + Target.Depth)
{
    public override IEnumerable<ExpressionNode> Children => [Target];
}

internal sealed record CallNode(SourceSpan Span, ExpressionFunction Function, IReadOnlyList<ExpressionNode> Arguments)
    : ExpressionNode(Span, 1 + (Arguments.Count == 0 ? 0 : Arguments.Max(argument => argument.Depth)))
{
    public override IEnumerable<ExpressionNode> Children => Arguments;
}

internal sealed record NotNode(SourceSpan Span, ExpressionNode Operand) : ExpressionNode(Span, 1 + Operand.Depth)
{
    public override IEnumerable<ExpressionNode> Children => [Operand];
}

/// <param name="Operator"><c>== != &lt; &lt;= &gt; &gt;=</c></param>
internal sealed record ComparisonNode(SourceSpan Span, string Operator, ExpressionNode Left, ExpressionNode Right)
    : ExpressionNode(Span, 1 + Math.Max(Left.Depth, Right.Depth))
{
    public override IEnumerable<ExpressionNode> Children => [Left, Right];
}

/// <summary>A chain of <c>&amp;&amp;</c> or of <c>||</c>, flat, so that a long chain is not deep.</summary>
internal sealed record LogicalNode(SourceSpan Span, bool IsAnd, IReadOnlyList<ExpressionNode> Operands)
    : ExpressionNode(Span, 1 + Operands.Max(operand => operand.Depth))
{
    public override IEnumerable<ExpressionNode> Children => Operands;
}
