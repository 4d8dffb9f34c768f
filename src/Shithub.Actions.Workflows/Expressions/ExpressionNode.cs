namespace Shithub.Actions.Workflows.Expressions;

/// <summary>A parsed expression. Its depth is bounded by the parser, so whoever walks it may recurse.</summary>
/// <param name="Offset">Where it starts in the expression, for messages.</param>
/// <param name="Depth">Levels in it, itself included.</param>
internal abstract record ExpressionNode(int Offset, int Depth);

internal sealed record LiteralNode(int Offset, ExpressionValue Value) : ExpressionNode(Offset, 1);

/// <param name="Name">The canonical name: <c>shithub</c> is <c>github</c>.</param>
internal sealed record ContextNode(int Offset, string Name) : ExpressionNode(Offset, 1);

/// <summary><c>target.name</c> and <c>target[index]</c>.</summary>
internal sealed record IndexNode(int Offset, ExpressionNode Target, ExpressionNode Index)
    : ExpressionNode(Offset, 1 + Math.Max(Target.Depth, Index.Depth));

/// <summary><c>target.*</c> and <c>target[*]</c>.</summary>
internal sealed record WildcardNode(int Offset, ExpressionNode Target) : ExpressionNode(Offset, 1 + Target.Depth);

internal sealed record CallNode(int Offset, ExpressionFunction Function, IReadOnlyList<ExpressionNode> Arguments)
    : ExpressionNode(Offset, 1 + (Arguments.Count == 0 ? 0 : Arguments.Max(argument => argument.Depth)));

internal sealed record NotNode(int Offset, ExpressionNode Operand) : ExpressionNode(Offset, 1 + Operand.Depth);

/// <param name="Operator"><c>== != &lt; &lt;= &gt; &gt;=</c></param>
internal sealed record ComparisonNode(int Offset, string Operator, ExpressionNode Left, ExpressionNode Right)
    : ExpressionNode(Offset, 1 + Math.Max(Left.Depth, Right.Depth));

/// <summary>A chain of <c>&amp;&amp;</c> or of <c>||</c>, flat, so that a long chain is not deep.</summary>
internal sealed record LogicalNode(int Offset, bool IsAnd, IReadOnlyList<ExpressionNode> Operands)
    : ExpressionNode(Offset, 1 + Operands.Max(operand => operand.Depth));
