using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads the events that filter by branches, tags or paths.</summary>
internal sealed class RefEventReader(NodeReader reader)
{
    public PushTrigger ReadPush(Field options)
    {
        var filters = new Dictionary<string, PatternFilter>();
        foreach (var field in Fields(options, KeySet.Push))
            ReadFilter(field, filters);
        return new PushTrigger(
            filters.GetValueOrDefault("branches"), filters.GetValueOrDefault("tags"), filters.GetValueOrDefault("paths"));
    }

    public PullRequestTrigger ReadPullRequest(Field options)
    {
        var filters = new Dictionary<string, PatternFilter>();
        var types = EventNames.DefaultPullRequestTypes;
        foreach (var field in Fields(options, KeySet.PullRequest))
        {
            if (field.Name == "types")
                types = reader.Words(field, [.. EventNames.PullRequestTypes], "an activity of 'pull_request'");
            else
                ReadFilter(field, filters);
        }

        return new PullRequestTrigger(types, filters.GetValueOrDefault("branches"), filters.GetValueOrDefault("paths"));
    }

    public WorkflowRunTrigger ReadWorkflowRun(Field options, SourcePosition at)
    {
        var filters = new Dictionary<string, PatternFilter>();
        IReadOnlyList<string>? workflows = null;
        var types = EventNames.WorkflowRunTypes;
        foreach (var field in Fields(options, KeySet.WorkflowRun))
        {
            if (field.Name == "workflows")
                workflows = [.. reader.OneOrMore(field).Select(name => reader.PlainText(name)).OfType<string>().Distinct()];
            else if (field.Name == "types")
                types = reader.Words(field, [.. EventNames.WorkflowRunTypes], "an activity of 'workflow_run'");
            else
                ReadFilter(field, filters);
        }

        if (workflows is null && options.Value is YamlMapping or YamlScalar { Kind: ScalarKind.Null })
            reader.MissingKey(at, options.Path, "'workflow_run' does not say after which 'workflows'", "add 'workflows: [NAME]'");
        return new WorkflowRunTrigger(workflows ?? [], types, filters.GetValueOrDefault("branches"));
    }

    private IEnumerable<Field> Fields(Field options, KeySet keys) =>
        !options.IsNull && reader.Mapping(options.Value, options.Path) is { } mapping ? reader.Fields(mapping, options.Path, keys) : [];

    private void ReadFilter(Field field, Dictionary<string, PatternFilter> filters)
    {
        var ignore = field.Name.EndsWith("-ignore", StringComparison.Ordinal);
        var subject = ignore ? field.Name[..^"-ignore".Length] : field.Name;
        if (filters.ContainsKey(subject))
        {
            reader.Diagnostics.Error(
                DiagnosticCodes.InvalidValue, field.Key.Position, field.Path,
                $"'{subject}' and '{subject}-ignore' cannot stand together", $"use '{subject}' with patterns that start with '!'");
            return;
        }

        filters[subject] = ReadPatterns(field, ignore);
    }

    private PatternFilter ReadPatterns(Field field, bool ignore)
    {
        var patterns = new List<GlobPattern>();
        foreach (var item in reader.OneOrMore(field))
        {
            if (reader.PlainText(item) is not { } text)
                continue;
            if (GlobPattern.TryParse(text, out var pattern, out var error))
                patterns.Add(pattern);
            else
                reader.Invalid(item.Value, item.Path, $"the pattern '{YamlReader.Show(text)}' is not valid: {error}");
            WarnOfPrefix(item, text);
        }

        if (!ignore && patterns.Count > 0 && patterns.All(pattern => pattern.IsExclusion))
        {
            reader.Invalid(
                field.Value, field.Path, $"'{field.Path}' only excludes, so nothing could match",
                $"use '{field.Name}-ignore', or put a pattern such as '**' first");
        }

        return new PatternFilter(patterns, ignore);
    }

    private void WarnOfPrefix(Field item, string pattern)
    {
        var bare = pattern.TrimStart('!');
        var prefix = bare.StartsWith("refs/heads/", StringComparison.Ordinal) ? "refs/heads/"
            : bare.StartsWith("refs/tags/", StringComparison.Ordinal) ? "refs/tags/"
            : bare.StartsWith("./", StringComparison.Ordinal) ? "./"
            : null;
        if (prefix is not null)
        {
            reader.Diagnostics.Warning(
                DiagnosticCodes.InvalidValue, item.Value.Position, item.Path,
                $"the pattern '{YamlReader.Show(pattern)}' matches nothing: names and paths are compared without '{prefix}'",
                $"write '{YamlReader.Show(bare[prefix.Length..])}'");
        }
    }
}
