namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// Evaluates parsed expressions. What it is not given is unknown and not null, so that a plan can be made before a job
/// runs: it decides what can be decided and leaves the rest.
/// </summary>
public sealed class ExpressionEvaluator
{
    private readonly IReadOnlyDictionary<string, ExpressionValue> _contexts;

    /// <param name="contexts">
    /// By canonical name, <c>github</c> for <c>shithub</c>. One that is not there is unknown, and tainted to be safe.
    /// </param>
    /// <param name="budget">Shared by the evaluators of one plan or job.</param>
    /// <param name="status">What <c>success()</c>, <c>failure()</c> and <c>cancelled()</c> say; null: unknown.</param>
    /// <param name="hashFiles">
    /// Gives the hash of the files that some patterns match, empty for none; null: unknown. It may throw
    /// <see cref="FormatException"/> with a message for users.
    /// </param>
    public ExpressionEvaluator(
        IReadOnlyDictionary<string, ExpressionValue> contexts, EvaluationBudget budget, StatusCheck? status = null,
        Func<IReadOnlyList<string>, string>? hashFiles = null) =>
        (_contexts, Budget, Status, HashFiles) = (contexts, budget, status, hashFiles);

    public EvaluationBudget Budget { get; }

    public StatusCheck? Status { get; }

    internal Func<IReadOnlyList<string>, string>? HashFiles { get; }

    /// <summary>The same evaluator with one context replaced.</summary>
    public ExpressionEvaluator With(string name, ExpressionValue value) =>
        new(new Dictionary<string, ExpressionValue>(_contexts) { [name] = value }, Budget, Status, HashFiles);

    /// <summary>The same evaluator at another moment of the run.</summary>
    public ExpressionEvaluator With(StatusCheck? status) => new(_contexts, Budget, status, HashFiles);

    /// <summary>The same evaluator with <c>github.job</c>.</summary>
    public ExpressionEvaluator WithJob(string key)
    {
        var github = (ObjectValue)_contexts["github"];
        var members = new OrderedDictionary<string, ExpressionValue>(github.Members, StringComparer.OrdinalIgnoreCase);
        members.TryAdd("job", new StringValue(key));
        return With("github", ObjectValue.Of(members));
    }

    /// <exception cref="EvaluationException">A function refuses its arguments, or the budget is spent.</exception>
    internal ExpressionValue Evaluate(ExpressionNode node)
    {
        Budget.Charge(1);
        return node switch
        {
            LiteralNode literal => literal.Value,
            ContextNode context => _contexts.GetValueOrDefault(context.Name) ?? new UnknownValue(Tainted: true),
            IndexNode index => ExpressionIndex.Get(Evaluate(index.Target), Evaluate(index.Index), Budget),
            WildcardNode wildcard => ExpressionIndex.GetAll(Evaluate(wildcard.Target), Budget),
            NotNode not => Not(Evaluate(not.Operand)),
            ComparisonNode comparison => Compare(comparison),
            LogicalNode logical => Combine(logical),
            CallNode call => Call(call),
            _ => throw new InvalidOperationException($"no evaluation for {node.GetType().Name}"),
        };
    }

    /// <summary>
    /// Whether any of the nodes is tainted, after an unknown value has left open whether they count. One that fails has no
    /// value; whether it is ever evaluated will turn out later.
    /// </summary>
    internal bool AnyTainted(IEnumerable<ExpressionNode> nodes)
    {
        var tainted = false;
        foreach (var node in nodes)
        {
            try
            {
                tainted |= Evaluate(node).Tainted;
            }
            catch (EvaluationException) when (!Budget.IsSpent)
            {
            }
        }

        return tainted;
    }

    private ExpressionValue Call(CallNode call)
    {
        try
        {
            return call.Function.Invoke(call.Arguments, this);
        }
        catch (EvaluationException exception)
        {
            // The innermost call is the one that failed.
            exception.Offset ??= call.Span.Start;
            throw;
        }
    }

    private static ExpressionValue Not(ExpressionValue operand) =>
        operand is UnknownValue ? operand : new BooleanValue(!Coercion.IsTruthy(operand), operand.Tainted);

    private ExpressionValue Compare(ComparisonNode node)
    {
        var left = Evaluate(node.Left);
        var right = Evaluate(node.Right);
        var tainted = left.Tainted || right.Tainted;
        if (left is UnknownValue || right is UnknownValue)
            return new UnknownValue(tainted);
        var result = node.Operator switch
        {
            "==" => Coercion.AreEqual(left, right),
            "!=" => !Coercion.AreEqual(left, right),
            ">" => Coercion.IsGreater(left, right),
            "<" => Coercion.IsGreater(right, left),
            ">=" => Coercion.IsGreater(left, right) || Coercion.AreEqual(left, right),
            _ => Coercion.IsGreater(right, left) || Coercion.AreEqual(left, right),
        };
        return new BooleanValue(result, tainted);
    }

    // The value is that of the operand that decides. Each operand that was looked at had a say in which one that is.
    private ExpressionValue Combine(LogicalNode node)
    {
        var tainted = false;
        ExpressionValue value = ExpressionValue.Null;
        for (var i = 0; i < node.Operands.Count; i++)
        {
            value = Evaluate(node.Operands[i]);
            tainted |= value.Tainted;
            if (value is UnknownValue)
                return new UnknownValue(tainted || AnyTainted(node.Operands.Skip(i + 1)));
            if (Coercion.IsTruthy(value) != node.IsAnd)
                break;
        }

        return value.WithTaint(tainted);
    }
}
