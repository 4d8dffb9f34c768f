using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Expressions that parse, and values for them, made at random.</summary>
internal static class RandomExpression
{
    public static string Text(Random random, int depth)
    {
        string Next() => Text(random, depth - 1);
        if (depth == 0)
        {
            string[] leaves = ["github.ref", "github.none", "steps", "steps.a", "steps.b.a", "inputs.a", "needs", "needs.build.a", "needs.lint.result", "1", "'a'", "''", "true", "false", "null"];
            return leaves[random.Next(leaves.Length)];
        }

        return random.Next(14) switch
        {
            0 => $"({Next()} && {Next()})",
            1 => $"({Next()} || {Next()} || {Next()})",
            2 => $"!({Next()})",
            3 => $"({Next()} == {Next()})",
            4 => $"({Next()} < {Next()})",
            5 => $"({Next()})[{Next()}]",
            6 => $"({Next()}).*",
            7 => $"({Next()}).*.a",
            8 => $"format('{{0}}{{1}}', {Next()}, {Next()})",
            9 => $"join({Next()}, {Next()})",
            10 => $"contains({Next()}, {Next()})",
            11 => $"toJSON({Next()})",
            12 => $"case({Next()} == {Next()}, {Next()}, {Next()})",
            _ => $"fromJSON(toJSON({Next()}))",
        };
    }

    public static ExpressionValue Value(Random random, int depth, bool tainted)
    {
        tainted = tainted && random.Next(3) > 0;
        return random.Next(depth == 0 ? 4 : 6) switch
        {
            0 => new NullValue(tainted),
            1 => new BooleanValue(random.Next(2) == 0, tainted),
            2 => new NumberValue(random.Next(3), tainted),
            3 => new StringValue(random.Next(2) == 0 ? "a" : "", tainted),
            4 => ArrayValue.Of([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth - 1, tainted))]),
            _ => ObjectValue.Of(new(StringComparer.OrdinalIgnoreCase) { ["a"] = Value(random, depth - 1, tainted), ["b"] = Value(random, depth - 1, tainted) }),
        };
    }
}
