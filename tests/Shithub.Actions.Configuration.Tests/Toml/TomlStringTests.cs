using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Sentences of https://toml.io/en/v1.0.0: "String".</summary>
public sealed class TomlStringTests
{
    [Theory]
    [InlineData("basic strings are surrounded by quotation marks", """a = "I'm a string. \"You can quote me\". Jos\u00E9" """,
        """{a: "I'm a string. \"You can quote me\". José"}""")]
    [InlineData("a basic string may be empty", "a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''", """{a: "", b: "", c: "", d: ""}""")]
    [InlineData("some popular characters have a compact escape", """a = "\b\t\n\f\r\"\\" """, """{a: "\b\t\n\f\r\"\\"}""")]
    [InlineData("any Unicode character may be escaped with the \\uXXXX or \\UXXXXXXXX forms", """a = "\u00e9\U0001f600\U0010FFFF\u0000" """,
        """{a: "é😀􏿿\u0000"}""")]
    [InlineData("a tab and any character but quotes, backslash and controls stand for themselves", "a = \"\té😀\u0080\u2028\"",
        "{a: \"\\té😀\u0080\u2028\"}")]
    [InlineData("a newline immediately following the opening delimiter will be trimmed", "a = \"\"\"\nRoses\nViolets\"\"\"\nb = \"\"\"\r\nx\"\"\"",
        """{a: "Roses\nViolets", b: "x"}""")]
    [InlineData("all other white space and newline characters remain intact", "a = \"\"\"\n\n  x \n\"\"\"", """{a: "\n  x \n"}""")]
    [InlineData("newlines are normalized", "a = \"\"\"x\r\ny\"\"\"\nb = '''x\r\ny'''", """{a: "x\ny", b: "x\ny"}""")]
    [InlineData("a line ending backslash trims all white space up to the next character", "a = \"\"\"\nThe quick \\\n\n   brown \\  \t\r\n  fox\\\n  \"\"\"",
        """{a: "The quick brown fox"}""")]
    [InlineData("the escape sequences of basic strings are valid in multi-line ones", "a = \"\"\"\\t\\u00e9\\\\\nb\\\"\"\"\"", """{a: "\té\\\nb\""}""")]
    [InlineData("a quotation mark or two may be written anywhere", "a = \"\"\"\"x\"\" \"y\"\"\"", """{a: "\"x\"\" \"y"}""")]
    [InlineData("also just before the closing delimiter", "a = \"\"\"x\"\"\"\"\nb = \"\"\"x\"\"\"\"\"\nc = '''x'''''", """{a: "x\"", b: "x\"\"", c: "x''"}""")]
    [InlineData("also as all there is", "a = \"\"\"\"\"\"\"\"\nb = ''''''''", """{a: "\"\"", b: "''"}""")]
    [InlineData("three quotation marks need an escape", "a = \"\"\"x\"\"\\\"y\\\"\"\"z\"\"\"", """{a: "x\"\"\"y\"\"\"z"}""")]
    [InlineData("literal strings have no escaping whatsoever", """a = 'C:\Users\n \\x "q"' """, """{a: "C:\\Users\\n \\\\x \"q\""}""")]
    [InlineData("multi-line literal strings have none either", "a = '''\nI [dw]on't \\need\\\n \"\"\" two'' apostrophes'''",
        """{a: "I [dw]on't \\need\\\n \"\"\" two'' apostrophes"}""")]
    public void Is_read(string sentence, string toml, string expected)
    {
        Assert.NotEmpty(sentence);
        Assert.Equal(expected, TomlShown.Read(toml));
    }

    [Theory]
    [InlineData("a basic string ends on its line", "a = \"x\nb = 1", "1:5 a string that begins here has no closing \" on its line")]
    [InlineData("and before the end of the file", "a = \"x", "1:5 a string that begins here has no closing \"")]
    [InlineData("a literal string ends on its line", "a = 'x\r\n'", "1:5 a string that begins here has no closing '")]
    [InlineData("a multi-line string needs its closing delimiter", "\na = \"\"\"x\"\"\n", "2:5 a string that begins here is never closed; end it with \"\"\"")]
    [InlineData("so does a literal one", "a = '''x", "1:5 a string that begins here is never closed; end it with '''")]
    [InlineData("any other character after a backslash is an error", """a = "C:\path" """, "1:8 a backslash followed by 'p' is not an escape of TOML 1.0")]
    [InlineData("TOML 1.1's \\e is no escape", """a = "\e" """, "1:6 a backslash followed by 'e'")]
    [InlineData("nor is \\x", """a = "\x41" """, "1:6 a backslash followed by 'x'")]
    [InlineData("a backslash and spaces are an escape only at the end of a line", "a = \"\"\"x \\ y\"\"\"", "1:10 a backslash followed by ' '")]
    [InlineData("a basic string has no line ending backslash", "a = \"x\\\ny\"", "1:7 a backslash followed by the end of the line")]
    [InlineData("an escape has all its digits", """a = "\u12" """, "1:6 \\u needs 4 hexadecimal digits")]
    [InlineData("an escape's digits are hexadecimal", """a = "\U0000000g" """, "1:6 \\U needs 8 hexadecimal digits")]
    [InlineData("escape codes must be Unicode scalar values: no surrogates", """a = "\uD800" """, "1:6 U+D800 is not a Unicode scalar value")]
    [InlineData("and none beyond 10FFFF", """a = "\U00110000" """, "1:6 U+110000 is not a Unicode scalar value")]
    [InlineData("control characters must be escaped", "a = \"x\u0001\"", "1:7 the control character U+0001 in a string")]
    [InlineData("also in a literal string", "a = 'x\u007F'", "1:7 the control character U+007F in a string")]
    [InlineData("also in a multi-line string", "a = \"\"\"\nx\u001F\"\"\"", "2:2 the control character U+001F in a string")]
    [InlineData("a bare carriage return in a multi-line string", "a = \"\"\"x\ry\"\"\"", "1:9 a carriage return in a string")]
    [InlineData("a bare carriage return in a multi-line literal string", "a = '''x\r'''", "1:9 a carriage return in a string")]
    [InlineData("six quotation marks at the end are too many", "a = \"\"\"x\"\"\"\"\"\"", "1:14 '\"' cannot follow a value")]
    [InlineData("sequences of three or more single quotes are not permitted", "a = '''''''''''''''''", "1:13 ''' cannot follow a value")]
    [InlineData("a literal string cannot hold a single quote", "a = 'it's'", "1:9 's' cannot follow a value")]
    [InlineData("text needs quotes", "a = text", "1:5 text is not a value; text needs quotes: write \"text\"")]
    [InlineData("both its quotes", "a = text\"", "1:5 text\" is not a value; a string has a quote before and after it")]
    public void Is_refused(string sentence, string toml, string error)
    {
        Assert.NotEmpty(sentence);
        Assert.StartsWith(error, TomlShown.Error(toml), StringComparison.Ordinal);
    }
}
