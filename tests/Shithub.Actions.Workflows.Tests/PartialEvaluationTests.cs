using System.Text.Json;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Expressions of which not everything is known yet, as at planning time.</summary>
public class PartialEvaluationTests
{
    private static readonly Dictionary<string, ExpressionValue> Contexts = new()
    {
        ["github"] = JsonValues.From(JsonDocument.Parse("""{"ref": "main", "n": 1, "none": null}""").RootElement, tainted: false),
        ["steps"] = new UnknownValue(Tainted: false),
        ["inputs"] = new UnknownValue(Tainted: true),
        ["needs"] = ObjectValue.Of(new(StringComparer.OrdinalIgnoreCase)
        {
            ["build"] = new UnknownValue(Tainted: false),
            ["lint"] = JsonValues.From(JsonDocument.Parse("""{"result": "success"}""").RootElement, tainted: false),
        }),
    };

    private static readonly ExpressionScope Scope = ExpressionScope.Of(["github", "steps", "inputs", "needs", "absent"]);

    private static string Describe(string expression, StatusCheck? status = null)
    {
        var value = new ExpressionEvaluator(Contexts, new EvaluationBudget(), status).Evaluate(ExpressionParser.Parse(expression, Scope));
        var text = value.HasUnknown ? value.Kind : Coercion.ToText(value);
        return value.Tainted ? text + ", tainted" : text;
    }

    [Theory]
    [InlineData("steps.a.outputs.b", "Unknown")]
    [InlineData("steps[inputs.x]", "Unknown, tainted")]
    [InlineData("github[steps.a]", "Unknown")]
    [InlineData("github.*[steps.a]", "Unknown")]
    [InlineData("absent.x", "Unknown, tainted")]
    [InlineData("!steps.a", "Unknown")]
    [InlineData("steps.a == 1", "Unknown")]
    [InlineData("github.n < inputs.x", "Unknown, tainted")]
    [InlineData("format('{0}', steps.a)", "Unknown")]
    [InlineData("format('{0} {1}', steps.a, inputs.b)", "Unknown, tainted")]
    [InlineData("toJSON(needs)", "Unknown")]
    [InlineData("join(needs.*)", "Unknown")]
    [InlineData("contains(needs.*.result, 'failure')", "Unknown")]
    [InlineData("needs.*.*", "Unknown")]
    [InlineData("needs.build.result", "Unknown")]
    [InlineData("needs.lint.result", "success")]
    [InlineData("needs.unknown.result", "")]
    [InlineData("needs", "Object")]
    public void What_comes_of_an_unknown_value_is_unknown_and_keeps_its_taint(string expression, string expected) =>
        Assert.Equal(expected == "Object" ? "Object" : expected, Describe(expression));

    [Theory]
    [InlineData("false && steps.a", "false")]
    [InlineData("github.ref && 'x' || steps.a", "x")]
    [InlineData("github.ref == 'main' && steps.a", "Unknown")]
    [InlineData("steps.a && false", "Unknown")]
    [InlineData("steps.a || inputs.x", "Unknown, tainted")]
    [InlineData("github.none || steps.a || 'x'", "Unknown")]
    [InlineData("true || inputs.x", "true")]
    [InlineData("case(true, 1, steps.a)", "1")]
    [InlineData("case(false, 1, steps.a)", "Unknown")]
    [InlineData("case(steps.a == 1, 1, 2)", "Unknown")]
    [InlineData("case(steps.a == 1, inputs.x, 2)", "Unknown, tainted")]
    [InlineData("case(steps.a == 1, 1, inputs.x)", "Unknown, tainted")]
    [InlineData("case(false, inputs.x, 2)", "2")]
    public void A_known_operand_decides_only_where_all_before_it_are_known(string expression, string expected) =>
        Assert.Equal(expected, Describe(expression));

    [Fact]
    public void What_might_never_be_evaluated_does_not_fail_the_plan()
    {
        Assert.Equal("Unknown", Describe("steps.a && fromJSON('')"));
        Assert.Equal("Unknown", Describe("case(steps.a == 1, fromJSON(''), 2)"));
    }

    [Fact]
    public void Status_functions_are_unknown_until_somebody_tells_and_always_is_true()
    {
        Assert.Equal("Unknown", Describe("success()"));
        Assert.Equal("Unknown", Describe("!cancelled()"));
        Assert.Equal("true", Describe("always()"));
        Assert.Equal("true", Describe("failure() && !success()", StatusCheck.Of("failure")));
        Assert.Equal("true", Describe("cancelled()", StatusCheck.Of("cancelled")));
    }

