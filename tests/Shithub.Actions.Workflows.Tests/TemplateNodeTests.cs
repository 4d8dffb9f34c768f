using System.Text.Json;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Tests;

public class TemplateNodeTests
{
    private const string Matrix = """
        os: [a, '${{ vars.os }}']
        n: [1, 0x10, 1.5, true, ~, '1', "", '${{ vars.n }}', 'x${{ vars.n }}']
        include:
          - {os: a, deep: [['${{ vars.list }}']]}
        """;

    private static readonly ExpressionEvaluator Evaluator = new(
        new Dictionary<string, ExpressionValue>
        {
            ["vars"] = JsonValues.From(JsonDocument.Parse("""{"os": "b", "n": 7, "list": [1, null]}""").RootElement, tainted: false),
            ["github"] = JsonValues.From(JsonDocument.Parse("""{"ref": "x"}""").RootElement, tainted: true),
        },
        new EvaluationBudget());

    private static TemplateNode Parse(string yaml, DiagnosticBag diagnostics)
    {
        var node = YamlReader.Read(yaml, diagnostics);
        return TemplateNode.Parse(node!, DocumentPath.Root.Key("jobs").Key("a").Key("strategy").Key("matrix"), ExpressionScope.Strategy, diagnostics);
    }

    private static TemplateNode Parse(string yaml)
    {
        var diagnostics = new DiagnosticBag("f");
        var node = Parse(yaml, diagnostics);
        Assert.False(diagnostics.HasErrors, string.Join('\n', diagnostics.ToList()));
        return node;
    }

    private static string Problems(string yaml)
    {
        var diagnostics = new DiagnosticBag("f");
        Parse(yaml, diagnostics);
        return string.Join('\n', diagnostics.ToList().Select(diagnostic => $"{diagnostic} [{diagnostic.DocumentPath}]"));
    }

    private static string Value(TemplateNode node) => ContextJson.Write(node.Evaluate(Evaluator)).Value!.ToJsonString();

    [Fact]
    public void Literals_keep_their_type_and_single_expressions_give_theirs() => Assert.Equal(
        """{"os":["a","b"],"n":[1,16,1.5,true,null,"1","",7,"x7"],"include":[{"os":"a","deep":[[1,null]]}]}""", Value(Parse(Matrix)));

    [Fact]
    public void It_says_where_its_expressions_are()
    {
        var mapping = Assert.IsType<TemplateMapping>(Parse(Matrix));
        Assert.True(mapping.HasExpressions);
        var os = Assert.IsType<TemplateSequence>(mapping.Find("OS"));
        Assert.False(os.Items[0].HasExpressions);
        Assert.Equal(new StringValue("a"), Assert.IsType<TemplateScalar>(os.Items[0]).Literal);
        Assert.Null(Assert.IsType<TemplateScalar>(os.Items[1]).Literal);
        Assert.Equal(new SourcePosition(1, 9), os.Items[1].Position);
        Assert.Equal("jobs.a.strategy.matrix.os[1]", os.Items[1].Path.ToString());
    }

    [Fact]
    public void Taint_stays_with_the_part_that_has_it()
    {
        var value = Parse("{a: [x, '${{ github.ref }}'], b: y}").Evaluate(Evaluator);
        Assert.Equal(["/a/1"], ContextJson.Write(value).Tainted);
    }

    [Fact]
    public void What_is_not_known_yet_is_unknown_where_it_stands()
    {
        var value = (ObjectValue)Parse("{a: ['${{ needs.x.outputs.y }}'], b: y}").Evaluate(Evaluator);
        Assert.True(value.HasUnknown);
        Assert.IsType<UnknownValue>(Assert.IsType<ArrayValue>(value.Members["a"]).Items[0]);
        Assert.Equal(new StringValue("y"), value.Members["b"]);
    }

    [Theory]
    [InlineData("'${{ insert }}': 1", "f:1:1: error: '${{ insert }}' is not supported; write the entries out, or give the whole value as ${{ fromJSON(…) }}")]
    [InlineData("? '${{insert}}'\n: 1", "f:1:3: error: '${{ insert }}' is not supported; write the entries out, or give the whole value as ${{ fromJSON(…) }}")]
    [InlineData("'${{ vars.x }}': 1", "f:1:1: error: a key cannot be an expression here; give the whole value as ${{ fromJSON(…) }}")]
    [InlineData("{os: 1, OS: 2}", "f:1:9: error: the key 'OS' is already defined; case makes no difference in expressions")]
    [InlineData("os: [\"${{ secrets.x }}\"]", "f:1:11: error: the context 'secrets' is not available under 'jobs.<job_id>.strategy'")]
    [InlineData("python: [3.9, 3.10]", "f:1:15: warning: YAML reads 3.10 as a number, so this becomes '3.1'; write '3.10' in quotes to keep it as it is")]
    public void What_is_wrong_is_said_with_its_place(string yaml, string expected) =>
        Assert.StartsWith(expected, Problems(yaml), StringComparison.Ordinal);

    [Fact]
    public void It_goes_over_the_wire_as_the_author_wrote_it()
    {
        var json = Parse(Matrix).ToJson()!.ToJsonString();
        Assert.Contains("\"n\":[1,16,1.5,true,null,\"1\",\"\",\"${{ vars.n }}\",\"x${{ vars.n }}\"]", json, StringComparison.Ordinal);
        var diagnostics = new DiagnosticBag("f");
        var again = TemplateNode.FromJson(JsonDocument.Parse(json).RootElement, "jobs.a.strategy.matrix", new SourcePosition(4, 7), ExpressionScope.Strategy, diagnostics);
        Assert.Empty(diagnostics.ToList());
        Assert.Equal(Value(Parse(Matrix)), Value(again));
        Assert.Equal("jobs.a.strategy.matrix.os[1]", ((TemplateSequence)((TemplateMapping)again).Find("os")!).Items[1].Path.ToString());
    }
}
