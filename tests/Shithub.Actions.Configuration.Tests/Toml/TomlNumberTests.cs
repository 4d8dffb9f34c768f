using Shithub.Actions.Configuration.Toml;
using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Sentences of https://toml.io/en/v1.0.0: "Integer", "Float", "Boolean".</summary>
public sealed class TomlNumberTests
{
    [Theory]
    [InlineData("positive numbers may be prefixed with a plus sign", "+99", 99)]
    [InlineData("negative numbers are prefixed with a minus sign", "-17", -17)]
    [InlineData("zero", "0", 0)]
    [InlineData("-0 is valid and identical to zero", "-0", 0)]
    [InlineData("+0 is valid and identical to zero", "+0", 0)]
    [InlineData("underscores between digits enhance readability", "5_349_221", 5349221)]
    [InlineData("any grouping is valid though discouraged", "1_2_3_4_5", 12345)]
    [InlineData("hexadecimal with prefix 0x", "0xDEADBEEF", 0xDEADBEEF)]
    [InlineData("hexadecimal values are case-insensitive, underscores are allowed", "0xdead_BEEF", 0xDEADBEEF)]
    [InlineData("leading zeros are allowed after the prefix", "0x00_1F", 31)]
    [InlineData("octal with prefix 0o", "0o755", 493)]
    [InlineData("binary with prefix 0b", "0b1101_0110", 214)]
    [InlineData("the largest 64-bit integer", "9223372036854775807", long.MaxValue)]
    [InlineData("the smallest 64-bit integer", "-9223372036854775808", long.MinValue)]
    [InlineData("the largest in hexadecimal", "0x7fff_ffff_ffff_ffff", long.MaxValue)]
    public void An_integer_is_read(string sentence, string toml, long expected)
    {
        Assert.NotEmpty(sentence);
        Assert.Equal(expected, Assert.IsType<TomlInteger>(TomlDocument.Read("a = " + toml)["a"]).Value);
    }

    [Theory]
    [InlineData("a fractional part is a decimal point followed by digits", "+1.0", 1.0)]
    [InlineData("fractional", "3.1415", 3.1415)]
    [InlineData("negative", "-0.01", -0.01)]
    [InlineData("an exponent part is an E followed by an integer part", "5e+22", 5e22)]
    [InlineData("upper or lower case", "1E06", 1e6)]
    [InlineData("the exponent may contain leading zeros", "-2e-02", -0.02)]
    [InlineData("the fractional part precedes the exponent part", "6.626e-34", 6.626e-34)]
    [InlineData("underscores between digits", "224_617.445_991_228e1_0", 224617.445991228e10)]
    [InlineData("-0.0 is valid", "-0.0", -0.0)]
    [InlineData("+0.0 is valid", "+0.0", 0.0)]
    [InlineData("zero with an exponent", "0e0", 0.0)]
    [InlineData("infinity", "inf", double.PositiveInfinity)]
    [InlineData("positive infinity", "+inf", double.PositiveInfinity)]
    [InlineData("negative infinity", "-inf", double.NegativeInfinity)]
    [InlineData("not a number", "nan", double.NaN)]
    [InlineData("same as nan", "+nan", double.NaN)]
    [InlineData("valid too", "-nan", double.NaN)]
    public void A_float_is_read(string sentence, string toml, double expected)
    {
        Assert.NotEmpty(sentence);
        var value = Assert.IsType<TomlFloat>(TomlDocument.Read("a = " + toml)["a"]).Value;
        Assert.Equal(expected, value);
        Assert.Equal(double.IsNegative(expected) && !double.IsNaN(expected), double.IsNegative(value) && !double.IsNaN(value));
    }

    [Fact]
    public void Booleans_are_always_lower_case() => Assert.Equal("{a: true, b: false}", TomlShown.Read("a = true\nb = false"));

    [Theory]
    [InlineData("leading zeros are not allowed", "01", "01 has a leading zero")]
    [InlineData("nor after a sign", "-012", "-012 has a leading zero")]
    [InlineData("nor in a float", "03.14", "03.14 has a leading zero")]
    [InlineData("each underscore must be surrounded by a digit on each side", "1__0", "1__0 has an underscore that is not between two digits")]
    [InlineData("no underscore at the end", "10_", "10_ has an underscore")]
    [InlineData("no underscore at the beginning", "_10", "_10 is not a value")]
    [InlineData("no underscore after a prefix", "0x_1", "0x_1 has an underscore")]
    [InlineData("no underscore beside a point", "1_.0", "1_.0 has an underscore")]
    [InlineData("nor after it", "1._0", "1._0 has an underscore")]
    [InlineData("nor at an exponent", "1e_5", "1e_5 has an underscore")]
    [InlineData("a plus sign is not allowed with a prefix", "+0xFF", "+0xFF is neither a number nor a date")]
    [InlineData("a prefix is lower case", "0XFF", "0XFF is neither a number nor a date")]
    [InlineData("a prefix needs digits", "0x", "0x is neither a number nor a date")]
    [InlineData("digits of that base", "0o78", "0o78 is neither a number nor a date")]
    [InlineData("binary digits", "0b12", "0b12 is neither a number nor a date")]
    [InlineData("one sign", "--1", "--1 is neither a number nor a date")]
    [InlineData("a sign needs digits", "+", "+ is not a value")]
    [InlineData("an integer that cannot be represented losslessly is an error", "9223372036854775808", "the integer 9223372036854775808 is out of range")]
    [InlineData("at either end", "-9223372036854775809", "the integer -9223372036854775809 is out of range")]
    [InlineData("in any base", "0xffff_ffff_ffff_ffff", "the integer 0xffff_ffff_ffff_ffff is out of range")]
    [InlineData("the decimal point must have digits on each side", ".7", ".7 is not a value")]
    [InlineData("on each side", "7.", "7. has a decimal point without digits on both sides")]
    [InlineData("also before an exponent", "3.e+20", "3.e+20 has a decimal point without digits on both sides")]
    [InlineData("an exponent needs digits", "1e", "1e is neither a number nor a date")]
    [InlineData("an exponent is an integer", "1e2.3", "1e2.3 is neither a number nor a date")]
    [InlineData("special floats are lower case", "Inf", "Inf is not a value")]
    [InlineData("always lower case", "NaN", "NaN is not a value")]
    [InlineData("a boolean is lower case", "True", "True is not a boolean; write true")]
    [InlineData("always", "FALSE", "FALSE is not a boolean; write false")]
    [InlineData("only two booleans", "yes", "yes is not a value; text needs quotes: write \"yes\"")]
    [InlineData("digits are ASCII", "١", "١ is not a value")]
    [InlineData("a decimal comma is none", "1,5", "")]
    public void A_value_is_refused(string sentence, string toml, string error)
    {
        Assert.NotEmpty(sentence);
        Assert.Contains(error, TomlShown.Error("\nkey = " + toml), StringComparison.Ordinal);
        Assert.StartsWith("2:", TomlShown.Error("\nkey = " + toml), StringComparison.Ordinal);
    }
}
