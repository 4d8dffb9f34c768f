using System.Text;
using Shithub.Actions.Server.Web.LogView;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web.LogView;

public sealed class LogTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a < b & \"c\"", "a &lt; b &amp; &quot;c&quot;")]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("\u001b[31mred\u001b[0m not", "<span class=\"f1\">red</span> not")]
    [InlineData("\u001b[1;32mok", "<span class=\"b f2\">ok</span>")]
    [InlineData("\u001b[91;44mx", "<span class=\"f9 k4\">x</span>")]
    [InlineData("\u001b[7mx", "<span class=\"v\">x</span>")]
    [InlineData("\u001b[31;7mx", "<span class=\"v k1\">x</span>")]
    [InlineData("\u001b[38;5;196mx", "<span class=\"f9\">x</span>")]
    [InlineData("\u001b[38;2;0;0;255mx", "<span class=\"f12\">x</span>")]
    [InlineData("\u001b[38;5mx", "x")]
    [InlineData("\u001b[mx", "x")]
    [InlineData("\u001b[999999999999999999mx", "x")]
    [InlineData("\u001b[2K\u001b[1Gdone", "done")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\", "link")]
    [InlineData("\u001b(Bx", "x")]
    [InlineData("end\u001b", "end")]
    [InlineData("end\u001b[31", "end")]
    [InlineData("a\tb", "a&#x9;b")]
    [InlineData("\u0000\u0008", "<span class=\"c\">^@</span><span class=\"c\">^H</span>")]
    [InlineData("a\u202eb", "a<span class=\"c\">U+202E</span>b")]
    [InlineData("\u009b31m", "<span class=\"c\">U+009B</span>31m")]
    [InlineData("\ud83d\ude80", "&#x1F680;")]
    public void A_line_becomes_safe_html(string line, string html) => Assert.Equal(html, Render(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData(new byte[] { 0xff, 0xfe }, "��")]
    [InlineData(new byte[] { 0xe2, 0x82 }, "�")]
    [InlineData(new byte[] { 0xc0, 0xaf }, "��")]
    public void Invalid_utf8_becomes_replacement_characters(byte[] line, string text) =>
        Assert.Equal(text, System.Net.WebUtility.HtmlDecode(Render(line)));

    [Fact]
    public void A_colour_lasts_until_it_is_set_back()
    {
        var style = LogText.Render("\u001b[33mone"u8, default, null);
        var html = new StringBuilder();
        style = LogText.Render("two\u001b[39m!"u8, style, html);
        Assert.Equal("<span class=\"f3\">two</span>!", html.ToString());
        Assert.Equal(default, style);
    }

    private static string Render(byte[] line)
    {
        var html = new StringBuilder();
        LogText.Render(line, default, html);
        return html.ToString();
    }
}
