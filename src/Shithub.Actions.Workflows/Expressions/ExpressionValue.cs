using System.Globalization;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// A value of the expression language. Each carries whether somebody outside may have chosen it (<see cref="Tainted"/>);
/// whatever is computed from a tainted value is tainted.
/// </summary>
internal abstract record ExpressionValue(bool Tainted)
{
    public static NullValue Null { get; } = new(false);

    /// <summary>The kind as <c>eval</c> and error messages name it.</summary>
    public abstract string Kind { get; }

    public bool IsPrimitive => this is not (ArrayValue or ObjectValue);

    public ExpressionValue WithTaint(bool tainted) => tainted && !Tainted ? this with { Tainted = true } : this;
}

internal sealed record NullValue(bool Tainted) : ExpressionValue(Tainted)
{
    public override string Kind => "Null";
}

internal sealed record BooleanValue(bool Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "Boolean";
}

internal sealed record NumberValue(double Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "Number";

    /// <summary>15 significant digits, and no negative zero: how GitHub writes numbers.</summary>
    public static string Format(double value) => value == 0 ? "0" : value.ToString("G15", CultureInfo.InvariantCulture);
}

internal sealed record StringValue(string Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "String";
}

/// <summary>An array. Two arrays are equal only if they are the same one, so copies for taint share the list.</summary>
/// <param name="IsFilter">The result of <c>*</c>: a property of it is that property of each element.</param>
internal sealed record ArrayValue(IReadOnlyList<ExpressionValue> Items, bool Tainted, bool IsFilter = false)
    : ExpressionValue(Tainted)
{
    public override string Kind => "Array";

    public static ArrayValue Of(IReadOnlyList<ExpressionValue> items) => new(items, items.Any(item => item.Tainted));
}

/// <summary>An object. Its keys keep their order; whether their case matters is the dictionary's business.</summary>
internal sealed record ObjectValue(OrderedDictionary<string, ExpressionValue> Members, bool Tainted) : ExpressionValue(Tainted)
{
    public override string Kind => "Object";

    public static ObjectValue Of(OrderedDictionary<string, ExpressionValue> members) =>
        new(members, members.Values.Any(value => value.Tainted));
}
