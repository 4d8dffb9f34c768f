namespace Shithub.Actions.Workflows.Expressions;

/// <summary>Evaluates parsed expressions against contexts.</summary>
/// <param name="contexts">By canonical name.</param>
internal sealed class ExpressionEvaluator(IReadOnlyDictionary<string, ExpressionValue> contexts, EvaluationBudget budget)
{
    public EvaluationBudget Budget { get; } = budget;

    /// <summary>The same evaluator with one context replaced.</summary>
    public ExpressionEvaluator With(string name, ExpressionValue value) =>
        new(new Dictionary<string, ExpressionValue>(contexts) { [name] = value }, Budget);

    /// <summary>The same evaluator with <c>github.job</c>.</summary>
    public ExpressionEvaluator WithJob(string key)
    {
        var github = (ObjectValue)contexts["github"];
        var members = new OrderedDictionary<string, ExpressionValue>(github.Members, StringComparer.OrdinalIgnoreCase);
        members.TryAdd("job", new StringValue(key));
        return With("github", ObjectValue.Of(members));
    }

    /// <exception cref="EvaluationException">A function refuses its arguments, or the budget is spent.</exception>
    public ExpressionValue Evaluate(ExpressionNode node)
    {
        Budget.Charge(1);
        return node switch
        {
            LiteralNode literal => literal.Value,
            ContextNode context => contexts.TryGetValue(context.Name, out var value)
                ? value
                : throw new EvaluationException($"the context '{context.Name}' is not supported yet", DiagnosticCodes.NotSupported),
            IndexNode index => ExpressionIndex.Get(Evaluate(index.Target), Evaluate(index.Index), Budget),
            WildcardNode wildcard => ExpressionIndex.GetAll(Evaluate(wildcard.Target), Budget),
            NotNode not => Not(Evaluate(not.Operand)),
            ComparisonNode comparison => Compare(comparison),
            LogicalNode logical => Combine(logical),
            CallNode call => call.Function.Invoke(call.Arguments, this),
            _ => throw new InvalidOperationException($"no evaluation for {node.GetType().Name}"),
        };
    }

    private static BooleanValue Not(ExpressionValue operand) => new(!Coercion.IsTruthy(operand), operand.Tainted);

    private BooleanValue Compare(ComparisonNode node)
    {
        var left = Evaluate(node.Left);
        var right = Evaluate(node.Right);
        var result = node.Operator switch
        {
            "==" => Coercion.AreEqual(left, right),
            "!=" => !Coercion.AreEqual(left, right),
            ">" => Coercion.IsGreater(left, right),
            "<" => Coercion.IsGreater(right, left),
            ">=" => Coercion.IsGreater(left, right) || Coercion.AreEqual(left, right),
            _ => Coercion.IsGreater(right, left) || Coercion.AreEqual(left, right),
        };
        return new BooleanValue(result, left.Tainted || right.Tainted);
    }

    // The value is that of the operand that decides. Each operand that was looked at had a say in which one that is.
    private ExpressionValue Combine(LogicalNode node)
    {
        var tainted = false;
        ExpressionValue value = ExpressionValue.Null;
        foreach (var operand in node.Operands)
        {
            value = Evaluate(operand);
            tainted |= value.Tainted;
            if (Coercion.IsTruthy(value) != node.IsAnd)
                break;
        }

        return value.WithTaint(tainted);
    }
}
