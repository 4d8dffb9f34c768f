using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>
/// Puts a check for a tool in the place of a step that installs it. The step keeps its name, condition and comments; what the action was and
/// what it was given become comments, so that nothing is lost.
/// </summary>
internal sealed partial class SetupStep(
    MigrationDraft draft, YamlMapping step, YamlEntry entry, YamlScalar uses, SetupTool tool, YamlMapping? job)
{
    private readonly SourceEdits _edits = draft.Edits;

    /// <returns>False where the step's form (in one line of braces, over several lines, by an alias) does not allow it.</returns>
    public bool TryMigrate()
    {
        var with = step.Find("with");
        var line = _edits.LineOf(entry.Key.SourceIndex);
        if (!IsOnOneLine(line) || Commented(with) is not { } comments)
            return false;

        var indent = Indent().Match(_edits.Line(line)).Value;
        var column = entry.Key.SourceIndex - _edits.StartOf(line);
        var check = tool.Check + (IsGiven(with, "bundler-cache", "true") ? " && bundle install" : "");
        var (need, example) = Need(with);
        _edits.Replace(_edits.StartOf(line), 0, $"{indent}# Instead of 'uses: {OneLine(uses.Text)}': {need}{(example is null ? "" : $", such as '{example}'")}.{_edits.BreakAt(line)}");
        _edits.Replace(entry.Key.SourceIndex, uses.SourceEnd - entry.Key.SourceIndex, $"run: {check}");
        if (job is null)
            _edits.Replace(_edits.EndOf(line), 0, $"{_edits.BreakAt(line)}{new string(' ', column)}shell: bash");
        foreach (var index in comments)
            _edits.Replace(index, 0, "# ");
        Report(with, check, need, example);
        return true;
    }

    private void Report(YamlEntry? with, string check, string need, string? example)
    {
        var ignored = Inputs(with).Select(input => input.Key.Text)
            .Where(name => !tool.VersionInputs.Contains(name, StringComparer.OrdinalIgnoreCase) && name != "bundler-cache").ToList();
        draft.Changed(
            MigrationCodes.SetupAction, entry.Key.SourceIndex,
            $"'{YamlReader.Show(uses.Text)}' became 'run: {check}'" + (ignored.Count == 0 ? "" : $"; without effect now: {YamlReader.Show(string.Join(", ", ignored))}"),
            ignored.Contains("cache") ? "keep the folder of its packages with 'actions/cache@v4'" : null);
        draft.Needed(MigrationCodes.Tool, entry.Key.SourceIndex, $"{tool.Name} {string.Join(", ", Versions(with))}".TrimEnd(), need,
            example is null ? null : $"write '{example}' in the job, or have it in the image that the runner gives to jobs");
        if (step.Find("id")?.Value is not YamlScalar id)
            return;
        var read = Regex.Match(
            _edits.Source, $@"\bsteps\s*(?:\.\s*{Regex.Escape(id.Text)}\b|\[\s*'{Regex.Escape(id.Text)}'\s*\])\s*\.\s*outputs",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        if (read.Success)
        {
            draft.ByHand(
                MigrationCodes.SetupAction, read.Index, $"the outputs of the step '{YamlReader.Show(id.Text)}' are empty now, and are read here",
                "take the value from the tool in a 'run:' step");
        }
    }

    private (string Need, string? Example) Need(YamlEntry? with)
    {
        var version = Version(with);
        var wanted = OneLine($"{tool.Name} {version}".TrimEnd());
        return job?.Find("container") is not null ? ($"the job's container must have {wanted}", null)
            : ($"the job's image must have {wanted}", job is null || tool.Image is null ? null : $"container: {tool.Image}{Tag(version)}");
    }

    /// <summary>A tag of the tool's image, where it is plain which one it is.</summary>
    private static string Tag(string version)
    {
        if (MatrixValue().IsMatch(version))
            return $":{version}";
        var plain = version.EndsWith(".x", StringComparison.Ordinal) ? version[..^2] : version;
        return PlainVersion().IsMatch(plain) ? $":{plain}" : "";
    }

    private string Version(YamlEntry? with)
    {
        foreach (var name in tool.VersionInputs)
        {
            if (Inputs(with).FirstOrDefault(input => input.Key.Text == name)?.Value is YamlScalar { Text: { Length: > 0 } text })
                return name.EndsWith("-file", StringComparison.Ordinal) ? $"as {text.Trim()} says" : text.Trim().ReplaceLineEndings(", ");
        }

        var version = BuiltInActions.Split(uses.Text).Version;
        return tool.IsVersionInRef && VersionInRef().IsMatch(version) ? version : "";
    }

    private IEnumerable<string> Versions(YamlEntry? with)
    {
        var scalar = tool.VersionInputs.Select(name => Inputs(with).FirstOrDefault(input => input.Key.Text == name)?.Value).OfType<YamlScalar>().FirstOrDefault();
        return scalar is not null && MatrixValues.Of(scalar, job) is var values && values[0] != scalar
            ? values.Select(value => YamlReader.Show(value.Text))
            : [YamlReader.Show(Version(with))];
    }

    private static IReadOnlyList<YamlEntry> Inputs(YamlEntry? with) => with?.Value is YamlMapping inputs ? inputs.Entries : [];

    private static bool IsGiven(YamlEntry? with, string name, string value) =>
        Inputs(with).Any(input => input.Key.Text == name && input.Value is YamlScalar given && given.Text == value);

    // Only white space, a dash before and a comment after: nothing that the change could take with it.
    private bool IsOnOneLine(int line)
    {
        var start = _edits.StartOf(line);
        if (entry.Key.SourceIndex < start || uses.SourceIndex < entry.Key.SourceEnd || uses.SourceEnd > _edits.EndOf(line) || _edits.Touches(entry.Key.SourceIndex))
            return false;
        var source = _edits.Source;
        var value = source[uses.SourceIndex..uses.SourceEnd];
        return Before().IsMatch(source[start..entry.Key.SourceIndex]) && Between().IsMatch(source[entry.Key.SourceEnd..uses.SourceIndex])
            && (value == uses.Text || (value.Length > 2 && value[1..^1] == uses.Text)) && After().IsMatch(source[uses.SourceEnd.._edits.EndOf(line)]);
    }

    /// <summary>Where <c># </c> makes comments of the action's inputs; null where it can't.</summary>
    private List<int>? Commented(YamlEntry? with)
    {
        var places = new List<int>();
        if (with is null)
            return places;
        var first = _edits.LineOf(with.Key.SourceIndex);
        var column = with.Key.SourceIndex - _edits.StartOf(first);
        if (first == _edits.LineOf(entry.Key.SourceIndex) || !string.IsNullOrWhiteSpace(_edits.Line(first)[..column]))
            return null;
        for (var line = first; line <= _edits.LineCount; line++)
        {
            var text = _edits.Line(line);
            var indent = Indent().Match(text).Length;
            if (text.AsSpan(indent).IsWhiteSpace())
                continue;
            if (line > first && indent <= column)
                break;
            // A comment is one already.
            if (text[indent] != '#')
                places.Add(_edits.StartOf(line) + column);
        }

        return places;
    }

    private static string OneLine(string text) => YamlReader.Show(text);

    [GeneratedRegex("^ *", RegexOptions.CultureInvariant)]
    private static partial Regex Indent();

    [GeneratedRegex("^ *(?:- +)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Before();

    [GeneratedRegex("^:[ \t]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Between();

    [GeneratedRegex("^[ \t]*(?:[ \t]#.*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex After();

    [GeneratedRegex(@"^\$\{\{\s*matrix\.[\w.-]+\s*\}\}$", RegexOptions.CultureInvariant)]
    private static partial Regex MatrixValue();

    [GeneratedRegex(@"^\d+(?:\.\d+){0,2}$", RegexOptions.CultureInvariant)]
    private static partial Regex PlainVersion();

    [GeneratedRegex(@"^(?:stable|beta|nightly.*|\d+\.\d+.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex VersionInRef();
}
