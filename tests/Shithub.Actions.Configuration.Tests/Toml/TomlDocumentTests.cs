using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Configuration.Toml;
using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>What holds for a document as a whole: its encoding, its positions, its bounds.</summary>
public sealed class TomlDocumentTests
{
    [Fact]
    public void A_document_is_UTF_8() =>
        Assert.Equal("{a: \"é😀\"}", TomlShown.Show(TomlDocument.Read("a = \"é😀\""u8)));

    [Fact]
    public void A_byte_order_mark_at_the_start_is_skipped() =>
        Assert.Equal("{a: 1}", TomlShown.Show(TomlDocument.Read("\uFEFFa = 1"u8)));

    [Fact]
    public void A_byte_order_mark_elsewhere_is_refused() =>
        Assert.Equal(new TomlPosition(2, 1), Assert.Throws<TomlException>(() => TomlDocument.Read("a = 1\n\uFEFFb = 1"u8)).Position);

    [Theory]
    [InlineData(new byte[] { 0xC3 }, "0xC3")]
    [InlineData(new byte[] { 0xFF }, "0xFF")]
    [InlineData(new byte[] { 0xC0, 0x80 }, "0xC0")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, "0xED")]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 }, "0xF4")]
    public void Bytes_that_are_not_UTF_8_are_refused_where_they_stand(byte[] invalid, string shown)
    {
        byte[] document = [.. "a = 1\nb = \"é"u8, .. invalid, .. "\""u8];
        var error = Assert.Throws<TomlException>(() => TomlDocument.Read(document));
        Assert.Equal(new TomlPosition(2, 7), error.Position);
        Assert.Contains($"the byte {shown} is not valid UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UTF_16_is_refused() => Assert.Throws<TomlException>(() => TomlDocument.Read(Encoding.Unicode.GetPreamble()));

    [Fact]
    public void Half_a_surrogate_pair_is_refused() =>
        Assert.Equal(new TomlPosition(1, 6), Assert.Throws<TomlException>(() => TomlDocument.Read("a = \"\uD83D\"")).Position);

    [Fact]
    public void Keys_and_values_know_where_they_stand()
    {
        var root = TomlDocument.Read("# 😀\n[ a ]\n  \"😀\" = \"x\" # the key is one character between quotes\n\tlist = [\r\n    1,\n  {b.c = 2}]\n[[t]]\n[[t]]\n");
        var table = Assert.IsType<TomlTable>(root["a"]);
        Assert.Equal(new TomlPosition(2, 3), table.Position);
        Assert.Equal(new TomlPosition(3, 3), table.Entries["😀"].KeyPosition);
        Assert.Equal(new TomlPosition(3, 9), table["😀"]!.Position);
        var list = Assert.IsType<TomlArray>(table["list"]);
        Assert.Equal(new TomlPosition(4, 9), list.Position);
        Assert.Equal(new TomlPosition(5, 5), list.Items[0].Position);
        var inner = Assert.IsType<TomlTable>(Assert.IsType<TomlTable>(list.Items[1])["b"]);
        Assert.Equal(new TomlPosition(6, 6), inner.Entries["c"].KeyPosition);
        Assert.Equal(new TomlPosition(6, 10), inner["c"]!.Position);
        Assert.Equal(new TomlPosition(8, 3), Assert.IsType<TomlArray>(root["t"]).Items[1].Position);
    }

    [Fact]
    public void Values_nest_64_deep_and_no_deeper()
    {
        TomlDocument.Read($"a = {new string('[', 64)}{new string(']', 64)}");
        Assert.Contains("1:70 arrays and inline tables are nested more than 64 deep", TomlShown.Error($"a = {new string('[', 100_000)}"), StringComparison.Ordinal);
        Assert.Contains("nested more than 64 deep",
            TomlShown.Error(string.Concat(Enumerable.Repeat("a = {", 1)) + string.Concat(Enumerable.Repeat("a = {", 100_000))), StringComparison.Ordinal);
        Assert.Contains("more than 64 parts", TomlShown.Error($"a{string.Concat(Enumerable.Repeat(".a", 100_000))} = 1"), StringComparison.Ordinal);
        Assert.Contains("more than 64 parts", TomlShown.Error($"[a{string.Concat(Enumerable.Repeat(".a", 64))}]"), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_read_or_refused_with_a_place_inside_it()
    {
        string[] pieces =
        [
            "a", "b", "\"a\"", "'b'", ".", " ", "\t", "\n", "\r\n", "\r", "=", " = ", "[", "]", "[[", "]]", "{", "}", ",", "\"", "\"\"\"", "'", "'''",
            "#", "\\", "\\n", "\\u00e9", "\\ud800", "1", "0", "-0", "1_0", "0x1F", "1.5", "1e5", "inf", "nan", "true", "1979-05-27",
            "1979-05-27T07:32:00Z", "07:32:00", "é", "😀", "\uD800", "\uFFFF", "\0", "a = 1\n", "[a]\n", "[[a]]\n", "a.b = {c = 1}\n", "a = [",
        ];
        var texts = Gen.Elements(pieces).ListOf().Select(string.Concat).ToArbitrary();
        Prop.ForAll(texts, text =>
        {
            try
            {
                TomlDocument.Read(text);
                return true;
            }
            catch (TomlException error)
            {
                var lines = text.Split('\n');
                return error.Position.Line >= 1 && error.Position.Line <= lines.Length
                    && error.Position.Column >= 1 && error.Position.Column <= lines[error.Position.Line - 1].Length + 1;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(40));
    }

    [Fact]
    public void Any_string_written_as_a_basic_string_is_read_back()
    {
        Prop.ForAll<NonNull<string>>(text =>
        {
            var valid = string.Concat(text.Get.EnumerateRunes());
            var written = string.Concat(valid.EnumerateRunes().Select(rune => rune.Value is < ' ' or '"' or '\\' or 0x7F
                ? $"\\u{rune.Value:X4}" : rune.ToString()));
            return TomlDocument.Read($"\"{written}\" = \"{written}\"")[valid] is TomlString read && read.Value == valid;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }
}
