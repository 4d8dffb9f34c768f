using System.Globalization;
using System.Text;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Renderers.Html.Inlines;
using Markdig.Syntax.Inlines;
using Microsoft.AspNetCore.Components;

namespace Shithub.Actions.Server.Web;

/// <summary>
/// Markdown that jobs wrote, as HTML that can do nothing: no HTML of the author's, no images (each viewer would be told to whoever serves
/// one), and links to the web only.
/// </summary>
/// <param name="Bytes">Of all the summaries, whether they are shown whole or not.</param>
/// <param name="IsCut">There is more than a page shows.</param>
public sealed record RenderedSummary(MarkupString Html, long Bytes, bool IsCut)
{
    /// <summary>Shown of all summaries of a job: a reader's page, and a bound for the work of rendering it.</summary>
    private const int CharactersMax = 128 * 1024;

    private const int LinksMax = 2000;
    private const int EmphasisMax = 8000;
    private const string Emphasis = "*_~^+=";

    private static readonly string[] Schemes = ["https", "http", "mailto"];

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseTaskLists().UseEmphasisExtras().UseAutoLinks().DisableHtml().Build();

    public static RenderedSummary Of(IReadOnlyList<string> summaries, long bytes)
    {
        ArgumentNullException.ThrowIfNull(summaries);
        var html = new StringBuilder();
        var room = CharactersMax;
        foreach (var markdown in summaries)
        {
            html.Append("<section class=\"markdown\">").Append(Render(markdown.Length <= room ? markdown : markdown[..room])).Append("</section>");
            room -= Math.Min(room, markdown.Length);
            if (room == 0)
                break;
        }

        return new RenderedSummary(new MarkupString(html.ToString()), bytes, summaries.Sum(markdown => (long)markdown.Length) > CharactersMax);
    }

    private static string Render(string markdown)
    {
        if (IsSlow(markdown))
            return AsText(markdown);
        try
        {
            using var output = new StringWriter(CultureInfo.InvariantCulture);
            var renderer = new HtmlRenderer(output);
            Pipeline.Setup(renderer);
            renderer.ObjectRenderers.ReplaceOrAdd<LinkInlineRenderer>(new WebLinks());
            renderer.ObjectRenderers.ReplaceOrAdd<AutolinkInlineRenderer>(new WebAutolinks());
            renderer.Render(Markdown.Parse(markdown, Pipeline));
            return output.ToString();
        }
        catch (ArgumentException)
        {
            // Nested deeper than the library goes: nobody means that.
            return AsText(markdown);
        }
    }

    /// <summary>The library's time grows with the square of what may begin a link or an emphasis: 0.2 s at these numbers.</summary>
    private static bool IsSlow(string markdown) =>
        markdown.Count(c => c == '[') > LinksMax || markdown.Count(c => Emphasis.Contains(c)) > EmphasisMax;

    private static string AsText(string markdown) => $"<pre>{System.Net.WebUtility.HtmlEncode(markdown)}</pre>";

    private static bool IsOfTheWeb(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && Schemes.Contains(address.Scheme);

    private static void WriteLink(HtmlRenderer renderer, string url, Action content)
    {
        renderer.Write("<a href=\"").WriteEscapeUrl(url).Write("\" rel=\"nofollow noopener noreferrer\">");
        content();
        renderer.Write("</a>");
    }

    private sealed class WebLinks : HtmlObjectRenderer<LinkInline>
    {
        protected override void Write(HtmlRenderer renderer, LinkInline obj)
        {
            if (obj.IsImage || !IsOfTheWeb(obj.Url))
                renderer.WriteChildren(obj);
            else
                WriteLink(renderer, obj.Url!, () => renderer.WriteChildren(obj));
        }
    }

    private sealed class WebAutolinks : HtmlObjectRenderer<AutolinkInline>
    {
        protected override void Write(HtmlRenderer renderer, AutolinkInline obj)
        {
            var url = obj.IsEmail ? $"mailto:{obj.Url}" : obj.Url;
            if (IsOfTheWeb(url))
                WriteLink(renderer, url, () => renderer.WriteEscape(obj.Url));
            else
                renderer.WriteEscape(obj.Url);
        }
    }
}
