using System.Diagnostics;
using Shithub.Actions.Server.Web;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>Markdown of jobs as HTML: harmless, and not slow.</summary>
public sealed class RenderedSummaryTests
{
    [Theory]
    [InlineData("[x](javascript:alert(1))", "<p>x</p>")]
    [InlineData("[x](/logout)", "<p>x</p>")]
    [InlineData("![pixel](https://evil.example/p.png)", "<p>pixel</p>")]
    [InlineData("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>")]
    [InlineData("<javascript:alert(1)>", "<p>javascript:alert(1)</p>")]
    [InlineData("[x](https://example.org/)", "<p><a href=\"https://example.org/\" rel=\"nofollow noopener noreferrer\">x</a></p>")]
    [InlineData("[x](data:text/html,y)", "<p>x</p>")]
    [InlineData("# t {#main .c onclick=x}", "<h1>t {#main .c onclick=x}</h1>")]
    [InlineData("- [x] done", "<ul class=\"contains-task-list\">\n<li class=\"task-list-item\"><input disabled=\"disabled\" type=\"checkbox\" checked=\"checked\" /> done</li>\n</ul>")]
    public void Rendered_markdown_can_do_nothing(string markdown, string html) =>
        Assert.Equal($"<section class=\"markdown\">{html}\n</section>", RenderedSummary.Of([markdown], 1).Html.Value);

    [Theory]
    [InlineData("[")]
    [InlineData("> ")]
    [InlineData("*a ")]
    [InlineData("![](")]
    [InlineData("[x](y \"")]
    [InlineData("# a\n")]
    [InlineData("| a | b |\n|---|---|\n")]
    [InlineData("https://a.example/ ")]
    [InlineData("&amp;")]
    [InlineData("- ")]
    [InlineData("|")]
    [InlineData("`` ` ")]
    [InlineData("<a")]
    [InlineData("[x]: y\n")]
    public void Markdown_that_is_meant_to_be_slow_is_not(string piece)
    {
        var markdown = string.Concat(Enumerable.Repeat(piece, 128 * 1024 / piece.Length));
        RenderedSummary.Of(["warm"], 1);
        var clock = Stopwatch.StartNew();
        RenderedSummary.Of([markdown, markdown], markdown.Length * 2L);
        // Without the bounds it is a minute on an idle machine.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
    }
}
