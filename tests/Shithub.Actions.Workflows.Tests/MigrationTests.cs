using System.Text;
using Shithub.Actions.Workflows.Migration;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// Files as repositories on GitHub have them. Beside each, in <c>.migrated</c>, stands what is said about it and how it is changed.
/// </summary>
public class MigrationTests
{
    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Corpus", "github");

    private static RepositoryMigration Migrated { get; } = Migrate(file => file);

    public static TheoryData<string> Files => [.. Migrated.Files.Select(file => file.Source.Path)];

    /// <summary>The files that say how workflows of the wild are read, as well.</summary>
    public static TheoryData<string> All =>
        [.. Files.Select(row => row.Data), .. Directory.GetFiles(Path.Combine(Folder, ".."), "*.yml").Select(file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_of_GitHub_becomes_one_for_this_system(string path)
    {
        var file = Migrated.Files.Single(file => file.Source.Path == path);
        var report = new StringBuilder($"{file.Status}{(file.Output is null ? ", stays" : "")}\n");
        foreach (var finding in file.Findings)
            report.Append($"{finding.Line}/{finding.SourceLine} {finding.Kind} {finding.Code}: {finding.Message}{(finding.Subject is null ? "" : $" [{finding.Subject}]")}{(finding.Advice is null ? "" : $"; {finding.Advice}")}\n");
        report.Append(file.Diff);
        var expected = Path.Combine(Folder, Path.ChangeExtension(path[".github/".Length..], ".migrated"));
        Assert.Equal(File.Exists(expected) ? File.ReadAllText(expected) : "", report.ToString());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_not_changed_stays_as_it_is(string path)
    {
        var (source, output) = (Text(Content(path)), Text(Result(path, Content(path)).Output!));
        var result = new Queue<string>(output.Split('\n'));
        foreach (var line in source.Split('\n'))
        {
            while (result.TryPeek(out var added) && added != line && (added.Contains("# Instead of 'uses: ", StringComparison.Ordinal) || added.Trim() == "shell: bash"))
                result.Dequeue();
            var now = result.Dequeue();
            var comment = line.IndexOf(" #", StringComparison.Ordinal);
            var isExplained = now == line
                || now.Replace(".shithub/", ".github/", StringComparison.Ordinal) == line
                || (line.Contains("uses: ", StringComparison.Ordinal) && now.EndsWith(comment < 0 ? "" : line[comment..], StringComparison.Ordinal)
                    && now.TakeWhile(c => c == ' ').Count() == line.TakeWhile(c => c == ' ').Count())
                || (now.IndexOf("# ", StringComparison.Ordinal) is >= 0 and var mark && now.Remove(mark, 2) == line);
            Assert.True(isExplained, $"{line}\nbecame\n{now}");
        }

        Assert.All(result, line => Assert.Equal("shell: bash", line.Trim()));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_migrated_file_needs_no_other_migration(string path)
    {
        var once = Result(path, Content(path)).Output!;
        var twice = Result(path, once);
        Assert.Equal(Text(once), Text(twice.Output!));
        Assert.Equal("", twice.Diff);
        Assert.DoesNotContain(twice.Findings, finding => finding.Kind == MigrationKind.Changed);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Line_ends_stay_as_they_are(string path)
    {
        var content = Text(Content(path));
        Assert.Equal(
            Text(Result(path, Content(path)).Output!).ReplaceLineEndings("\r\n"),
            Text(Result(path, Bytes(content.ReplaceLineEndings("\r\n"))).Output!));
        var cut = content.TrimEnd('\n');
        Assert.Equal(Text(Result(path, Bytes(cut + "\n")).Output!)[..^1], Text(Result(path, Bytes(cut)).Output!));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Jobs_and_steps_stay_as_many_as_they_are(string path)
    {
        // A word that is refused in its place keeps the reader from counting: what is left of the file tells as much.
        string Known(byte[] utf8) => string.Join('\n', WorkflowReader.Parse("x", Bytes(Text(utf8).Replace("actions/setup-", "some/setup-", StringComparison.Ordinal)))
            .Workflow?.Jobs.Select(job => $"{job.Key} {job.Steps.Count} {string.Join(',', job.Steps.Select(step => step.Name?.Source))}") ?? []);
        var (before, after) = (Known(Content(path)), Known(Result(path, Content(path)).Output!));
        Assert.True(before.Length == 0 || before == after, after);
    }

    [Fact]
    public void A_byte_order_mark_stays()
    {
        var output = Result("go.yml", [.. Encoding.UTF8.Preamble, .. Content(".github/workflows/go.yml")]).Output!;
        Assert.True(output.AsSpan().StartsWith(Encoding.UTF8.Preamble));
        Assert.Equal(Result("go.yml", Content(".github/workflows/go.yml")).Output!, output[3..]);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_diff_makes_the_one_from_the_other(string path)
    {
        var file = Result(path, Content(path));
        Assert.Equal(Text(file.Output!), Patch(Text(Content(path)), file.Diff));
    }

    /// <summary>What is told of a place names the line that a person finds it in.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Lines_are_those_of_the_files(string path)
    {
        var file = Result(path, Content(path));
        var (before, after) = (Text(Content(path)).Split('\n'), Text(file.Output!).Split('\n'));
        foreach (var finding in file.Findings.Where(finding => finding.Kind != MigrationKind.Changed && finding.Code != MigrationCodes.Tool))
        {
            var now = after[finding.Line - 1].Replace(".shithub/", ".github/", StringComparison.Ordinal);
            Assert.True(now == before[finding.SourceLine - 1] || now.Contains("@v4", StringComparison.Ordinal), $"{finding}\n{now}\n{before[finding.SourceLine - 1]}");
        }
    }

    [Fact]
    public void What_is_no_workflow_is_said_and_not_written()
    {
        var migration = Of((".github/workflows/a.yml", "on: [push"), (".github/workflows/b.yml", "\u0001"));
        Assert.All(migration.Workflows, file => Assert.Equal((MigrationStatus.Unreadable, null, 1), (file.Status, file.Output, file.ChangesByHand)));
    }

    [Fact]
    public void A_step_in_one_line_of_braces_is_left_to_the_person_who_wrote_it()
    {
        var file = Of((".github/workflows/a.yml", "on: push\njobs: {a: {runs-on: x, steps: [{uses: actions/setup-node@v4, with: {node-version: 20}}]}}\n")).Workflows[0];
        Assert.Equal("", file.Diff);
        Assert.Equal((2, DiagnosticCodes.UnsupportedAction), Assert.Single(file.Findings, finding => finding.Kind == MigrationKind.ByHand) is var one ? (one.Line, one.Code) : default);
    }

    [Fact]
    public void An_action_whose_change_moves_another_moves_it_too() =>
        Assert.Equal(
            [".shithub/actions/notify/action.yml", ".shithub/actions/toolchain/action.yml"],
            Migrated.Actions.Where(action => action.Output is not null).Select(action => action.Source.Target).Order());

    private static RepositoryMigration Migrate(Func<byte[], byte[]> change)
    {
        List<MigrationSource> Read(string kind, string pattern) =>
        [
            .. Directory.GetFiles(Path.Combine(Folder, kind), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(file => Path.GetRelativePath(Folder, file))
                .Select(file => new MigrationSource($".github/{file}", $".shithub/{file}", change(File.ReadAllBytes(Path.Combine(Folder, file))))),
        ];
        return RepositoryMigration.Of(Read("workflows", "*.y*ml"), Read("actions", "action.yml"));
    }

    private static RepositoryMigration Of(params (string Path, string Text)[] files) => RepositoryMigration.Of(
        [.. files.Select(file => new MigrationSource(file.Path, file.Path.Replace(".github", ".shithub", StringComparison.Ordinal), Bytes(file.Text)))], []);

    private static byte[] Content(string path) =>
        File.ReadAllBytes(path.StartsWith(".github/", StringComparison.Ordinal) ? Path.Combine(Folder, path[".github/".Length..]) : Path.Combine(Folder, "..", path));

    /// <summary>One file among those that it calls.</summary>
    private static FileMigration Result(string path, byte[] content)
    {
        var one = new MigrationSource(path, $".shithub/workflows/{Path.GetFileName(path)}", content);
        if (path.Contains("/actions/", StringComparison.Ordinal))
            return FileMigrator.Action(one, Context);
        return FileMigrator.Workflow(one, Context);
    }

    private static MigrationContext Context { get; } = new(
        Migrated.Workflows.Select(file => file.Source.Target).ToHashSet(),
        new Dictionary<string, string> { [".github/actions/toolchain"] = ".shithub/actions/toolchain" });

    private static string Text(byte[] utf8) => Encoding.UTF8.GetString(utf8);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>As <c>patch</c> applies a unified diff.</summary>
    private static string Patch(string source, string diff)
    {
        var before = Lines(source);
        var result = new StringBuilder();
        var (at, last) = (0, ' ');
        foreach (var line in Lines(diff).Skip(2))
        {
            switch (line[0])
            {
                case '@':
                    var start = int.Parse(line.Split('-', ',')[1], System.Globalization.CultureInfo.InvariantCulture) - 1;
                    while (at < start)
                        result.Append(before[at++]);
                    break;
                case ' ':
                    Assert.Equal(before[at].TrimEnd('\n'), line[1..].TrimEnd('\n'));
                    result.Append(before[at++]);
                    break;
                case '-':
                    Assert.Equal(before[at++].TrimEnd('\n'), line[1..].TrimEnd('\n'));
                    break;
                case '+':
                    result.Append(line[1..]);
                    break;
                case '\\' when last == '+':
                    result.Length--;
                    break;
            }

            last = line[0];
        }

        while (at < before.Count)
            result.Append(before[at++]);
        return result.ToString();
    }

    private static List<string> Lines(string text)
    {
        var lines = text.Split('\n').Select(line => line + "\n").ToList();
        lines[^1] = lines[^1][..^1];
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
