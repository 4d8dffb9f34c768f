using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Sentences of GitHub's 'Evaluate expressions in workflows and actions' and 'Contexts reference'.</summary>
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
    [InlineData("null", "Null", "")]
    [InlineData("true", "Boolean", "true")]
    [InlineData("711", "Number", "711")]
    [InlineData("-9.2", "Number", "-9.2")]
    [InlineData("0xff", "Number", "255")]
    [InlineData("0o17", "Number", "15")]
    [InlineData("-2.99e-2", "Number", "-0.0299")]
    [InlineData(".5", "Number", "0.5")]
    [InlineData("'Mona the Octocat'", "String", "Mona the Octocat")]
    [InlineData("'It''s open source!'", "String", "It's open source!")]
    [InlineData("github.sha", "String", "abc")]
    [InlineData("shithub.sha", "String", "abc")]
    [InlineData("GitHub.SHA", "String", "abc")]
    [InlineData("github['sha']", "String", "abc")]
    [InlineData("github.list[1]", "String", "two")]
    [InlineData("github.list[1.9]", "String", "two")]
    [InlineData("github.list['1']", "String", "two")]
    [InlineData("github.list[-1]", "Null", "")]
    [InlineData("github.list[99]", "Null", "")]
    [InlineData("github.map.with-dash", "Number", "1")]
    [InlineData("github.nothing.at.all", "Null", "")]
    [InlineData("github.sha.length", "Null", "")]
    [InlineData("github.map", "Object", "Object")]
    [InlineData("github.list", "Array", "Array")]
    public void Literals_and_properties(string expression, string kind, string text)
    {
        var value = Evaluate(expression);
        Assert.Equal(kind, value.Kind);
        Assert.Equal(text, Coercion.ToText(value));
    }

    [Theory]
    [InlineData("1 == '1'", true)]
    [InlineData("1 == '1.0'", true)]
    [InlineData("null == ''", true)]
    [InlineData("null == 0", true)]
    [InlineData("true == 1", true)]
    [InlineData("true == 'true'", false)]
    [InlineData("false == ''", true)]
    [InlineData("'abc' == 'ABC'", true)]
    [InlineData("'abc' != 'ABC'", false)]
    [InlineData("'a' < 'B'", true)]
    [InlineData("'x' == 0", false)]
    [InlineData("'x' < 0", false)]
    [InlineData("'x' >= 0", false)]
    [InlineData("NaN == NaN", false)]
    [InlineData("NaN != NaN", true)]
    [InlineData("Infinity > 1e300", true)]
    [InlineData("null >= null", true)]
    [InlineData("true > false", true)]
    [InlineData("github.map == github.map", true)]
    [InlineData("github.map == github.list", false)]
    [InlineData("github.map == 0", false)]
    [InlineData("github.map == null", false)]
    [InlineData("fromJSON('[1]') == fromJSON('[1]')", false)]
    [InlineData("'0x10' == 16", true)]
    [InlineData("' 5 ' == 5", true)]
    [InlineData("1 < 2 == true", true)]
    [InlineData("!true || true", true)]
    [InlineData("!(true || true)", false)]
    [InlineData("false && false || true", true)]
    [InlineData("true || false && false", true)]
    [InlineData("!github.sha", false)]
    [InlineData("!''", true)]
    [InlineData("!'0'", false)]
    [InlineData("!NaN", true)]
    [InlineData("contains('Hello world', 'LLO')", true)]
    [InlineData("contains(github.list, 'TWO')", true)]
    [InlineData("contains(github.list, 2)", false)]
    [InlineData("contains(github.labels.*.name, 'bug')", true)]
    [InlineData("contains(fromJSON('[\"push\", \"pull_request\"]'), 'push')", true)]
    [InlineData("contains(github.map, 'v')", false)]
    [InlineData("startsWith('Hello', 'he')", true)]
    [InlineData("endsWith('Hello', 'LO')", true)]
    [InlineData("startsWith(711, '71')", true)]
    [InlineData("startsWith(github.ref, 'refs/heads/')", true)]
    public void Operators_compare_with_GitHubs_coercions(string expression, bool expected) =>
        Assert.Equal(new BooleanValue(expected), Evaluate(expression));

    [Theory]
    [InlineData("github.n > 2 && 'yes' || 'no'", "yes")]
    [InlineData("github.nothing || 'default'", "default")]
    [InlineData("'' && 'x'", "")]
    [InlineData("format('Hello {0} {1} {0}', 'Mona', 'the')", "Hello Mona the Mona")]
    [InlineData("format('{{Hello {0}}}', 'x')", "{Hello x}")]
    [InlineData("join(github.labels.*.name, ', ')", "bug, p1")]
    [InlineData("join(github.labels.*.name)", "bug,p1")]
    [InlineData("join(github.map.*.name, '+')", "c+d")]
    [InlineData("join(github.list[*].name, '')", "ab")]
    [InlineData("join('one', ',')", "one")]
    [InlineData("toJSON('a\"b\\é<')", "\"a\\\"b\\\\é<\"")]
    [InlineData("toJSON(fromJSON('[1, {\"a\": null, \"b\": []}]'))", "[\n  1,\n  {\n    \"a\": null,\n    \"b\": []\n  }\n]")]
    [InlineData("fromJSON('{\"a\": {\"b\": 7}}').a.b", "7")]
    [InlineData("fromJSON('true') && 'x'", "x")]
    [InlineData("case(false, 'a', 1 == 1, 'b', 'c')", "b")]
    [InlineData("case(false, 'a', 'z')", "z")]
    [InlineData("0.1", "0.1")]
    [InlineData("1e21", "1E+21")]
    [InlineData("-0", "0")]
    public void Functions_and_values(string expression, string expected) =>
        Assert.Equal(expected, Coercion.ToText(Evaluate(expression)));

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
                // Refused, as it should be.
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, expression: {text}", exception);
            }
        }
    }
}
