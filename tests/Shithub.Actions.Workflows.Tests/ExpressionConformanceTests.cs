using System.Text.Json;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// GitHub's 'Evaluate expressions in workflows and actions', sentence by sentence and example by example. A test's name is the
/// sentence; where the page is silent, the name says what GitHub's runner does.
/// </summary>
public class ExpressionConformanceTests
{
    private const string Contexts = """
        {
          "github": {
            "ref": "refs/heads/main", "event_name": "push",
            "event": {"issue": {"labels": [{"name": "bug"}, {"name": "help wanted"}]}}
          },
          "env": {"continue": "true", "time": "3"},
          "job": {"status": "success"},
          "array": [1, "two", null, [3], {"four": 4}],
          "object": {"key": "value"},
          "nothing": null,
          "fruits": [{"name": "apple", "quantity": 1}, {"name": "orange", "quantity": 2}, {"name": "pear", "quantity": 1}],
          "vegetables": {
            "scallions": {"colors": ["green", "white", "red"], "ediblePortions": ["roots", "stalks"]},
            "beets": {"colors": ["purple", "red"], "ediblePortions": ["roots", "stems", "leaves"]},
            "artichokes": {"colors": ["green", "black"], "ediblePortions": ["hearts", "stems", "leaves"]}
          }
        }
        """;

    private static readonly ExpressionScope Scope = ExpressionScope.Of(JsonDocument.Parse(Contexts).RootElement.EnumerateObject().Select(context => context.Name));

    private static ExpressionValue Evaluate(string expression, StatusCheck? status = null)
    {
        var contexts = ((ObjectValue)ContextJson.Read(JsonDocument.Parse(Contexts).RootElement, [])).Members;
        return new ExpressionEvaluator(contexts.ToDictionary(), new EvaluationBudget(), status).Evaluate(ExpressionParser.Parse(expression, Scope));
    }

