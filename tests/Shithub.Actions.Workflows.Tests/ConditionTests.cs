using System.Text.Json;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>The value of an <c>if</c>: 'jobs.&lt;job_id&gt;.if' and 'Status check functions' of GitHub's documentation.</summary>
public class ConditionTests
{
    private static readonly StatusCheck Success = StatusCheck.Of("success");
    private static readonly StatusCheck Failure = StatusCheck.Of("failure");

    private static readonly Dictionary<string, ExpressionValue> Contexts = new()
    {
        ["github"] = JsonValues.From(
            JsonDocument.Parse("""{"ref": "refs/heads/topic", "event_name": "push", "fork": true, "empty": ""}""").RootElement, tainted: true),
        ["steps"] = new UnknownValue(Tainted: true),
    };

    private static ExpressionEvaluator Evaluator(StatusCheck? status) => new(Contexts, new EvaluationBudget(), status);

    private static Condition Parse(string source, ExpressionScope? scope = null)
    {
        var diagnostics = new DiagnosticBag("ci.yml");
        var condition = Condition.FromText(source, "jobs.a.if", new SourcePosition(4, 9), scope ?? ExpressionScope.StepIf, diagnostics);
        Assert.False(diagnostics.HasErrors, string.Join('\n', diagnostics.ToList()));
        return condition;
    }

    private static bool? Evaluate(string source, StatusCheck? status) => Parse(source).Evaluate(Evaluator(status));

    private static string Explain(string source, StatusCheck? status) => string.Join("; ", Parse(source).Explain(Evaluator(status)));

    [Theory]
    [InlineData("github.event_name == 'push'")]
    [InlineData("${{ github.event_name == 'push' }}")]
    [InlineData("true")]
    public void The_expression_syntax_may_be_left_out_around_a_condition(string source)
    {
        Assert.True(Evaluate(source, Success));
        Assert.False(Parse(source).UsesStatusFunction);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("github.fork")]
    [InlineData("x ${{ github.ref }}")]
    public void A_default_status_check_of_success_is_applied_unless_you_include_one_of_these_functions(string source)
    {
        Assert.True(Evaluate(source, Success));
        Assert.False(Evaluate(source, Failure));
    }

    [Theory]
    [InlineData("always()")]
    [InlineData("${{ failure() && github.fork }}")]
    [InlineData("!cancelled()")]
    [InlineData("!success()")]
    [InlineData("github.fork && (github.empty || format('{0}', failure()) == 'true')")]
    [InlineData("${{ always() }} && x")]
    public void A_condition_with_a_status_function_anywhere_in_it_decides_by_itself(string source)
    {
        Assert.True(Parse(source).UsesStatusFunction);
        Assert.True(Evaluate(source, Failure));
    }

    [Fact]
    public void No_condition_means_success()
    {
        Assert.True(Condition.Default.Evaluate(Evaluator(Success)));
        Assert.False(Condition.Default.Evaluate(Evaluator(Failure)));
        Assert.Null(Condition.Default.Evaluate(Evaluator(null)));
    }

    [Theory]
    [InlineData("${{ github.ref }} == 'refs/heads/main'", "write: github.ref == 'refs/heads/main'")]
    [InlineData("${{ github.fork }} && ${{ github.empty }}", "write: github.fork && github.empty")]
    [InlineData("!${{ github.fork || github.ref }}", "write: !(github.fork || github.ref)")]
    [InlineData("${{ github.empty }}\n", "write: github.empty")]
    [InlineData("run ${{ github.empty }}", "put the whole condition into one '${{ }}'")]
    public void Text_around_an_expression_makes_a_condition_true_and_a_warning_says_so(string source, string fix)
    {
        var diagnostics = new DiagnosticBag("ci.yml");
        var condition = Condition.FromText(source, "jobs.a.if", new SourcePosition(4, 9), ExpressionScope.JobIf, diagnostics);
        Assert.Equal(
            $"ci.yml:4:9: warning: this condition is always true: the text around '${{{{ }}}}' makes it a string that is not empty; {fix}",
            Assert.Single(diagnostics.ToList()).ToString());
        Assert.True(condition.Evaluate(Evaluator(Success)));
    }

