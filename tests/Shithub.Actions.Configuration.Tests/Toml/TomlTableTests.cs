using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Sentences of https://toml.io/en/v1.0.0: "Array", "Table", "Inline Table", "Array of Tables".</summary>
public sealed class TomlTableTests
{
    [Theory]
    [InlineData("elements are separated by commas", "a = [ 1, 2, 3 ]", "{a: [1, 2, 3]}")]
    [InlineData("an array may be empty", "a = []\nb = [ \n # c\n ]", "{a: [], b: []}")]
    [InlineData("values of different types may be mixed", "a = [1, \"b\", 1.5, {c = 1}, [true]]", """{a: [1, "b", 1.5, {c: 1}, [true]]}""")]
    [InlineData("arrays can span multiple lines, with comments", "a = [ # one\n 1, # two\n\n 2\n # three\n , 3 ]", "{a: [1, 2, 3]}")]
    [InlineData("a trailing comma is permitted", "a = [1, 2, ]", "{a: [1, 2]}")]
    [InlineData("arrays nest", "a = [[1, 2], [3.5, [\"x\"]], []]", """{a: [[1, 2], [3.5, ["x"]], []]}""")]
    public void An_array_is_read(string sentence, string toml, string expected) => Reads(sentence, toml, expected);

    [Theory]
    [InlineData("under a header, and until the next header or EOF, are its pairs", "[t1]\na = 1\nb = 2\n[t2]\na = 3", "{t1: {a: 1, b: 2}, t2: {a: 3}}")]
    [InlineData("headers follow the rules of keys", "[dog.\"tater.man\"]\ntype.name = \"pug\"", """{dog: {"tater.man": {type: {name: "pug"}}}}""")]
    [InlineData("white space around the key is ignored", " [ d . e\t. 'f' ] # comment\n", "{d: {e: {f: {}}}}")]
    [InlineData("super-tables need not be specified, and may be afterward", "[x.y.z.w]\n[x]\na = 1", "{x: {y: {z: {w: {}}}, a: 1}}")]
    [InlineData("a header of a table on the way", "[x.y.z]\n[x.y]\na = 1", "{x: {y: {z: {}, a: 1}}}")]
    [InlineData("tables may be defined out of order", "[fruit.apple]\n[animal]\n[fruit.orange]", "{fruit: {apple: {}, orange: {}}, animal: {}}")]
    [InlineData("the root table begins before the first header", "name = 1\n[owner]\nname = 2", "{name: 1, owner: {name: 2}}")]
    [InlineData("empty tables are allowed", "[a]\n[b]", "{a: {}, b: {}}")]
    [InlineData("dotted keys create a table for each key part before the last", "[fruit]\napple.color = 1\napple.taste.sweet = true",
        "{fruit: {apple: {color: 1, taste: {sweet: true}}}}")]
    [InlineData("the header form can define sub-tables within tables defined by dotted keys", "[fruit]\napple.color = 1\n[fruit.apple.texture]\nsmooth = true",
        "{fruit: {apple: {color: 1, texture: {smooth: true}}}}")]
    [InlineData("dotted keys may add to a table only named on the way", "[a.b.c]\n[a]\nb.d = 1", "{a: {b: {c: {}, d: 1}}}")]
    public void A_table_is_read(string sentence, string toml, string expected) => Reads(sentence, toml, expected);

    [Theory]
    [InlineData("zero or more pairs separated by commas", "a = {}\nb = { x = 1, y = 2 }", "{a: {}, b: {x: 1, y: 2}}")]
    [InlineData("dotted keys in inline tables", "animal = { type.name = \"pug\", type.age = 3 }", """{animal: {type: {name: "pug", age: 3}}}""")]
    [InlineData("newlines are allowed if they are valid within a value", "a = { b = [1,\n2], c = \"\"\"\nx\"\"\" }", """{a: {b: [1, 2], c: "x"}}""")]
    [InlineData("an array of inline tables", "points = [ {x = 1}, {x = 2, y.z = 3} ]", "{points: [{x: 1}, {x: 2, y: {z: 3}}]}")]
    public void An_inline_table_is_read(string sentence, string toml, string expected) => Reads(sentence, toml, expected);

