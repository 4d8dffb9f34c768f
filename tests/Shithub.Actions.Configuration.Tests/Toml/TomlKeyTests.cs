using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Sentences of https://toml.io/en/v1.0.0: "Comment", "Key/Value Pair", "Keys".</summary>
public sealed class TomlKeyTests
{
    [Theory]
    [InlineData("a hash marks the rest of the line as a comment", "# all\nkey = 1 # rest\n#\ta tab, é and 😀\n", "{key: 1}")]
    [InlineData("except when inside a string", "a = \"# not\"\nb = '# not'", """{a: "# not", b: "# not"}""")]
    [InlineData("an empty document is a table without keys", "", "{}")]
    [InlineData("only white space", " \t\n\r\n \t", "{}")]
    [InlineData("white space is ignored around key names and values", " \tkey\t = \t1 \t", "{key: 1}")]
    [InlineData("newline means LF or CRLF", "a = 1\r\nb = 2\nc = 3", "{a: 1, b: 2, c: 3}")]
    [InlineData("bare keys may contain letters, digits, underscores and dashes", "bare_key-1 = 1\n1234 = 2\n-_- = 3\nTRUE = 4",
        "{bare_key-1: 1, 1234: 2, -_-: 3, TRUE: 4}")]
    [InlineData("quoted keys follow the rules of basic or literal strings", "\"127.0.0.1\" = 1\n\"ʎǝʞ\\t\" = 2\n'quoted \"value\"' = 3",
        """{"127.0.0.1": 1, "ʎǝʞ\t": 2, "quoted \"value\"": 3}""")]
    [InlineData("a quoted key may be empty", "\"\" = 1\n[a]\n'' = 2", """{"": 1, a: {"": 2}}""")]
    [InlineData("dotted keys are bare or quoted keys joined with a dot", "name = 1\nphysical.color = 2\nphysical.shape = 3\nsite.\"google.com\" = true",
        """{name: 1, physical: {color: 2, shape: 3}, site: {"google.com": true}}""")]
    [InlineData("white space around dot-separated parts is ignored", "fruit.name = 1\nfruit. color = 2\nfruit\t.\tflavor = 3",
        "{fruit: {name: 1, color: 2, flavor: 3}}")]
    [InlineData("as long as a key has not been directly defined, you may write to it and below it", "a.b.c = 1\na.d = 2", "{a: {b: {c: 1}, d: 2}}")]
    [InlineData("dotted keys may be defined out of order", "apple.type = 1\norange.type = 2\napple.skin = 3",
        "{apple: {type: 1, skin: 3}, orange: {type: 2}}")]
    [InlineData("a key that looks like a float is two keys", "3.14159 = \"pi\"", """{3: {14159: "pi"}}""")]
    [InlineData("keys that look like values are keys", "true = 1\ninf = 2\n1979-05-27 = 3", "{true: 1, inf: 2, 1979-05-27: 3}")]
    public void Is_read(string sentence, string toml, string expected)
    {
        Assert.NotEmpty(sentence);
        Assert.Equal(expected, TomlShown.Read(toml));
    }

    [Theory]
    [InlineData("control characters other than tab are not permitted in comments", "# a\u0000b", "1:4 the control character U+0000 in a comment")]
    [InlineData("nor is DEL", "a = 1\n# \u007F", "2:3 the control character U+007F in a comment")]
    [InlineData("a carriage return alone is no newline", "# a\rb = 1", "1:4 a carriage return in a comment")]
    [InlineData("a carriage return alone does not end a value", "a = 1\rb = 2", "1:6 a carriage return in a value")]
    [InlineData("unspecified values are invalid", "key = # INVALID", "1:7 a value is missing here")]
    [InlineData("the key, equals sign and value must be on the same line", "key =\n1", "1:6 a value is missing here")]
    [InlineData("there must be a newline after a pair", "first = \"Tom\" last = \"Preston\"", "1:15 'l' cannot follow a value on the same line")]
    [InlineData("a key needs a value", "key", "1:4 expected = after the key but found the end of the file")]
    [InlineData("a key needs an equals sign", "key: 1", "1:4 expected = after the key but found ':'")]
    [InlineData("a bare key must be non-empty", "= 1", "1:1 expected a key but found '='")]
    [InlineData("a bare key has ASCII letters only", "ключ = 1", "1:1 expected a key but found 'к'")]
    [InlineData("a character outside the basic plane is shown whole", "😀 = 1", "1:1 expected a key but found '😀'")]
    [InlineData("a dotted key has no empty part", "a..b = 1", "1:3 expected a key but found '.'")]
    [InlineData("a dotted key does not end with a dot", "a. = 1", "1:4 expected a key but found '='")]
    [InlineData("a dotted key does not begin with a dot", ".a = 1", "1:1 expected a key but found '.'")]
    [InlineData("a multi-line string is no key", "\"\"\"a\"\"\" = 1", "1:1 a key cannot be a multi-line string")]
    [InlineData("nor a literal one", "'''a''' = 1", "1:1 a key cannot be a multi-line string")]
    [InlineData("a quoted key ends on its line", "\"a\n\" = 1", "1:1 a string that begins here has no closing \" on its line")]
    [InlineData("defining a key multiple times is invalid", "name = \"Tom\"\nname = \"Pradyun\"", "2:1 'name' is already defined in line 1")]
    [InlineData("bare and quoted keys are equivalent", "spelling = 1\n\"spelling\" = 2", "2:1 'spelling' is already defined in line 1")]
    [InlineData("an integer cannot be turned into a table", "fruit.apple = 1\nfruit.apple.smooth = true", "2:7 'fruit.apple' is already defined in line 1")]
    [InlineData("a table made by dotted keys cannot become a value", "a.b = 1\na = 2", "2:1 'a' is already defined in line 1")]
    [InlineData("a value cannot be given to nothing but white space", "a = \t ", "1:7 a value is missing here")]
    public void Is_refused(string sentence, string toml, string error)
    {
        Assert.NotEmpty(sentence);
        Assert.StartsWith(error, TomlShown.Error(toml), StringComparison.Ordinal);
    }
}