    private static void Gives(string expression, string json)
    {
        var value = Evaluate(expression);
        Assert.Equal(json, ContextJson.Write(value).Value?.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) ?? "null");
    }

    private static void Fails(string expression, string message)
    {
        var exception = Assert.ThrowsAny<Exception>(() => Evaluate(expression));
        Assert.True(exception is ExpressionSyntaxException or EvaluationException, exception.ToString());
        Assert.Contains(message, exception.Message + ((exception as ExpressionSyntaxException)?.Suggestion ?? ""), StringComparison.Ordinal);
    }

    // Literals

    [Theory]
    [InlineData("true", "Boolean", "true")]
    [InlineData("false", "Boolean", "false")]
    [InlineData("null", "Null", "null")]
    [InlineData("711", "Number", "711")]
    [InlineData("'x'", "String", "\"x\"")]
    public void As_part_of_an_expression_you_can_use_boolean_null_number_or_string_data_types(string expression, string kind, string json)
    {
        Assert.Equal(kind, Evaluate(expression).Kind);
        Gives(expression, json);
    }

    [Theory]
    [InlineData("-9.2", "-9.2")]
    [InlineData("0xff", "255")]
    [InlineData("-2.99e-2", "-0.0299")]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("1E3", "1000")]
    [InlineData("1e+3", "1000")]
    [InlineData("0.5e1", "5")]
    public void Any_number_format_supported_by_JSON_and_the_example_of_literals(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("+1", "1")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("-.5", "-0.5")]
    [InlineData("0o17", "15")]
    [InlineData("0xFF", "255")]
    [InlineData("0xffffffff", "-1")]
    [InlineData("0o37777777777", "-1")]
    [InlineData("007", "7")]
    [InlineData("Infinity", "\"Infinity\"")]
    [InlineData("-Infinity", "\"-Infinity\"")]
    [InlineData("NaN", "\"NaN\"")]
    public void GitHubs_runner_reads_these_numbers_too(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("0x")]
    [InlineData("0x1ffffffff")]
    [InlineData("0o8")]
    [InlineData("1_000")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("--1")]
    [InlineData("1a")]
    [InlineData("1-2")]
    [InlineData("True")]
    [InlineData("NULL")]
    [InlineData("nan")]
    public void These_are_no_literals(string expression) => Fails(expression, "");

    [Theory]
    [InlineData("'Mona the Octocat'", "\"Mona the Octocat\"")]
    [InlineData("'It''s open source!'", "\"It's open source!\"")]
    [InlineData("''''", "\"'\"")]
    [InlineData("''''''", "\"''\"")]
    [InlineData("''", "\"\"")]
    [InlineData("'\\n \"'", "\"\\\\n \\\"\"")]
    [InlineData("'}}'", "\"}}\"")]
    public void To_use_a_literal_single_quote_escape_the_literal_single_quote_using_an_additional_single_quote(string expression, string json) =>
        Gives(expression, json);

    [Fact]
    public void Wrapping_with_double_quotes_will_throw_an_error() => Fails("\"x\"", "single quotes");

    [Fact]
    public void You_do_not_need_to_enclose_strings_in_expression_syntax()
    {
        var template = Template.FromText("Mona the Octocat", "env.x", new SourcePosition(1, 1), Scope, new DiagnosticBag("f"));
        Assert.Equal(new StringValue("Mona the Octocat"), template.Evaluate(new ExpressionEvaluator(new Dictionary<string, ExpressionValue>(), new())));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("''")]
    [InlineData("null")]
    [InlineData("NaN")]
    public void In_conditionals_falsy_values_are_coerced_to_false(string expression)
    {
        Gives($"!{expression}", "true");
        Gives($"{expression} && 'yes' || 'no'", "\"no\"");
    }

    [Theory]
    [InlineData("true")]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("Infinity")]
    [InlineData("' '")]
    [InlineData("'false'")]
    [InlineData("'0'")]
    [InlineData("array")]
    [InlineData("object")]
    [InlineData("fromJSON('[]')")]
    [InlineData("fromJSON('{}')")]
    public void And_truthy_ones_are_coerced_to_true(string expression)
    {
        Gives($"!{expression}", "false");
        Gives($"{expression} && 'yes' || 'no'", "\"yes\"");
    }

    // Operators

    [Theory]
    [InlineData("(1)", "1")]
    [InlineData("array[1]", "\"two\"")]
    [InlineData("object.key", "\"value\"")]
    [InlineData("!true", "false")]
    [InlineData("1 < 2", "true")]
    [InlineData("2 <= 2", "true")]
    [InlineData("2 > 1", "true")]
    [InlineData("2 >= 3", "false")]
    [InlineData("1 == 1", "true")]
    [InlineData("1 != 1", "false")]
    [InlineData("1 && 2", "2")]
    [InlineData("0 || 2", "2")]
    public void The_table_of_operators(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("!2 < 3", "!(2 < 3)", "true", "false")]
    [InlineData("3 < 2 < 1", "3 < (2 < 1)", "true", "false")]
    [InlineData("3 < 2 <= 1", "3 < (2 <= 1)", "true", "false")]
    [InlineData("0 > 0 < 1", "0 > (0 < 1)", "true", "false")]
    [InlineData("2 > 2 > 0", "2 > (2 > 0)", "false", "true")]
    [InlineData("2 <= 3 == true", "2 <= (3 == true)", "true", "false")]
    [InlineData("2 == 2 == 1", "2 == (2 == 1)", "true", "false")]
    [InlineData("2 == 2 != 0", "2 == (2 != 0)", "true", "false")]
    [InlineData("1 == 1 && 2", "1 == (1 && 2)", "2", "false")]
    [InlineData("false && 0 || null", "false && (0 || null)", "null", "false")]
    [InlineData("1 || 2 && 3", "(1 || 2) && 3", "1", "3")]
    [InlineData("!object.key", "(!object).key", "false", "null")]
    [InlineData("3 > array[0]", "(3 > array)[0]", "true", "null")]
    public void Operators_bind_in_the_order_of_the_table_and_equal_ones_from_left_to_right(
        string expression, string grouped, string json, string groupedJson)
    {
        Gives(expression, json);
        Gives(grouped, groupedJson);
    }

    [Theory]
    [InlineData("'HELLO' == 'hello'", "true")]
    [InlineData("'ÄÖÜ' == 'äöü'", "true")]
    [InlineData("'a' < 'B'", "true")]
    [InlineData("'B' > 'a'", "true")]
    [InlineData("'A' >= 'a'", "true")]
    [InlineData("'a ' == 'a'", "false")]
    public void GitHub_ignores_case_when_comparing_strings(string expression, string json) => Gives(expression, json);

    [Fact]
    public void For_numerical_comparison_the_fromJSON_function_can_be_used_to_convert_a_string_to_a_number()
    {
        Gives("'10' < '9'", "true");
        Gives("fromJSON('10') < fromJSON('9')", "false");
    }

    [Theory]
    [InlineData("null == 0", "true")]
    [InlineData("null == ''", "true")]
    [InlineData("null == false", "true")]
    [InlineData("true == 1", "true")]
    [InlineData("false == 0", "true")]
    [InlineData("true == '1'", "true")]
    [InlineData("true == 'true'", "false")]
    [InlineData("'' == 0", "true")]
    [InlineData("'12' == 12", "true")]
    [InlineData("' 12 ' == 12", "true")]
    [InlineData("'1.2e1' == 12", "true")]
    [InlineData("'0xc' == 12", "true")]
    [InlineData("'12a' == 12", "false")]
    [InlineData("'1,200' == 1200", "false")]
    [InlineData("array == 0", "false")]
    [InlineData("object == 1", "false")]
    [InlineData("array == ''", "false")]
    [InlineData("array == null", "false")]
    [InlineData("object != null", "true")]
    [InlineData("object == array", "false")]
    [InlineData("'Object' == object", "false")]
    public void If_the_types_do_not_match_GitHub_coerces_the_type_to_a_number(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("'abc' > 0")]
    [InlineData("'abc' < 0")]
    [InlineData("'abc' >= 0")]
    [InlineData("'abc' <= 0")]
    [InlineData("NaN >= NaN")]
    [InlineData("NaN == NaN")]
    [InlineData("array > 0")]
    [InlineData("array <= array[0]")]
    [InlineData("object < true")]
    public void When_NaN_is_one_of_the_operands_of_any_relational_comparison_the_result_is_always_false(string expression) => Gives(expression, "false");

    [Theory]
    [InlineData("array == array", "true")]
    [InlineData("object == object", "true")]
    [InlineData("array[3] == array[3]", "true")]
    [InlineData("fromJSON('[1]') == fromJSON('[1]')", "false")]
    [InlineData("fromJSON('{}') != fromJSON('{}')", "true")]
    [InlineData("array.* == array", "false")]
    public void Objects_and_arrays_are_only_considered_equal_when_they_are_the_same_instance(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("true > false", "true")]
    [InlineData("false > true", "false")]
    [InlineData("true >= true", "true")]
    [InlineData("null > null", "false")]
    [InlineData("null >= null", "true")]
    [InlineData("false > -11", "true")]
    [InlineData("true > '0'", "true")]
    [InlineData("' 1 ' > 0", "true")]
    [InlineData("Infinity > 1e308", "true")]
    public void GitHubs_runner_orders_booleans_nulls_and_infinity_like_this(string expression, string json) => Gives(expression, json);

    // Functions

    [Theory]
    [InlineData("null", "\"\"")]
    [InlineData("true", "\"true\"")]
    [InlineData("false", "\"false\"")]
    [InlineData("12", "\"12\"")]
    [InlineData("-2.0", "\"-2\"")]
    [InlineData("1.50", "\"1.5\"")]
    [InlineData("0.84551240822557006", "\"0.84551240822557\"")]
    [InlineData("123456789012345", "\"123456789012345\"")]
    [InlineData("1e15", "\"1E+15\"")]
    [InlineData("0.00001", "\"1E-05\"")]
    [InlineData("-0", "\"0\"")]
    [InlineData("Infinity", "\"Infinity\"")]
    public void GitHub_casts_data_types_to_a_string_using_these_conversions(string expression, string json) => Gives($"format('{{0}}', {expression})", json);

    [Theory]
    [InlineData("array", "Array")]
    [InlineData("object", "Object")]
    public void Arrays_and_objects_are_not_converted_to_a_string(string expression, string name)
    {
        // What GitHub's runner writes for them.
        Gives($"format('{{0}}', {expression})", $"\"{name}\"");
        Gives($"contains({expression}.nothing, '{name}')", "false");
        Gives($"startsWith({expression}, '{name}')", "false");
    }

    [Theory]
    [InlineData("contains('Hello world', 'llo')", "true")]
    [InlineData("contains(github.event.issue.labels.*.name, 'bug')", "true")]
    [InlineData("contains(fromJSON('[\"push\", \"pull_request\"]'), github.event_name)", "true")]
    [InlineData("contains('Hello world', 'LLO')", "true")]
    [InlineData("contains(github.event.issue.labels.*.name, 'BUG')", "true")]
    [InlineData("contains(github.event.issue.labels.*.name, 'bu')", "false")]
    [InlineData("contains('711', 11)", "true")]
    [InlineData("contains(711, '11')", "true")]
    [InlineData("contains('true', true)", "true")]
    [InlineData("contains('x', '')", "true")]
    [InlineData("contains('x', null)", "true")]
    [InlineData("contains(array, '1')", "true")]
    [InlineData("contains(array, null)", "true")]
    [InlineData("contains(array, array[3])", "true")]
    [InlineData("contains(array, fromJSON('[3]'))", "false")]
    [InlineData("contains(object, 'value')", "false")]
    [InlineData("contains('Object', object)", "false")]
    [InlineData("contains(nothing, 'x')", "false")]
    public void Contains_returns_true_if_search_contains_item(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("startsWith('Hello world', 'He')", "true")]
    [InlineData("startsWith('Hello world', 'he')", "true")]
    [InlineData("startsWith('Hello world', 'ello')", "false")]
    [InlineData("startsWith(123, 12)", "true")]
    [InlineData("startsWith('x', '')", "true")]
    [InlineData("startsWith(null, '')", "true")]
    [InlineData("startsWith(array, 'A')", "false")]
    public void StartsWith_returns_true_when_searchString_starts_with_searchValue(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("endsWith('Hello world', 'ld')", "true")]
    [InlineData("endsWith('Hello world', 'LD')", "true")]
    [InlineData("endsWith('Hello world', 'lo')", "false")]
    [InlineData("endsWith(123, 23)", "true")]
    [InlineData("endsWith(true, 'ue')", "true")]
    [InlineData("endsWith(object, 'ect')", "false")]
    public void EndsWith_returns_true_if_searchString_ends_with_searchValue(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("format('Hello {0} {1} {2}', 'Mona', 'the', 'Octocat')", "\"Hello Mona the Octocat\"")]
    [InlineData("format('{{Hello {0} {1} {2}!}}', 'Mona', 'the', 'Octocat')", "\"{Hello Mona the Octocat!}\"")]
    [InlineData("format('{1}{0}{1}', 'a', 'b')", "\"bab\"")]
    [InlineData("format('{{0}}', 'abc')", "\"{0}\"")]
    [InlineData("format('{{{0}}}', 'abc')", "\"{abc}\"")]
    [InlineData("format('{{{{0}}}}', 'abc')", "\"{{0}}\"")]
    [InlineData("format('}}{{')", "\"}{\"")]
    [InlineData("format('{00}', 'abc')", "\"abc\"")]
    [InlineData("format('{0}', '{1}')", "\"{1}\"")]
    [InlineData("format(null)", "\"\"")]
    [InlineData("format('x')", "\"x\"")]
    [InlineData("format(1)", "\"1\"")]
    public void Format_replaces_values_in_the_string_with_the_variable_replaceValueN(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("format('{0', 1)", "not valid")]
    [InlineData("format('0}', 1)", "not valid")]
    [InlineData("format('{{0}', 1)", "not valid")]
    [InlineData("format('{0}}', 1)", "not valid")]
    [InlineData("format('{}', 1)", "not valid")]
    [InlineData("format('{ 0 }', 1)", "not valid")]
    [InlineData("format('{0:x}', 1)", "not valid")]
    [InlineData("format('{-1}', 1)", "not valid")]
    [InlineData("format('{1}', 1)", "names argument {1}, which is not there")]
    [InlineData("format()", "takes 1 or more arguments")]
    public void Escape_curly_braces_using_double_braces(string expression, string message) => Fails(expression, message);

    [Theory]
    [InlineData("join(github.event.issue.labels.*.name, ', ')", "\"bug, help wanted\"")]
    [InlineData("join(github.event.issue.labels.*.name)", "\"bug,help wanted\"")]
    [InlineData("join('abc', '-')", "\"abc\"")]
    [InlineData("join(123.456)", "\"123.456\"")]
    [InlineData("join(null)", "\"\"")]
    [InlineData("join(object, ',')", "\"\"")]
    [InlineData("join(fromJSON('[]'), ',')", "\"\"")]
    [InlineData("join(array, null)", "\"1twoArrayObject\"")]
    [InlineData("join(array, true)", "\"1truetwotruetrueArraytrueObject\"")]
    [InlineData("join(array, array)", "\"1,two,,Array,Object\"")]
    public void Join_concatenates_all_values_in_array_into_a_string(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("toJSON(job)", "{\n  \"status\": \"success\"\n}")]
    [InlineData("toJSON(null)", "null")]
    [InlineData("toJSON(1234.5)", "1234.5")]
    [InlineData("toJSON('a\"b')", "\"a\\\"b\"")]
    [InlineData("toJSON(array)", "[\n  1,\n  \"two\",\n  null,\n  [\n    3\n  ],\n  {\n    \"four\": 4\n  }\n]")]
    [InlineData("toJSON(fromJSON('[]'))", "[]")]
    [InlineData("toJSON(fromJSON('{}'))", "{}")]
    [InlineData("toJSON(fruits.*.quantity)", "[\n  1,\n  2,\n  1\n]")]
    [InlineData("tojson('é<&''/')", "\"é<&'/\"")]
    public void ToJSON_returns_a_pretty_print_JSON_representation_of_value(string expression, string text) =>
        Assert.Equal(new StringValue(text), Evaluate(expression));

    [Theory]
    [InlineData("fromJSON('{\"include\":[{\"project\":\"foo\",\"config\":\"Debug\"},{\"project\":\"bar\",\"config\":\"Release\"}]}').include[1].project", "\"bar\"")]
    [InlineData("fromJSON(env.continue)", "true")]
    [InlineData("fromJSON(env.time)", "3")]
    [InlineData("fromJSON('null')", "null")]
    [InlineData("fromJSON('\"x\"')", "\"x\"")]
    [InlineData("fromJSON(' [1, 2]\n')", "[1,2]")]
    [InlineData("fromJSON('-1.5e3')", "-1500")]
    [InlineData("fromJSON(toJSON(fruits))[2].name", "\"pear\"")]
    [InlineData("fromJSON('{\"a\": 1}').A", "1")]
    [InlineData("fromJSON(true)", "true")]
    [InlineData("fromJSON(1)", "1")]
    public void FromJSON_returns_a_JSON_object_or_JSON_data_type_for_value(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("fromJSON('')")]
    [InlineData("fromJSON(null)")]
    [InlineData("fromJSON('{')")]
    [InlineData("fromJSON('x')")]
    [InlineData("fromJSON('[1,]')")]
    [InlineData("fromJSON('1 2')")]
    [InlineData("fromJSON(array)")]
    public void What_is_no_JSON_is_an_error_of_fromJSON(string expression) => Fails(expression, "'fromJSON' got ");

    [Fact]
    public void You_can_provide_a_single_path_pattern_or_multiple_path_patterns_separated_by_commas()
    {
        var scope = ExpressionScope.StepRun;
        var evaluator = new ExpressionEvaluator(new Dictionary<string, ExpressionValue>(), new(), hashFiles: patterns => string.Join('|', patterns));
        Assert.Equal(new StringValue("a"), evaluator.Evaluate(ExpressionParser.Parse("hashFiles('a')", scope)));
        Assert.Equal(new StringValue("a|!b|7"), evaluator.Evaluate(ExpressionParser.Parse("hashFiles('a', '!b', 7)", scope)));
        Fails("hashFiles()", "'hashFiles' takes 1 or more arguments, not 0");
    }

    [Theory]
    [InlineData("case(github.ref == 'refs/heads/main', 'production', 'development')", "\"production\"")]
    [InlineData("case(github.ref == 'refs/heads/topic', 'production', 'development')", "\"development\"")]
    [InlineData("case(\n github.ref == 'refs/heads/staging', 'staging',\n startsWith(github.ref, 'refs/heads/'), 'development',\n 'unknown'\n)", "\"development\"")]
    [InlineData("case(true, 1, true, 2, 3)", "1")]
    [InlineData("case(false, 'x', null)", "null")]
    [InlineData("case(true, array, 1)[0]", "1")]
    public void Case_evaluates_predicates_in_order_and_returns_the_value_corresponding_to_the_first_predicate_that_evaluates_to_true(string expression, string json) =>
        Gives(expression, json);

    [Fact]
    public void Case_evaluates_nothing_after_the_predicate_that_is_true() => Gives("case(true, 1, fromJSON(''), 2, fromJSON(''))", "1");

    [Theory]
    [InlineData("case('true', 1, 2)", "must be a boolean")]
    [InlineData("case(1, 1, 2)", "must be a boolean")]
    [InlineData("case(null, 1, 2)", "must be a boolean")]
    [InlineData("case(array, 1, 2)", "must be a boolean")]
    [InlineData("case(true, 1, false, 2)", "pairs of a condition and a value")]
    [InlineData("case(true, 1)", "3 or more")]
    public void Case_takes_booleans_and_a_default(string expression, string message) => Fails(expression, message);

    [Theory]
    [InlineData("CONTAINS('a', 'A')", "true")]
    [InlineData("FromJson('1')", "1")]
    [InlineData("GitHub.REF", "\"refs/heads/main\"")]
    [InlineData("format ('x')", "\"x\"")]
    [InlineData(" 1\t==\r\n1 ", "true")]
    [InlineData("github . ref", "\"refs/heads/main\"")]
    [InlineData("github [ 'ref' ]", "\"refs/heads/main\"")]
    public void Names_have_no_case_and_white_space_does_not_count(string expression, string json) => Gives(expression, json);

    // Status check functions

    [Theory]
    [InlineData("success", "true", "false", "true", "false")]
    [InlineData("failure", "false", "true", "true", "false")]
    [InlineData("cancelled", "false", "false", "true", "true")]
    public void Success_always_cancelled_and_failure_say_how_the_job_stands(string status, string success, string failure, string always, string cancelled)
    {
        string Text(string expression) => Coercion.ToText(Evaluate(expression, StatusCheck.Of(status)));
        Assert.Equal((success, failure, always, cancelled), (Text("success()"), Text("failure()"), Text("always()"), Text("cancelled()")));
    }

    [Fact]
    public void Outside_if_conditionals_you_can_use_job_status_to_access_the_job_status() => Gives("job.status", "\"success\"");

    [Fact]
    public void Status_check_functions_take_no_argument() => Fails("success('build')", "'success' takes 0 arguments, not 1");

    // Object filters

    [Theory]
    [InlineData("fruits.*.name", "[\"apple\",\"orange\",\"pear\"]")]
    [InlineData("fruits[*].name", "[\"apple\",\"orange\",\"pear\"]")]
    [InlineData("fruits.*['name']", "[\"apple\",\"orange\",\"pear\"]")]
    [InlineData("fruits.*.none", "[]")]
    [InlineData("vegetables.*.ediblePortions", "[[\"roots\",\"stalks\"],[\"roots\",\"stems\",\"leaves\"],[\"hearts\",\"stems\",\"leaves\"]]")]
    [InlineData("vegetables.*.ediblePortions[0]", "[\"roots\",\"roots\",\"hearts\"]")]
    [InlineData("vegetables.*.ediblePortions.*", "[\"roots\",\"stalks\",\"roots\",\"stems\",\"leaves\",\"hearts\",\"stems\",\"leaves\"]")]
    [InlineData("object.*", "[\"value\"]")]
    [InlineData("github.ref.*", "[]")]
    [InlineData("nothing.*.x", "[]")]
    [InlineData("(fruits.*.name)[0]", "[]")]
    [InlineData("fruits.*.name == fruits.*.name", "false")]
    public void You_can_use_the_asterisk_syntax_to_apply_a_filter_and_select_matching_items_in_a_collection(string expression, string json) =>
        Gives(expression, json);

    // What is no expression

    [Theory]
    [InlineData("1 = 1", "'=='")]
    [InlineData("1 & 1", "'&&'")]
    [InlineData("1 | 1", "'||'")]
    [InlineData("1 +1", "unexpected '+1'")]
    [InlineData("a ? b : c", "unexpected '?'")]
    [InlineData("github.ref ? 1 : 2", "unexpected '?'")]
    [InlineData("github.b@r", "unexpected '@'")]
    [InlineData("github.1", "unexpected '1'")]
    [InlineData("github.'x'", "unexpected ''x''")]
    [InlineData("github.ref.", "ends too early")]
    [InlineData("github[]", "unexpected ']'")]
    [InlineData("github['ref'", "ends too early")]
    [InlineData("contains('a',)", "unexpected ')'")]
    [InlineData("contains(,'a')", "unexpected ','")]
    [InlineData("()", "unexpected ')'")]
    [InlineData("(1", "ends too early")]
    [InlineData("1)", "unexpected ')'")]
    [InlineData("* 1", "unexpected '*'")]
    [InlineData("!", "ends too early")]
    [InlineData("'it's'", "no closing quote")]
    [InlineData("'open", "no closing quote")]
    [InlineData("toUpper('x')", "there is no function 'toUpper'")]
    [InlineData("endWith('x', 'y')", "did you mean 'endsWith'?")]
    [InlineData("", "there is no expression")]
    public void What_is_no_expression_is_refused(string expression, string message) => Fails(expression, message);
}
