using System.Globalization;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// A value of the expression language. Each carries whether somebody outside may have chosen it (<see cref="Tainted"/>);
/// whatever is computed from a tainted value is tainted.
/// </summary>
public abstract record ExpressionValue(bool Tainted)
{
    public static NullValue Null { get; } = new(false);

    /// <summary>The kind as <c>eval</c> and error messages name it.</summary>
    public abstract string Kind { get; }

    /// <summary>Neither an array nor an object, and not <see cref="UnknownValue"/>, which may be one.</summary>
    public bool IsPrimitive => this is not (ArrayValue or ObjectValue or UnknownValue);

    /// <summary>Whether it or something in it is an <see cref="UnknownValue"/>.</summary>
    public virtual bool HasUnknown => false;

    /// <summary>The same value; tainted, with all that is in it, where <paramref name="tainted"/> says so.</summary>
    public virtual ExpressionValue WithTaint(bool tainted) => tainted && !Tainted ? this with { Tainted = true } : this;
}

public sealed record NullValue(bool Tainted) : ExpressionValue(Tainted)
{
    public override string Kind => "Null";
}

public sealed record BooleanValue(bool Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "Boolean";
}

public sealed record NumberValue(double Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "Number";

    /// <summary>15 significant digits, and no negative zero: how GitHub writes numbers.</summary>
    public static string Format(double value) => value == 0 ? "0" : value.ToString("G15", CultureInfo.InvariantCulture);
}

public sealed record StringValue(string Value, bool Tainted = false) : ExpressionValue(Tainted)
{
    public override string Kind => "String";
}

/// <summary>An array. Two arrays are equal only if they are the same one, so copies for taint share the list.</summary>
/// <param name="Tainted">Whether it or anything in it is.</param>
/// <param name="IsFilter">The result of <c>*</c>: a property of it is that property of each element.</param>
/// <param name="IsChosen">Somebody outside may have chosen which array this is, so all in it counts as tainted.</param>
public sealed record ArrayValue(IReadOnlyList<ExpressionValue> Items, bool Tainted, bool IsFilter = false, bool IsChosen = false)
    : ExpressionValue(Tainted)
{
    public override string Kind => "Array";

    public override ExpressionValue WithTaint(bool tainted) => tainted ? this with { Tainted = true, IsChosen = true } : this;

    public override bool HasUnknown => Items.Any(item => item.HasUnknown);

    public static ArrayValue Of(IReadOnlyList<ExpressionValue> items) => new(items, items.Any(item => item.Tainted));
}

/// <summary>
/// An object. Its keys keep their order; whether their case matters is the dictionary's business. Nobody changes it once it
/// is a value.
/// </summary>
/// <param name="Tainted">Whether it or anything in it is.</param>
/// <param name="IsChosen">Somebody outside may have chosen which object this is, so all in it counts as tainted.</param>
public sealed record ObjectValue(OrderedDictionary<string, ExpressionValue> Members, bool Tainted, bool IsChosen = false)
    : ExpressionValue(Tainted)
{
    public override string Kind => "Object";

    public override ExpressionValue WithTaint(bool tainted) => tainted ? this with { Tainted = true, IsChosen = true } : this;

    public override bool HasUnknown => Members.Values.Any(member => member.HasUnknown);

    public static ObjectValue Of(OrderedDictionary<string, ExpressionValue> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return new ObjectValue(members, members.Values.Any(value => value.Tainted));
    }
}

/// <summary>
/// What is not known yet: at planning time, a context that exists only while the job runs, and whatever is computed from
/// it. It has no text, number or truth; who asks for one has a bug.
/// </summary>
/// <param name="Tainted">Whether somebody outside may choose it once it is known.</param>
public sealed record UnknownValue(bool Tainted) : ExpressionValue(Tainted)
{
    public override string Kind => "Unknown";

    public override bool HasUnknown => true;
}
