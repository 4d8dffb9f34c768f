using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>The examples of GitHub's 'Filter pattern cheat sheet', and a reference to check the rest against.</summary>
public class GlobPatternTests
{
    private static bool IsMatch(string pattern, string text)
    {
        Assert.True(GlobPattern.TryParse(pattern, out var glob, out var error), error);
        return glob.IsMatch(text);
    }

    [Theory]
    [InlineData("feature/*", "feature/my-branch feature/your-branch", "feature/a/b feature")]
    [InlineData("feature/**", "feature/beta-a/my-branch feature/your-branch feature/mona/the/octocat", "features/x")]
    [InlineData("main", "main", "Main main2")]
    [InlineData("*", "main releases", "a/b")]
    [InlineData("**", "all/the/branches every/tag x", "")]
    [InlineData("*feature", "mona-feature feature ver-10-feature", "x/feature")]
    [InlineData("v2*", "v2 v2.0 v2.9", "v3")]
    [InlineData("v[12].[0-9]+.[0-9]+", "v1.10.1 v2.0.0", "v3.0.0 v1.a.1 v1.1.")]
    [InlineData("*.jsx?", "page.js page.jsx", "page.jsxx a/page.js")]
    [InlineData("**.js", "index.js js/index.js src/js/app.js", "index.jsx")]
    [InlineData("docs/*", "docs/README.md docs/file.txt", "docs/mona/x docs")]
    [InlineData("docs/**", "docs/README.md docs/mona/octocat.txt", "docs")]
    [InlineData("docs/**/*.md", "docs/README.md docs/mona/hello-world.md docs/a/markdown/file.md", "docs/x.txt README.md")]
    [InlineData("**/docs/**", "docs/hello.md dir/docs/my-file.txt space/docs/plan/space.doc", "mydocs/x")]
    [InlineData("**/README.md", "README.md js/README.md", "myREADME.md js/myREADME.md")]
    [InlineData("**/*src/**", "a/src/app.js my-src/code/js/app.js", "srcs/x")]
    [InlineData("**/*-post.md", "my-post.md path/their-post.md", "post.md")]
    [InlineData("**/migrate-*.sql", "migrate-10909.sql db/migrate-v1.0.sql db/sept/migrate-v1.sql", "x-migrate-1.sql")]
    [InlineData("a/**/b", "a/b a/x/b a/x/y/b", "ab a/xb axb")]
    [InlineData("\\*\\?", "*?", "ab")]
    [InlineData("[a-z0]+", "abc0 z", "A 1 -")]
    [InlineData("ab+", "ab abbb", "a")]
    public void The_cheat_sheet(string pattern, string matches, string others)
    {
        Assert.All(matches.Split(' '), text => Assert.True(IsMatch(pattern, text), $"{pattern} on {text}"));
        Assert.All(others.Split(' ').Where(text => text.Length > 0), text => Assert.False(IsMatch(pattern, text), $"{pattern} on {text}"));
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("!", "it is empty")]
    [InlineData("+a", "'+' has nothing before it")]
    [InlineData("[]", "'[]' is empty")]
    [InlineData("[z-a]", "the range 'z-a' goes backwards")]
    [InlineData("[^a]", "patterns have no negated sets")]
    [InlineData("a\\", "it ends with '\\'")]
    public void What_is_no_pattern_says_why(string pattern, string error)
    {
        Assert.False(GlobPattern.TryParse(pattern, out _, out var actual));
        Assert.Equal(error, actual);
    }

    [Fact]
    public void Patterns_agree_with_a_reference()
    {
        // Short words over few letters, so that many match.
        var pieces = Gen.Elements("a", "b", "/", "*", "**", "**/", "?", "+", "[ab]", "[a-b]+", "\\*");
        var pattern = Gen.Select(Gen.ArrayOf(pieces), string.Concat);
        var text = Gen.Select(Gen.ArrayOf(Gen.Elements("a", "b", "/", "*")), string.Concat);
        var both = Gen.Select(Gen.Zip(pattern, text), pair => (Pattern: pair.Item1, Text: pair.Item2));
        Prop.ForAll(both.ToArbitrary(), pair =>
        {
            if (!GlobPattern.TryParse(pair.Pattern, out var glob, out _) || glob.IsExclusion)
                return true;
            return glob.IsMatch(pair.Text) == Reference(pair.Pattern).IsMatch(pair.Text);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000).WithEndSize(12));
    }

    /// <summary>The same language written as a regular expression, for an engine of somebody else's.</summary>
    private static Regex Reference(string pattern)
    {
        var regex = new StringBuilder("^");
        var last = "";
        void Add(string atom)
        {
            regex.Append(last);
            last = atom;
        }

        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*':
                    var start = i;
                    while (i + 1 < pattern.Length && pattern[i + 1] == '*')
                        i++;
                    var opens = last.Length == 0 || last == "/";
                    if (i > start && opens && i + 1 < pattern.Length && pattern[i + 1] == '/')
                    {
                        // The slash may still get a quantifier, which then binds to it alone.
                        var quantifiers = pattern[(i + 2)..].TakeWhile(c => c is '?' or '+').ToArray();
                        var slash = "/" + (quantifiers.Contains('?') && quantifiers.Contains('+') ? "*" : string.Concat(quantifiers.Distinct()));
                        Add("(?:.*" + slash + ")?");
                        i += 1 + quantifiers.Length;
                        // What follows is at the start of a folder again only if the slash stands as it is.
                        if (quantifiers.Length == 0)
                        {
                            regex.Append(last);
                            last = "";
                        }
                    }
                    else
                    {
                        Add(i > start ? ".*" : "[^/]*");
                    }

                    break;
                case '?' or '+':
                    last = $"(?:{last}){pattern[i]}";
                    break;
                case '[':
                    var end = pattern.IndexOf(']', i);
                    Add(pattern[i..(end + 1)]);
                    i = end;
                    break;
                case '\\':
                    Add(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    Add(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        return new Regex(regex.Append(last).Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline);
    }

    [Theory]
    [InlineData("a?", 20_000)]
    [InlineData("**a", 20_000)]
    [InlineData("*a+", 20_000)]
    [InlineData("[a-z]+", 10_000)]
    [InlineData("**/", 20_000)]
    public void No_pattern_takes_long(string piece, int times)
    {
        var pattern = string.Concat(Enumerable.Repeat(piece, times));
        var watch = Stopwatch.StartNew();
        IsMatch(pattern + "b", new string('a', 250));
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
    }
}
