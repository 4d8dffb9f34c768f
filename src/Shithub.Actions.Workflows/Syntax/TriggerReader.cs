using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on:</c> in its three forms: one event, a list of them, a mapping with their filters.</summary>
internal sealed class TriggerReader(NodeReader reader)
{
    private readonly List<string> _neverFiring = [];
    private PushTrigger? _push;
    private DispatchTrigger? _dispatch;

    public WorkflowTriggers Read(Field on)
    {
        switch (on.Value)
        {
            case YamlMapping mapping:
                if (mapping.Entries.Count == 0)
                    reader.Invalid(on.Value, on.Path, "'on' names no event");
                foreach (var entry in NodeReader.Entries(mapping, on.Path))
                    ReadEvent(entry.Name, entry.Key, entry.Path, entry.Value);
                break;
            case YamlSequence or YamlScalar:
                foreach (var name in reader.OneOrMore(on))
                    ReadEvent(((YamlScalar)name.Value).Text, name.Value, name.Path, null);
                break;
        }

        return new WorkflowTriggers(_push, _dispatch, _neverFiring);
    }

    private void ReadEvent(string name, YamlNode at, DocumentPath path, YamlNode? options)
    {
        var diagnostics = reader.Diagnostics;
        if (name == EventNames.Push)
        {
            _push = ReadPush(options, path);
        }
        else if (name == EventNames.WorkflowDispatch)
        {
            _dispatch = new DispatchInputReader(reader).Read(options, path);
        }
        else if (EventNames.Later.Contains(name))
        {
            _neverFiring.Add(name);
            diagnostics.Warning(DiagnosticCodes.NeverFires, at.Position, path, $"the event '{name}' never fires here yet");
        }
        else if (EventNames.OnlyGitHub.Contains(name))
        {
            _neverFiring.Add(name);
            diagnostics.Warning(
                DiagnosticCodes.NeverFires, at.Position, path, $"the event '{name}' is GitHub's own and never fires here");
        }
        else
        {
            diagnostics.Error(
                DiagnosticCodes.UnknownEvent, at.Position, path, $"unknown event '{YamlReader.Show(name)}'",
                NearestName.Suggest(name, EventNames.All));
        }
    }

    private PushTrigger ReadPush(YamlNode? options, DocumentPath path)
    {
        var filters = new Dictionary<string, PatternFilter>();
        if (options is null or YamlScalar { Kind: ScalarKind.Null } || reader.Mapping(options, path) is not { } mapping)
            return new PushTrigger(null, null, null);
        foreach (var field in reader.Fields(mapping, path, KeySet.Push))
        {
            var ignore = field.Name.EndsWith("-ignore", StringComparison.Ordinal);
            var subject = ignore ? field.Name[..^"-ignore".Length] : field.Name;
            if (filters.ContainsKey(subject))
            {
                reader.Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, field.Key.Position, field.Path,
                    $"'{subject}' and '{subject}-ignore' cannot stand together", $"use '{subject}' with patterns that start with '!'");
                continue;
            }

            filters[subject] = ReadPatterns(field, ignore);
        }

        return new PushTrigger(
            filters.GetValueOrDefault("branches"), filters.GetValueOrDefault("tags"), filters.GetValueOrDefault("paths"));
    }

    private PatternFilter ReadPatterns(Field field, bool ignore)
    {
        var patterns = new List<GlobPattern>();
        foreach (var item in reader.OneOrMore(field))
        {
            var text = reader.Text(item)!;
            if (GlobPattern.TryParse(text, out var pattern, out var error))
                patterns.Add(pattern);
            else
                reader.Invalid(item.Value, item.Path, $"the pattern '{YamlReader.Show(text)}' is not valid: {error}");
        }

        if (!ignore && patterns.Count > 0 && patterns.All(pattern => pattern.IsExclusion))
        {
            reader.Invalid(
                field.Value, field.Path, $"'{field.Path}' only excludes, so nothing could match",
                $"use '{field.Name}-ignore', or put a pattern such as '**' first");
        }

        return new PatternFilter(patterns, ignore);
    }
}
