using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

public class TaintTests
{
    private static readonly ExpressionScope Scope = ExpressionScope.Of(["github", "steps", "inputs", "needs", "absent"]);

    /// <summary>
    /// The same expression with two different values from outside: where that makes a difference, the result must say that it
    /// is tainted. Nothing else is asked of taint, and nothing less.
    /// </summary>
    [Fact]
    public void Whatever_people_outside_can_change_is_tainted()
    {
        var random = FuzzBudget.Start(out var seed, out var budget);
        var differing = 0;
        while (budget.HasTime)
        {
            var text = RandomExpression.Text(random, random.Next(1, 5));
            var node = ExpressionParser.Parse(text, Scope);
            var fixedValues = RandomExpression.Value(random, 2, tainted: false);
            var (first, second) = (Evaluate(node, random, fixedValues), Evaluate(node, random, fixedValues));
            if (first is null || second is null || Json(first) == Json(second))
                continue;
            differing++;
            Assert.True(first.Tainted && second.Tainted, $"seed {seed}: {text} gives {Json(first)} or {Json(second)}");
        }

        Assert.True(differing > 0);
    }

    [Theory]
    [InlineData("case(inputs.a == 'x', fromJSON('[1]'), fromJSON('[2]'))[0]")]
    [InlineData("(inputs.a == 'x' && fromJSON('{\"b\": 1}') || fromJSON('{\"b\": 2}')).b")]
    [InlineData("(inputs && needs).lint.result")]
    [InlineData("fromJSON(format('[{0}]', inputs.a)).*")]
    [InlineData("join(needs[inputs.a].*)")]
    public void What_is_in_something_that_people_outside_picked_is_tainted(string expression)
    {
        var needs = ContextJson.Read(System.Text.Json.Nodes.JsonNode.Parse("""{"lint": {"result": "success"}}"""), []);
        var inputs = ContextJson.Read(System.Text.Json.Nodes.JsonNode.Parse("""{"a": "1"}"""), [""]);
        var evaluator = new ExpressionEvaluator(new Dictionary<string, ExpressionValue> { ["needs"] = needs, ["inputs"] = inputs }, new EvaluationBudget());
        Assert.True(evaluator.Evaluate(ExpressionParser.Parse(expression, Scope)).Tainted);
    }

    private static ExpressionValue? Evaluate(ExpressionNode node, Random random, ExpressionValue fixedValues)
    {
        var contexts = new Dictionary<string, ExpressionValue>
        {
            ["github"] = fixedValues,
            ["needs"] = fixedValues,
            ["steps"] = Tainted(RandomExpression.Value(random, 2, tainted: false)),
            ["inputs"] = ObjectValue.Of(new(StringComparer.OrdinalIgnoreCase) { ["a"] = Tainted(RandomExpression.Value(random, 1, tainted: false)), ["b"] = fixedValues }),
        };
        try
        {
            return new ExpressionEvaluator(contexts, new EvaluationBudget()).Evaluate(node);
        }
        catch (EvaluationException)
        {
            return null;
        }
    }

    private static ExpressionValue Tainted(ExpressionValue value) => ContextJson.Read(ContextJson.Write(value).Value, [""]);

    private static string Json(ExpressionValue value) => ContextJson.Write(value).Value?.ToJsonString() ?? "null";
}