    [Fact]
    public void Two_expressions_side_by_side_are_one_string()
    {
        var diagnostics = new DiagnosticBag("ci.yml");
        var condition = Condition.FromText(
            "${{ github.empty }}${{ github.empty }}", "jobs.a.if", new SourcePosition(4, 9), ExpressionScope.JobIf, diagnostics);
        Assert.Contains("as soon as one of its", Assert.Single(diagnostics.ToList()).Message, StringComparison.Ordinal);
        Assert.False(condition.Evaluate(Evaluator(Success)));
    }

    [Theory]
    [InlineData("steps.a.outputs.b", null)]
    [InlineData("steps.a && false", false)]
    [InlineData("steps.a || true", true)]
    [InlineData("!(steps.a || true)", false)]
    [InlineData("steps.a && github.fork", null)]
    [InlineData("steps.a && fromJSON('') && false", null)]
    public void What_is_not_known_yet_leaves_a_condition_open_unless_the_rest_decides(string source, bool? expected) =>
        Assert.Equal(expected, Evaluate(source, Success));

    [Theory]
    [InlineData("github.fork", null)]
    [InlineData("!github.fork", false)]
    [InlineData("fromJSON('')", null)]
    [InlineData("always()", true)]
    [InlineData("failure()", null)]
    public void Before_a_run_the_implied_success_is_open_and_only_false_is_certain(string source, bool? expected) =>
        Assert.Equal(expected, Evaluate(source, status: null));

    [Fact]
    public void An_expression_that_fails_names_its_place()
    {
        var exception = Assert.Throws<TemplateException>(() => Evaluate("fromJSON('')", Success));
        Assert.Equal("'fromJSON' got an empty string", exception.Message);
    }

    [Theory]
    [InlineData("github.ref == 'refs/heads/main'", "github.ref == 'refs/heads/main' is false (github.ref is 'refs/heads/topic')")]
    [InlineData("github.fork && github.empty", "github.empty is ''")]
    [InlineData("github.fork && !github.fork", "github.fork is true")]
    [InlineData("github.fork && (github.ref == 'a' || github.ref == 'b')",
        "github.ref == 'a' is false (github.ref is 'refs/heads/topic'); github.ref == 'b' is false (github.ref is 'refs/heads/topic')")]
    [InlineData("github.empty || github.fork || github.ref", "success() is true; github.fork is true")]
    [InlineData("github.fork && github.ref", "success() is true; github.fork is true; github.ref is 'refs/heads/topic'")]
    [InlineData("startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/tags/') is false (github.ref is 'refs/heads/topic')")]
    [InlineData("(github.fork && github).empty == 1", "(github.fork && github).empty == 1 is false ((github.fork && github).empty is '')")]
    [InlineData("steps.a && github.fork", "steps.a is unknown")]
    [InlineData("failure()", "failure() is false")]
    [InlineData("!success()", "success() is true")]
    public void A_condition_explains_what_decided_it(string source, string expected) => Assert.Equal(expected, Explain(source, Success));

    [Fact]
    public void After_a_failure_the_implied_success_is_what_decided()
    {
        Assert.Equal("success() is false", Explain("github.fork", Failure));
        Assert.Equal("success() is unknown", Explain("github.fork", null));
        Assert.Equal("success() is unknown; steps.a is unknown", Explain("steps.a", null));
        Assert.Equal("github.empty is ''", Explain("github.empty", null));
    }

    [Fact]
    public void Values_in_an_explanation_are_short_and_harmless()
    {
        var contexts = new Dictionary<string, ExpressionValue> { ["github"] = ObjectValue.Of(new() { ["ref"] = new StringValue("it's \u001b[31m" + new string('x', 200)) }) };
        var part = Assert.Single(Parse("github.ref == 'a'").Explain(new ExpressionEvaluator(contexts, new EvaluationBudget(), Success)));
        Assert.Equal("'it''s  [31m" + new string('x', 69) + "…'", Assert.Single(part.Operands).Value);
    }
}