    [Fact]
    public void The_hash_of_files_is_unknown_where_there_are_none()
    {
        Assert.Equal("Unknown", Describe("hashFiles('**/*.lock')"));
        var evaluator = new ExpressionEvaluator(Contexts, new EvaluationBudget(), hashFiles: patterns => string.Join('+', patterns));
        var value = evaluator.Evaluate(ExpressionParser.Parse("hashFiles('a', github.ref)", Scope));
        Assert.Equal(new StringValue("a+main"), value);
    }

    [Theory]
    [InlineData("a ${{ github.ref }} b", "a main b")]
    [InlineData("a ${{ github.ref }} ${{ steps.a }}", "Unknown")]
    [InlineData("${{ steps.a }} ${{ inputs.b }}", "Unknown, tainted")]
    [InlineData("${{ github.n }}", "1")]
    public void A_template_with_an_unknown_part_is_unknown(string source, string expected)
    {
        var diagnostics = new DiagnosticBag("f");
        var template = Template.FromText(source, "jobs.a.name", new SourcePosition(3, 7), Scope, diagnostics);
        Assert.False(diagnostics.HasErrors);
        var value = template.EvaluateToText(new ExpressionEvaluator(Contexts, new EvaluationBudget()));
        Assert.Equal(expected, (value is StringValue text ? text.Value : value.Kind) + (value.Tainted ? ", tainted" : ""));
    }

    [Fact]
    public void Where_a_value_must_be_known_the_message_names_the_expression()
    {
        var diagnostics = new DiagnosticBag("f");
        var template = Template.FromText("x ${{ steps.a }}", "jobs.a.name", new SourcePosition(3, 7), Scope, diagnostics);
        var exception = Assert.Throws<TemplateException>(() => template.EvaluateText(new ExpressionEvaluator(Contexts, new EvaluationBudget())));
        exception.Report(diagnostics);
        Assert.Equal("f:3:7: error: the value of 'steps.a' is not known before the job runs", Assert.Single(diagnostics.ToList()).ToString());
        Assert.Equal("jobs.a.name", diagnostics.ToList()[0].DocumentPath);
    }

    /// <summary>
    /// Random expressions over a context that is unknown and then is not: what was said before stays true, and nothing that is
    /// tainted in the end was said to be clean.
    /// </summary>
    [Fact]
    public void Nothing_that_a_plan_decides_turns_out_otherwise()
    {
        var random = FuzzBudget.Start(out var seed, out var budget);
        var decided = 0;
        while (budget.HasTime)
        {
            var text = RandomExpression.Text(random, 4);
            var node = ExpressionParser.Parse(text, Scope);
            var tainted = random.Next(2) == 0;
            var later = new Dictionary<string, ExpressionValue>(Contexts) { ["steps"] = RandomExpression.Value(random, 2, tainted), ["inputs"] = RandomExpression.Value(random, 2, true) };
            later["needs"] = ObjectValue.Of(new(((ObjectValue)Contexts["needs"]).Members) { ["build"] = RandomExpression.Value(random, 2, false) });
            var before = new Dictionary<string, ExpressionValue>(Contexts) { ["steps"] = new UnknownValue(tainted) };
            var (planned, plannedError) = Try(before, node);
            var (final, finalError) = Try(later, node);
            if (plannedError is not null)
            {
                Assert.True(finalError is not null, $"seed {seed}: {text} fails in the plan and not at the end");
                continue;
            }

            if (final is null)
            {
                Assert.True(planned!.HasUnknown, $"seed {seed}: {text} fails at the end and not in the plan");
                continue;
            }

            Assert.True(planned!.Tainted || !final.Tainted, $"seed {seed}: {text} is tainted at the end and not in the plan");
            if (planned.HasUnknown)
                continue;
            decided++;
            Assert.True(JsonFunctions.ToJson([planned], new()).Equals(JsonFunctions.ToJson([final], new())), $"seed {seed}: {text}");
        }

        Assert.True(decided > 0);
    }

    private static (ExpressionValue? Value, string? Error) Try(Dictionary<string, ExpressionValue> contexts, ExpressionNode node)
    {
        try
        {
            return (new ExpressionEvaluator(contexts, new EvaluationBudget()).Evaluate(node), null);
        }
        catch (EvaluationException exception)
        {
            return (null, exception.Message);
        }
    }
}
