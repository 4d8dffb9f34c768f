using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Where an expression is wrong, and that none crashes; what they mean is in <see cref="ExpressionConformanceTests"/>.</summary>
public class ExpressionTests
{
    private const string Context = """
        {
          "sha": "abc", "ref": "refs/heads/Main", "n": 3, "t": true, "nothing": null,
          "list": [1, "two", {"name": "a"}, {"name": "b"}],
          "map": {"Key": "v", "with-dash": 1, "other": {"name": "c"}, "third": {"name": "d"}},
          "labels": [{"name": "bug"}, {"name": "p1"}, {"no": 1}]
        }
        """;

    private static ExpressionValue Evaluate(string expression)
    {
        var github = JsonValues.From(System.Text.Json.JsonDocument.Parse(Context).RootElement, tainted: false);
        var evaluator = new ExpressionEvaluator(new Dictionary<string, ExpressionValue> { ["github"] = github }, new EvaluationBudget());
        return evaluator.Evaluate(ExpressionParser.Parse(expression, ExpressionScope.StepRun));
    }

    [Theory]
    [InlineData("", 0, "there is no expression")]
    [InlineData("1 +", 2, "unexpected '+'")]
    [InlineData("1 2", 2, "unexpected '2'")]
    [InlineData("\"a\"", 0, "single quotes")]
    [InlineData("'abc", 0, "no closing quote")]
    [InlineData("a = b", 2, "unexpected '='")]
    [InlineData("github.", 7, "ends too early")]
    [InlineData("github[1", 8, "ends too early")]
    [InlineData("(1", 2, "ends too early")]
    [InlineData("'a'.b", 3, "unexpected '.'")]
    [InlineData("github..sha", 7, "unexpected '.'")]
    [InlineData("format()", 0, "'format' takes 1 or more arguments, not 0")]
    [InlineData("contains('a')", 0, "'contains' takes 2 arguments, not 1")]
    [InlineData("case(true, 1, false, 2)", 0, "pairs")]
    [InlineData("containz('a', 'b')", 0, "there is no function 'containz'")]
    [InlineData("githb.sha", 0, "there is no context 'githb'")]
    [InlineData("jobs.x", 0, "the context 'jobs' is not available under 'jobs.<job_id>.steps.run'")]
    [InlineData("1 == always()", 5, "the function 'always' is not available under 'jobs.<job_id>.steps.run'only 'if' has it")]
    [InlineData("hashFiles()", 0, "'hashFiles' takes 1 or more arguments, not 0")]
    [InlineData("true && format('{0}')", 15, "the format string names argument {0}, which is not there")]
    [InlineData("format('{')", 7, "the format string '{' is not valid")]
    [InlineData("format('}}{0', 1)", 7, "the format string '}}{0' is not valid")]
    [InlineData("0xZ", 0, "unexpected '0xZ'")]
    [InlineData("1.2.3", 0, "unexpected '1.2.3'")]
    public void What_is_no_expression_is_said_with_its_offset(string expression, int offset, string message)
    {
        var exception = Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.Parse(expression, ExpressionScope.StepRun));
        Assert.Contains(message, exception.Message + exception.Suggestion, StringComparison.Ordinal);
        Assert.Equal(offset, exception.Offset);
    }

    [Theory]
    [InlineData("fromJSON('')")]
    [InlineData("fromJSON('{')")]
    [InlineData("fromJSON('\"\\uD800\"')")]
    [InlineData("format(join('{0}'))")]
    [InlineData("format(join('{'))")]
    [InlineData("format(join('{a}'), 1)")]
    [InlineData("format(join('{-1}'), 1)")]
    [InlineData("case('true', 1, 2)")]
    public void A_function_that_cannot_do_its_work_fails(string expression) =>
        Assert.Throws<EvaluationException>(() => Evaluate(expression));

    [Fact]
    public void A_context_that_a_key_does_not_have_is_refused_there()
    {
        var exception = Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.Parse("env.A", ExpressionScope.JobEnv));
        Assert.Equal("the context 'env' is not available under 'jobs.<job_id>.env'", exception.Message);
        Assert.Equal("available here: github, shithub, vars, secrets, strategy, matrix, needs, inputs", exception.Suggestion);
    }

    [Fact]
    public void Expressions_never_crash()
    {
        var random = FuzzBudget.Start(out var seed, out var budget);
        string[] pieces =
        [
            "github", "env", ".", ".*", "[", "]", "(", ")", "!", "==", "<", "&&", "||", ",", "'a'", "''", "1", "-1", "null", "true", "format(", "join(",
            "toJSON(", "fromJSON(", "contains(", "case(", "list", "map", "labels", " ", "'{0}'", "'[1,2]'", "NaN", "*", "name",
            "hashFiles(", "steps", "needs", "secrets", "startsWith(", "'''", "\"", "0x", "e5", "\n",
        ];
        while (budget.HasTime)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 16)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                if (Evaluate(text) is { HasUnknown: false } value)
                    Coercion.ToText(value);
            }
            catch (Exception exception) when (exception is ExpressionSyntaxException or EvaluationException)
            {
                // Refused, as it should be, and at a place inside the expression.
                var offset = exception is ExpressionSyntaxException syntax ? syntax.Offset : ((EvaluationException)exception).Offset ?? 0;
                Assert.InRange(offset, 0, text.Length);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, expression: {text}", exception);
            }
        }
    }
}
