using System.Text;
using FsCheck.Fluent;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>What <see cref="CommonYaml"/> reads is what YamlDotNet reads, to the last place; everything else it leaves to YamlDotNet.</summary>
public class CommonYamlTests
{
    private static readonly string[] Pieces =
    [
        "a: ", "b:", "k:", ":", ": ", "- ", "- - ", "-", "x", "a b", "'x'", "\"y\"", "'it''s'", "\"\\n\\\\\"", "''", "\n", "\n", "\n\n", "\n ", "\n  ", "\n    ",
        "  ", "[", "]", "{", "}", ", ", "[a, {b: c}]", "{a: , b: }", ": |\n", ": >-\n", ": |+\n", "|2", "> ", " # c", "#", "?", "? ", "&a ", "*a", "!t ", "%",
        "@", "`", "--- ", "---\n", "...", "<<: ", "~", "1.0", "true", "${{ x }}", "\t", "é", "😀", "\u00a0", "\u2028", "\r\n", "x:y", "\\",
    ];

    private static readonly string[] Beginnings = ["a:", "", "a:\n  b:", "---\na:", "# c\n---\n", "a: [", "a: {b: ", "a:\n- "];

    private static List<string> Corpus { get; } =
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus"), "*.yml", SearchOption.AllDirectories).Order().Select(File.ReadAllText)];

    [Fact]
    public void Files_without_anchors_are_common_and_read_as_YamlDotNet_reads_them() => Assert.All(Corpus, text =>
    {
        var usesAnchors = text.Contains(": &", StringComparison.Ordinal) || text.Contains("- &", StringComparison.Ordinal);
        Assert.True(IsReadTheSame(text) || usesAnchors, text);
    });

    [Fact]
    public void Files_with_something_changed_in_them_are_read_as_YamlDotNet_reads_them()
    {
        var numbers = Gen.Choose(0, int.MaxValue - 1).ArrayOf(3);
        var inputs = Gen.Zip(Gen.Choose(0, Corpus.Count - 1), numbers.ArrayOf()).Select(input => (File: input.Item1, Changes: input.Item2.Take(5).ToArray()));
        FuzzProperty.Hold(
            inputs,
            input => FuzzProperty.WithoutOne(input.Changes).Select(fewer => input with { Changes = fewer }),
            input => IsReadTheSame(Change(Corpus[input.File], input.Changes)));
    }

    [Fact]
    public void What_is_put_together_by_chance_is_read_as_YamlDotNet_reads_it() => FuzzProperty.Hold(
        Gen.Elements(Pieces).ArrayOf(),
        FuzzProperty.WithoutOne,
        pieces => IsReadTheSame(Beginnings[pieces.Length % Beginnings.Length] + string.Concat(pieces)));

    [Theory]
    [InlineData("a: &x 1")]
    [InlineData("a: *x")]
    [InlineData("a: !!str 1")]
    [InlineData("<<: {a: 1}")]
    [InlineData("? a\n: b")]
    [InlineData("a: 1\na: 2")]
    [InlineData("a: b: c")]
    [InlineData("a: [b\n---\n]")]
    [InlineData("a: 'b\n c'")]
    [InlineData("a: \"\\x41\"")]
    [InlineData("a: [b: c]")]
    [InlineData("a: {b:\n c}")]
    [InlineData("a: [b\n , c]")]
    [InlineData("a:\n  b: [c,\n d]")]
    [InlineData("a *b: c")]
    [InlineData("a:\n\tb")]
    [InlineData("a: |2\n  b")]
    [InlineData("a: 1\r\n")]
    [InlineData("--- a")]
    [InlineData("a: 1\n---\nb: 2")]
    [InlineData("a: 1\n b: 2")]
    [InlineData("- a")]
    [InlineData("a")]
    [InlineData("")]
    public void What_is_not_common_is_left_to_YamlDotNet(string text) => Assert.Null(CommonYaml.Read(text));

    [Theory]
    [InlineData("---\na: 1 # one\n\n#\nb: [x, 'y', {z: }]\nc:\n- d\n-\n- - e\n  - f: |\n      g\n\n       h\n    i: >-\n     j\n     k\nl: m\n  n\n\n  o\np:")]
    public void Common_is_what_people_write(string text) => Assert.True(IsReadTheSame(text));

    /// <summary>Whether the text is common; if so, YamlDotNet must read the same and have nothing to say.</summary>
    private static bool IsReadTheSame(string text)
    {
        if (CommonYaml.Read(text) is not { } common)
            return false;
        var diagnostics = new DiagnosticBag("w");
        var any = YamlReader.ReadAny(text, diagnostics);
        Assert.Empty(diagnostics.ToList());
        Assert.Equal(Show(any), Show(common));
        return true;
    }

    private static string Show(YamlNode? node)
    {
        var shown = new StringBuilder();
        Show(node, shown);
        return shown.ToString();
    }

    private static void Show(YamlNode? node, StringBuilder shown)
    {
        switch (node)
        {
            case YamlSequence sequence:
                shown.AppendLine($"[ {sequence.Position} {sequence.Size} {sequence.Height}");
                sequence.Items.ForEach(item => Show(item, shown));
                shown.AppendLine("]");
                break;
            case YamlMapping mapping:
                shown.AppendLine($"{{ {mapping.Position} {mapping.Size} {mapping.Height}");
                foreach (var (key, value) in mapping.Entries)
                {
                    Show(key, shown);
                    Show(value, shown);
                }

                shown.AppendLine("}");
                break;
            case YamlScalar scalar:
                shown.AppendLine($"{scalar.Position} {scalar.SourceIndex}-{scalar.SourceEnd} {scalar.Kind} {scalar.IsPlain} '{scalar.Text}'");
                break;
        }
    }

    private static string Change(string text, int[][] changes)
    {
        var changed = new StringBuilder(text);
        foreach (var (kind, at, what) in changes.Select(numbers => (numbers[0], numbers[1], numbers[2])))
        {
            if (changed.Length == 0)
                break;
            var start = at % changed.Length;
            if (kind % 3 != 0)
                changed.Insert(start, Pieces[what % Pieces.Length]);
            else
                changed.Remove(start, Math.Min((what % 20) + 1, changed.Length - start));
        }

        return changed.ToString();
    }
}
