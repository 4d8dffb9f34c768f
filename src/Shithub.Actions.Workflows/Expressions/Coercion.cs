using System.Globalization;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// How values become numbers, strings and truths, and how they compare: 'Literals' and 'Operators' of GitHub's
/// 'Evaluate expressions in workflows and actions'.
/// </summary>
internal static class Coercion
{
    public static bool IsTruthy(ExpressionValue value) => value switch
    {
        NullValue => false,
        BooleanValue boolean => boolean.Value,
        NumberValue number => number.Value != 0 && !double.IsNaN(number.Value),
        StringValue text => text.Value.Length > 0,
        UnknownValue => throw Unknown(),
        _ => true,
    };

    public static string ToText(ExpressionValue value) => value switch
    {
        NullValue => "",
        BooleanValue boolean => boolean.Value ? "true" : "false",
        NumberValue number => NumberValue.Format(number.Value),
        StringValue text => text.Value,
        UnknownValue => throw Unknown(),
        _ => value.Kind,
    };

    public static double ToNumber(ExpressionValue value) => value switch
    {
        NullValue => 0,
        BooleanValue boolean => boolean.Value ? 1 : 0,
        NumberValue number => number.Value,
        StringValue text => ParseNumber(text.Value),
        UnknownValue => throw Unknown(),
        _ => double.NaN,
    };

    /// <summary>Decimal, <c>0x</c> and <c>0o</c> (32 bits), empty is 0, anything else NaN.</summary>
    public static double ParseNumber(string text)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.IsEmpty)
            return 0;
        if (trimmed.StartsWith("0x", StringComparison.Ordinal))
        {
            var hex = uint.TryParse(trimmed[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits);
            return hex ? unchecked((int)bits) : double.NaN;
        }

        if (trimmed.StartsWith("0o", StringComparison.Ordinal))
            return ParseOctal(trimmed[2..]);
        const NumberStyles Styles =
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(trimmed, Styles, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
    }

    public static bool AreEqual(ExpressionValue left, ExpressionValue right)
    {
        (left, right) = ToSameKind(left, right);
        return (left, right) switch
        {
            (NullValue, NullValue) => true,
            (BooleanValue a, BooleanValue b) => a.Value == b.Value,
            // NaN equals nothing.
            (NumberValue a, NumberValue b) => a.Value == b.Value,
            (StringValue a, StringValue b) => string.Equals(a.Value, b.Value, StringComparison.OrdinalIgnoreCase),
            (ArrayValue a, ArrayValue b) => ReferenceEquals(a.Items, b.Items),
            (ObjectValue a, ObjectValue b) => ReferenceEquals(a.Members, b.Members),
            _ => false,
        };
    }

    public static bool IsGreater(ExpressionValue left, ExpressionValue right)
    {
        (left, right) = ToSameKind(left, right);
        return (left, right) switch
        {
            (BooleanValue a, BooleanValue b) => a.Value && !b.Value,
            (NumberValue a, NumberValue b) => a.Value > b.Value,
            (StringValue a, StringValue b) => string.Compare(a.Value, b.Value, StringComparison.OrdinalIgnoreCase) > 0,
            _ => false,
        };
    }

    // Whoever gets an unknown value passes it on; an answer made up here would decide a run.
    private static InvalidOperationException Unknown() => new("a value that is not known yet was used");

    private static (ExpressionValue Left, ExpressionValue Right) ToSameKind(ExpressionValue left, ExpressionValue right)
    {
        if (left.GetType() == right.GetType() || !left.IsPrimitive || !right.IsPrimitive)
            return (left, right);
        return (new NumberValue(ToNumber(left)), new NumberValue(ToNumber(right)));
    }

    private static double ParseOctal(ReadOnlySpan<char> digits)
    {
        var value = 0L;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7' || value > uint.MaxValue)
                return double.NaN;
            value = (value * 8) + (digit - '0');
        }

        return digits.IsEmpty || value > uint.MaxValue ? double.NaN : unchecked((int)(uint)value);
    }
}
