using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>'hashFiles' of GitHub's 'Evaluate expressions in workflows and actions', and the patterns of <c>@actions/glob</c>.</summary>
public class FileHashTests
{
    private static readonly string[] Repository =
    [
        "Gemfile.lock", "README.md", "package-lock.json", "src/a.js", "src/b.js", "src/deep/c.js", "src/deep/package-lock.json", "lib/x.rb",
        "lib/foo/y.rb", "lib/foo/z.rb", "lib/foo/bar/w.rb", "lib/.hidden.rb", "a/1", "a.txt", "a[b]/x", "odd*name/x",
    ];

    private static WorkspaceFiles Files(params string[] files)
    {
        var contents = files.ToHashSet(StringComparer.Ordinal);
        return new WorkspaceFiles(
            path => contents.Contains(path) ? false
                : path.Length == 0 || contents.Any(file => file.StartsWith(path + "/", StringComparison.Ordinal)) ? true : null,
            path => contents.Where(file => path.Length == 0 || file.StartsWith(path + "/", StringComparison.Ordinal))
                .Select(file => file[(path.Length == 0 ? 0 : path.Length + 1)..].Split('/')[0]).Distinct().Reverse(),
            path => path.EndsWith("outside", StringComparison.Ordinal) ? null : new MemoryStream(Encoding.UTF8.GetBytes(path)));
    }

    private static string Hash(string[] patterns, params string[] files) =>
        FileHash.Compute(patterns, Files(files), "/work/repo", TestContext.Current.CancellationToken);

    private static string HashOf(params string[] files)
    {
        if (files.Length == 0)
            return "";
        var hashes = files.SelectMany(file => SHA256.HashData(Encoding.UTF8.GetBytes(file))).ToArray();
        return Convert.ToHexStringLower(SHA256.HashData(hashes));
    }

    [Theory]
    [InlineData("**/package-lock.json", "package-lock.json src/deep/package-lock.json")]
    [InlineData("/src/*.js", "src/a.js src/b.js")]
    [InlineData("/lib/**/*.rb", "lib/.hidden.rb lib/foo/bar/w.rb lib/foo/y.rb lib/foo/z.rb lib/x.rb")]
    [InlineData("**/package-lock.json, **/Gemfile.lock", "Gemfile.lock package-lock.json src/deep/package-lock.json")]
    [InlineData("/lib/**/*.rb, !/lib/foo/*.rb", "lib/.hidden.rb lib/foo/bar/w.rb lib/x.rb")]
    public void The_documentations_examples(string patterns, string expected) =>
        Assert.Equal(HashOf(expected.Split(' ')), Hash(patterns.Split(", "), Repository));

    [Fact]
    public void If_the_pattern_does_not_match_any_files_this_returns_an_empty_string()
    {
        Assert.Equal("", Hash(["nothing"], Repository));
        Assert.Equal("", Hash(["!src/a.js"], Repository));
        Assert.Equal("", Hash([""], Repository));
    }

    [Fact]
    public void It_is_the_hash_of_the_files_hashes() => Assert.Equal(
        Convert.ToHexStringLower(SHA256.HashData(SHA256.HashData("README.md"u8))), Hash(["README.md"], Repository));

    [Theory]
    [InlineData("./src/a.js", "src/a.js")]
    [InlineData("src/", "src/a.js src/b.js src/deep/c.js src/deep/package-lock.json")]
    [InlineData("src", "src/a.js src/b.js src/deep/c.js src/deep/package-lock.json")]
    [InlineData("src/**", "src/a.js src/b.js src/deep/c.js src/deep/package-lock.json")]
    [InlineData("src/**/**/c.js", "src/deep/c.js")]
    [InlineData("/work/repo/src/?.js", "src/a.js src/b.js")]
    [InlineData("/work/repository/a.js", "")]
    [InlineData("src/[a].js", "src/a.js")]
    [InlineData("src/[!a].js", "src/b.js")]
    [InlineData("src/[^a].js", "src/b.js")]
    [InlineData("src/[a-c].js", "src/a.js src/b.js")]
    [InlineData("a[[]b]/x", "a[b]/x")]
    [InlineData("a\\[b]/x", "a[b]/x")]
    [InlineData("odd[*]name", "odd*name/x")]
    [InlineData("odd\\*name/*", "odd*name/x")]
    [InlineData("src/[a.js", "")]
    [InlineData("SRC/a.js", "")]
    [InlineData("src/*js", "src/a.js src/b.js")]
    [InlineData("s*c/*p", "src/deep/c.js src/deep/package-lock.json")]
    [InlineData("{a.txt,README.md}", "")]
    [InlineData("#a.txt", "")]
    [InlineData("~/a.txt", "")]
    [InlineData("!!a.txt", "a.txt")]
    [InlineData(" ! ! a.txt ", "a.txt")]
    [InlineData("**/*.js, !src/**", "")]
    [InlineData("**/*.js, !src/deep", "src/a.js src/b.js")]
    [InlineData("src/*.js, !src/*.js, src/b.js", "src/b.js")]
    [InlineData("src/*.js\nREADME.md\n# a comment", "src/a.js src/b.js README.md")]
    public void Patterns_follow_the_rules_of_actions_glob(string patterns, string expected) =>
        Assert.Equal(HashOf(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries)), Hash(patterns.Split(", "), Repository));

    [Fact]
    public void Files_are_found_as_GitHub_finds_them_start_by_start_and_name_by_name()
    {
        // 'a' comes before 'a.txt' with all that is in it.
        Assert.Equal(HashOf("a.txt", "a/1"), Hash(["a.txt", "a"], Repository));
        Assert.Equal(HashOf("a/1", "a.txt"), Hash(["a*", "!a[[]*"], Repository));
        // Searches begin in the order of the patterns, and one below another is part of it.
        Assert.Equal(HashOf("src/deep/c.js", "lib/x.rb"), Hash(["src/deep/c.js", "lib/x.*"], Repository));
        Assert.Equal(HashOf("src/a.js", "src/deep/c.js"), Hash(["src/deep/c.*", "src/a*"], Repository));
    }

    [Fact]
    public void Files_that_must_not_be_read_do_not_count() => Assert.Equal(HashOf("b"), Hash(["**"], "b", "outside"));

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../x")]
    [InlineData("a/./x")]
    public void Relative_segments_are_refused(string pattern) => Assert.Equal(
        $"the pattern '{pattern}' of 'hashFiles' has a segment '.' or '..'", Assert.Throws<FormatException>(() => Hash([pattern], Repository)).Message);

    [Fact]
    public void A_folder_without_end_is_refused()
    {
        var deep = new WorkspaceFiles(_ => true, _ => ["a", "b"], _ => null);
        var wide = new WorkspaceFiles(path => path.Length == 0, _ => Enumerable.Range(0, 300_000).Select(i => $"{i}"), _ => null);
        foreach (var files in new[] { deep, wide })
        {
            var exception = Assert.Throws<FormatException>(() => FileHash.Compute(["**/x"], files, "", TestContext.Current.CancellationToken));
            Assert.Contains("more than 200000 files and folders", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pattern_of_many_stars_ends()
    {
        var name = new string('a', 5_000);
        Assert.Equal("", Hash([string.Concat(Enumerable.Repeat("*a", 2_500)) + "b"], name));
        Assert.Equal("", Hash([string.Concat(Enumerable.Repeat("**/", 500)) + "b"], string.Join('/', Enumerable.Repeat("a", 200))));
    }
}