    [Theory]
    [InlineData("each header with double brackets is an element", "[[p]]\na = 1\n[[p]]\n[[p]]\na = 2", "{p: [{a: 1}, {}, {a: 2}]}")]
    [InlineData("a reference to the array points to its last element", "[[fruits]]\nname = 1\n[fruits.physical]\ncolor = 2\n[[fruits.varieties]]\nname = 3\n"
        + "[[fruits.varieties]]\nname = 4\n[[fruits]]\nname = 5\n[[fruits.varieties]]\nname = 6",
        "{fruits: [{name: 1, physical: {color: 2}, varieties: [{name: 3}, {name: 4}]}, {name: 5, varieties: [{name: 6}]}]}")]
    [InlineData("a sub-table may be defined once per element", "[[a]]\n[a.b]\n[[a]]\n[a.b]", "{a: [{b: {}}, {b: {}}]}")]
    [InlineData("double brackets below a table of its own", "[a]\n[[a.b]]\n[[a.b]]", "{a: {b: [{}, {}]}}")]
    [InlineData("white space inside the brackets", "[[ a . b ]]\nc = 1", "{a: {b: [{c: 1}]}}")]
    public void An_array_of_tables_is_read(string sentence, string toml, string expected) => Reads(sentence, toml, expected);

    [Theory]
    [InlineData("an array is closed", "a = [1, 2", "1:5 an array that begins here is never closed")]
    [InlineData("an array's values are separated", "a = [1 2]", "1:8 expected , or ] in the array but found '2'")]
    [InlineData("an array has no empty values", "a = [1,,2]", "1:8 a value is missing here")]
    [InlineData("nor a leading one", "a = [,1]", "1:6 a value is missing here")]
    [InlineData("an array ends with its own bracket", "a = [1}", "1:7 expected , or ] in the array but found '}'")]
    [InlineData("nothing follows an array", "a = [] b", "1:8 'b' cannot follow a value")]
    [InlineData("a header has a name", "[]", "1:2 expected a key but found ']'")]
    [InlineData("each part of it non-empty", "[a.]", "1:4 expected a key but found ']'")]
    [InlineData("a header is closed", "[a\nb = 1", "1:3 expected ] at the end of the header but found the end of the line; write [name]")]
    [InlineData("with as many brackets as it began", "[[a]\n", "1:4 expected ]] at the end of the header")]
    [InlineData("adjacent ones", "[ [a]]", "1:3 expected a key but found '['")]
    [InlineData("adjacent at the end, too", "[[a] ]", "1:4 expected ]] at the end")]
    [InlineData("and not more", "[a]]", "1:4 ']' cannot follow a header")]
    [InlineData("a header stands on its own line", "[a] b = 1", "1:5 'b' cannot follow a header on the same line")]
    [InlineData("you cannot define a table more than once", "[fruit]\na = 1\n[fruit]\nb = 2", "3:2 'fruit' is already defined in line 1; write all its keys in one place")]
    [InlineData("nor turn a key into a table", "[fruit]\napple = 1\n[fruit.apple]", "3:8 'fruit.apple' is already defined in line 2")]
    [InlineData("nor go through a value", "a = 1\n[a.b]", "2:2 'a' is already defined in line 1; it cannot hold a table")]
    [InlineData("nor through an array of values", "a = [{}]\n[a.b]", "2:2 'a' is already defined in line 1")]
    [InlineData("a table defined by dotted keys cannot be redefined by a header", "[fruit]\napple.color = 1\n[fruit.apple]", "3:8 'fruit.apple' is already defined in line 2")]
    [InlineData("nor one on its way", "[fruit]\napple.taste.sweet = true\n[fruit.apple.taste]", "3:14 'fruit.apple.taste' is already defined in line 2")]
    [InlineData("in the root table too", "a.b = 1\n[a]", "2:2 'a' is already defined in line 1")]
    [InlineData("dotted keys cannot add to a table that has a header", "[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "4:3 'b.c' is already defined in line 1; add the key there, under its own header")]
    [InlineData("not even deeper", "[a.b]\n[a]\nb.c = 1", "3:1 'b' is already defined in line 1")]
    [InlineData("what dotted keys touched gets no header later", "[a.b.c]\n[a]\nb.x = 1\n[a.b]", "4:4 'a.b' is already defined")]
    [InlineData("inline tables are intended to appear on a single line", "a = { b = 1,\nc = 2 }", "1:13 expected a key but found the end of the line")]
    [InlineData("no newline before the brace", "a = { b = 1\n}", "1:12 expected , or } in the inline table but found the end of the line")]
    [InlineData("no newline after the brace", "a = {\nb = 1 }", "1:6 expected a key but found the end of the line")]
    [InlineData("no comment inside", "a = { # c\n}", "1:7 expected a key but found '#'")]
    [InlineData("a terminating comma is not permitted", "a = { b = 1, }", "1:14 an inline table has no comma after its last value")]
    [InlineData("no lone comma", "a = {,}", "1:6 expected a key but found ','")]
    [InlineData("it is closed", "a = { b = 1", "1:12 expected , or } in the inline table but found the end of the file")]
    [InlineData("each key once", "a = { b = 1, b = 2 }", "1:14 'b' is already defined in line 1")]
    [InlineData("also with dots", "a = { b.c = 1, b.c.d = 2 }", "1:18 'b.c' is already defined in line 1")]
    [InlineData("an inner inline table is complete", "a = { b = {c = 1}, b.d = 2 }", "1:20 'b' is already defined in line 1")]
    [InlineData("keys cannot be added outside the braces", "product.type = { name = 1 }\nproduct.type.edible = false", "2:9 'product.type' is already defined in line 1")]
    [InlineData("nor by a header", "a = {}\n[a]", "2:2 'a' is already defined in line 1")]
    [InlineData("nor by a header below it", "a = { b = {} }\n[a.b]", "2:2 'a' is already defined in line 1")]
    [InlineData("nor by double brackets", "a = {}\n[[a.b]]", "2:3 'a' is already defined in line 1")]
    [InlineData("an inline table cannot add to a table", "[product]\ntype.name = 1\ntype = { edible = false }", "3:1 'type' is already defined in line 2")]
    [InlineData("nor inside its dotted keys", "a = { b.c = 1 }\na.b.d = 2", "2:1 'a' is already defined in line 1")]
    [InlineData("a table must come before the array of tables it would hold", "[fruit.physical]\n[[fruit]]", "2:3 'fruit' is already defined in line 1; it is not an array of tables")]
    [InlineData("appending to a statically defined array is invalid", "fruits = []\n[[fruits]]", "2:3 'fruits' is already defined in line 1; it is not an array of tables")]
    [InlineData("a table cannot have the name of an array of tables", "[[fruits]]\n[[fruits.varieties]]\n[fruits.varieties]", "3:9 'fruits.varieties' is already defined in line 2; write [[…]]")]
    [InlineData("nor an array that of a table", "[[fruits]]\n[fruits.physical]\n[[fruits.physical]]", "3:10 'fruits.physical' is already defined in line 2")]
    [InlineData("dotted keys cannot add to an array of tables", "[[a.b]]\n[a]\nb.y = 2", "3:1 'b' is already defined in line 1")]
    public void Is_refused(string sentence, string toml, string error)
    {
        Assert.NotEmpty(sentence);
        Assert.StartsWith(error, TomlShown.Error(toml), StringComparison.Ordinal);
    }

    private static void Reads(string sentence, string toml, string expected)
    {
        Assert.NotEmpty(sentence);
        Assert.Equal(expected, TomlShown.Read(toml));
    }
}
