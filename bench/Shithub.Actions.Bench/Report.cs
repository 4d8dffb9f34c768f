using System.Globalization;
using System.Text;

namespace Shithub.Actions.Bench;

/// <param name="Columns">The first is the row's name; the others are numbers.</param>
internal sealed record Table(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    public static string Number(double value, int decimals = 0) => value.ToString($"N{decimals}", CultureInfo.InvariantCulture);
}

/// <summary>What a run found, as Markdown, and its place in the README.</summary>
internal sealed class Report(IReadOnlyList<(string Name, string Value)> machine)
{
    private const string Begin = "<!-- numbers: written by bench/run.sh -->";
    private const string End = "<!-- end of numbers -->";

    private readonly List<(string Name, string Value)> _circumstances = [.. machine];
    private readonly List<Table> _tables = [];

    public static string File => Path.Combine(Source.Root, "bench", "README.md");

    public void Add(IReadOnlyList<(string Name, string Value)> circumstances) => _circumstances.AddRange(circumstances);

    public void Add(Table table) => _tables.Add(table);

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in _circumstances)
            text.Append(CultureInfo.InvariantCulture, $"- {name}: {value}\n");
        foreach (var table in _tables)
            text.Append('\n').Append(ToMarkdown(table));
        return text.ToString();
    }

    public static string ToMarkdown(Table table)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"**{table.Title}**\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", table.Columns)} |\n");
        text.Append(CultureInfo.InvariantCulture, $"|---|{string.Concat(Enumerable.Repeat("---:|", table.Columns.Count - 1))}\n");
        foreach (var row in table.Rows)
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        return text.ToString();
    }

    /// <summary>Puts the numbers between the marks of the README; what people wrote around them stays.</summary>
    public async Task WriteAsync(CancellationToken cancellation)
    {
        var readme = await System.IO.File.ReadAllTextAsync(File, cancellation);
        var begin = readme.IndexOf(Begin, StringComparison.Ordinal);
        var end = readme.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new BenchException($"{File} lacks the lines '{Begin}' and '{End}'; the numbers go between them.");
        await System.IO.File.WriteAllTextAsync(File, $"{readme[..begin]}{Begin}\n{ToMarkdown()}{readme[end..]}", cancellation);
    }
}
