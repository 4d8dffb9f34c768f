using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

public class ContextJsonTests
{
    private const string Contexts = """
        {"github": {"sha": "abc", "ref": "x", "event": {"n": 1, "labels": [{"a/b": "p", "c~d": "q"}, null]}, "e": {}}, "matrix": {"os": ["a", "b"]}}
        """;

    private static ExpressionValue Read(string json, params string[] pointers) =>
        ContextJson.Read(JsonDocument.Parse(json).RootElement, pointers);

    private static ExpressionValue Evaluate(string expression, ExpressionValue contexts)
    {
        var members = ((ObjectValue)contexts).Members;
        var scope = ExpressionScope.Of(members.Keys);
        return new ExpressionEvaluator(members.ToDictionary(), new EvaluationBudget()).Evaluate(ExpressionParser.Parse(expression, scope));
    }

    [Theory]
    [InlineData("github.sha", false)]
    [InlineData("github.ref", true)]
    [InlineData("github.event.n", true)]
    [InlineData("github.event.labels[0]['a/b']", true)]
    [InlineData("github.event.absent", true)]
    [InlineData("github.absent", false)]
    [InlineData("matrix.os[0]", false)]
    [InlineData("matrix.os[1]", true)]
    [InlineData("matrix.os", true)]
    [InlineData("toJSON(github)", true)]
    public void A_pointer_taints_all_below_it_and_nothing_beside_it(string expression, bool tainted) =>
        Assert.Equal(tainted, Evaluate(expression, Read(Contexts, "/github/ref", "/github/event", "/matrix/os/1", "/nowhere/0")).Tainted);

    [Fact]
    public void Slashes_and_tildes_in_names_are_escaped_as_RFC_6901_says()
    {
        string[] pointers = ["/github/event/labels/0/a~1b", "/github/event/labels/0/c~0d"];
        var value = Read(Contexts, pointers);
        Assert.True(Evaluate("github.event.labels[0]['a/b']", value).Tainted);
        Assert.True(Evaluate("github.event.labels[0]['c~d']", value).Tainted);
        Assert.False(Evaluate("github.event.n", value).Tainted);
        // Both members of it are tainted: one pointer for the whole of it.
        Assert.Equal(["/github/event/labels/0"], ContextJson.Write(value).Tainted);
    }

    [Fact]
    public void A_value_that_is_wholly_tainted_has_one_pointer()
    {
        Assert.Equal([""], ContextJson.Write(Read(Contexts, "")).Tainted);
        Assert.Equal(["/github/event"], ContextJson.Write(Read(Contexts, "/github/event")).Tainted);
        Assert.Empty(ContextJson.Write(Read(Contexts)).Tainted);
        Assert.Equal(["/github/e"], ContextJson.Write(Read(Contexts, "/github/e")).Tainted);
    }

    [Fact]
    public void An_array_that_somebody_outside_has_picked_is_tainted_with_all_that_is_in_it()
    {
        var members = ((ObjectValue)Read(Contexts, "/github/ref")).Members;
        members["picked"] = Evaluate("case(github.ref == 'x', matrix.os, github.e)", ObjectValue.Of(members));
        Assert.Equal(["/github/ref", "/picked"], ContextJson.Write(ObjectValue.Of(members)).Tainted);
    }

    [Fact]
    public void Numbers_that_JSON_does_not_have_become_their_text()
    {
        var (value, _) = ContextJson.Write(ArrayValue.Of([new NumberValue(double.NaN), new NumberValue(double.NegativeInfinity), new NumberValue(1e21)]));
        Assert.Equal("""["NaN","-Infinity",1E+21]""", value!.ToJsonString());
    }

    [Fact]
    public void What_is_not_known_cannot_be_written() =>
        Assert.Throws<ArgumentException>(() => ContextJson.Write(ArrayValue.Of([new UnknownValue(false)])));

    [Fact]
    public void What_is_too_deep_cannot_be_read()
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < WorkflowLimits.MaxValueDepth; i++)
            node = new JsonArray(node);
        Assert.Contains("a context cannot be read", Assert.Throws<FormatException>(() => ContextJson.Read(node, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again_with_its_taint()
    {
        var random = FuzzBudget.Start(out var seed, out var budget);
        while (budget.HasTime)
        {
            var value = RandomValue(random, 4);
            var (json, pointers) = ContextJson.Write(value);
            var again = ContextJson.Read(json, pointers);
            Assert.True(Describe(value) == Describe(again), $"seed {seed}:\n{Describe(value)}\n{json?.ToJsonString()} {string.Join(' ', pointers)}\n{Describe(again)}");
            Assert.Equal(pointers, ContextJson.Write(again).Tainted);
        }
    }

    private static string Describe(ExpressionValue value) => (value.Tainted ? "!" : "") + value switch
    {
        ArrayValue array => $"[{string.Join(',', array.Items.Select(Describe))}]",
        ObjectValue map => $"{{{string.Join(',', map.Members.Select(member => $"{member.Key}:{Describe(member.Value)}"))}}}",
        _ => JsonFunctions.ToJson([value], new()) is StringValue text ? text.Value : "",
    };

    private static ExpressionValue RandomValue(Random random, int depth)
    {
        string[] names = ["", "a", "b", "/", "~", "~1", "é😀", "\"", "0", "1"];
        var tainted = random.Next(2) == 0;
        switch (random.Next(depth == 0 ? 6 : 8))
        {
            case 0:
                return new NullValue(tainted);
            case 1:
                return new BooleanValue(random.Next(2) == 0, tainted);
            case 2:
                return new NumberValue(random.NextDouble() * Math.Pow(10, random.Next(-30, 30)), tainted);
            case 3:
                return new StringValue(names[random.Next(names.Length)], tainted);
            case 4:
                return new ArrayValue([], tainted);
            case 5:
                return new ObjectValue(new(StringComparer.OrdinalIgnoreCase), tainted);
            case 6:
                return ArrayValue.Of([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomValue(random, depth - 1))]);
            default:
                var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
                for (var i = random.Next(1, 4); i > 0; i--)
                    members[names[random.Next(names.Length)]] = RandomValue(random, depth - 1);
                return ObjectValue.Of(members);
        }
    }
}
