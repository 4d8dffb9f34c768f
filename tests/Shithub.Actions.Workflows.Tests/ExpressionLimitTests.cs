using System.Diagnostics;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>The worst that an expression may ask for. Each ends with an error, in milliseconds, before it has used much memory.</summary>
public class ExpressionLimitTests
{
    private static readonly Dictionary<string, ExpressionValue> Contexts = new()
    {
        ["github"] = ObjectValue.Of(new(StringComparer.OrdinalIgnoreCase)
        {
            ["text"] = new StringValue(new string('x', 100_000)),
            ["braces"] = new StringValue(string.Concat(Enumerable.Repeat("{0}", 100_000))),
            ["list"] = ArrayValue.Of([.. Enumerable.Range(0, 10_000).Select(i => new NumberValue(i))]),
            ["json"] = new StringValue("[" + string.Join(',', Enumerable.Repeat("0", 500_000)) + "]"),
            ["long"] = new StringValue(new string(' ', 1_099_998) + "0"),
            ["deep"] = new StringValue(new string('[', 100_000) + new string(']', 100_000)),
        }),
    };

    private static string Error(string expression)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var diagnostics = new DiagnosticBag("f");
        var template = Template.FromExpression(expression, ExpressionScope.Any, diagnostics);
        if (!diagnostics.HasErrors)
        {
            var exception = Assert.Throws<TemplateException>(() => template.Evaluate(new ExpressionEvaluator(Contexts, new EvaluationBudget())));
            exception.Report(diagnostics);
        }

        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 96L * 1024 * 1024, $"allocated {allocated} bytes");
        return Assert.Single(diagnostics.ToList()).Message;
    }

    private static string Nested(string open, string inner, string close, int times) =>
        string.Concat(Enumerable.Repeat(open, times)) + inner + string.Concat(Enumerable.Repeat(close, times));

    [Theory]
    [InlineData("(", "1", ")")]
    [InlineData("!", "1", "")]
    [InlineData("[", "1", "]")]
    [InlineData("github[", "1", "]")]
    [InlineData("github", ".a", "")]
    [InlineData("format(", "1", ")")]
    [InlineData("1==", "1", "")]
    [InlineData("1<", "1", "")]
    [InlineData("'", ".", "'")]
    [InlineData("}}", "", "{{")]
    [InlineData("${{", "", "}}")]
    public void Ten_thousand_levels_are_refused(string open, string inner, string close) => Error(Nested(open, inner, close, 10_000));

    [Fact]
    public void Fifty_levels_are_fine_and_one_more_is_not()
    {
        Error(Nested("(", "1", ")", WorkflowLimits.MaxExpressionDepth + 1));
        Assert.IsType<NumberValue>(new ExpressionEvaluator(Contexts, new EvaluationBudget())
            .Evaluate(ExpressionParser.Parse(Nested("(", "1", ")", WorkflowLimits.MaxExpressionDepth), ExpressionScope.Any)));
    }

    [Fact]
    public void An_expression_over_21000_characters_is_refused() => Assert.Equal(
        "an expression may have 21000 characters; this one has 21001", Error("'" + new string('x', 20_999) + "'"));

    [Fact]
    public void An_expression_of_21000_characters_is_fine()
    {
        var value = new ExpressionEvaluator(Contexts, new EvaluationBudget())
            .Evaluate(ExpressionParser.Parse("'" + new string('x', 20_998) + "'", ExpressionScope.Any));
        Assert.Equal(20_998, Assert.IsType<StringValue>(value).Value.Length);
    }

    [Fact]
    public void A_format_that_doubles_itself_runs_out_of_characters()
    {
        const string Message = "the expressions of this workflow produce more than 16777216 characters";
        Assert.Equal(Message, Error(Nested("format('{0}{0}{0}{0}', ", "github.text", ")", 40)));
        Assert.Equal(Message, Error("format(github.braces, github.text)"));
        Assert.Equal(Message, Error("format('" + string.Concat(Enumerable.Repeat("{0}", 6_000)) + "', github.text)"));
    }

    [Fact]
    public void A_join_with_a_long_separator_runs_out_of_characters() =>
        Assert.Contains("more than 16777216 characters", Error("join(github.list, github.text)"), StringComparison.Ordinal);

    [Fact]
    public void A_toJSON_of_a_toJSON_runs_out_of_characters() =>
        Assert.Contains("more than 16777216 characters", Error(Nested("toJSON(", "github", ")", 40)), StringComparison.Ordinal);

    [Fact]
    public void A_fromJSON_of_many_small_values_runs_out_of_them()
    {
        Assert.Contains("more than 16777216 characters", Error("fromJSON(github.json)[0] == fromJSON(github.json)[0]"), StringComparison.Ordinal);
        Assert.Equal("'fromJSON' takes 1048576 characters; it got 1099999", Error("fromJSON(github.long)"));
    }

    [Fact]
    public void JSON_that_is_a_hundred_thousand_levels_deep_is_refused() =>
        Assert.Contains("'fromJSON' got no JSON", Error("fromJSON(github.deep)"), StringComparison.Ordinal);

    [Fact]
    public void A_filter_of_filters_runs_out_of_values() => Assert.Contains(
        "more than 16777216 characters", Error("join(fromJSON(format('[{0}]', join(github.list))).*, github.text)"), StringComparison.Ordinal);

    [Fact]
    public void A_search_through_a_long_text_for_a_long_text_ends()
    {
        var value = new ExpressionEvaluator(Contexts, new EvaluationBudget())
            .Evaluate(ExpressionParser.Parse("contains(github.text, format('{0}y', github.text))", ExpressionScope.Any));
        Assert.Equal(new BooleanValue(false), value);
    }
}
