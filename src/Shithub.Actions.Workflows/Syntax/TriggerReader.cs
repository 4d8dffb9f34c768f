using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on:</c> in its three forms: one event, a list of them, a mapping with their filters.</summary>
internal sealed class TriggerReader(NodeReader reader)
{
    /// <summary>What people from other systems write.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["pr"] = EventNames.PullRequest,
        ["merge_request"] = EventNames.PullRequest,
        ["commit"] = EventNames.Push,
        ["tag"] = EventNames.Push,
        ["cron"] = EventNames.Schedule,
        ["manual"] = EventNames.WorkflowDispatch,
        ["dispatch"] = EventNames.WorkflowDispatch,
    };

    private readonly List<string> _neverFiring = [];
    private WorkflowTriggers _triggers = new(null, null, []);

    public WorkflowTriggers Read(Field on)
    {
        switch (on.Value)
        {
            case YamlMapping mapping:
                if (mapping.Entries.Count == 0)
                    reader.Invalid(on.Value, on.Path, "'on' names no event");
                foreach (var entry in NodeReader.Entries(mapping, on.Path))
                    ReadEvent(entry.Name, entry.Key, entry);
                break;
            case YamlSequence or YamlScalar:
                foreach (var name in reader.OneOrMore(on))
                    ReadEvent(((YamlScalar)name.Value).Text, name.Value, name with { Value = Nothing(name.Value) });
                break;
        }

        return _triggers with { NeverFiring = _neverFiring };
    }

    // An event that is only named has no filters: as one whose filters are left out.
    private static YamlScalar Nothing(YamlNode name) => (YamlScalar)name with { Text = "", Kind = ScalarKind.Null };

    private void ReadEvent(string name, YamlNode at, Field options)
    {
        switch (name)
        {
            case EventNames.Push:
                _triggers = _triggers with { Push = new RefEventReader(reader).ReadPush(options) };
                break;
            case EventNames.PullRequest:
                _triggers = _triggers with { PullRequest = new RefEventReader(reader).ReadPullRequest(options) };
                break;
            case EventNames.WorkflowRun:
                _triggers = _triggers with { WorkflowRun = new RefEventReader(reader).ReadWorkflowRun(options, at.Position) };
                break;
            case EventNames.WorkflowDispatch:
                _triggers = _triggers with { WorkflowDispatch = new DispatchInputReader(reader).Read(options) };
                break;
            case EventNames.WorkflowCall:
                _triggers = _triggers with { WorkflowCall = new CallTriggerReader(reader).Read(options) };
                break;
            case EventNames.Schedule:
                _triggers = _triggers with { Schedules = new ScheduleReader(reader).Read(options, at.Position) };
                break;
            case EventNames.RepositoryDispatch:
                _triggers = _triggers with { RepositoryDispatch = ReadRepositoryDispatch(options) };
                break;
            default:
                ReadOther(name, at, options);
                break;
        }
    }

    private void ReadOther(string name, YamlNode at, Field options)
    {
        if (EventNames.OnlyGitHub.Contains(name))
        {
            _neverFiring.Add(name);
            reader.Diagnostics.Warning(
                DiagnosticCodes.NeverFires, at.Position, options.Path, $"the event '{name}' is GitHub's own and never fires here",
                name == EventNames.PullRequestTarget ? "use 'pull_request'; what needs secrets goes into a workflow on 'push'" : null);
            CheckTypes(name, options);
            return;
        }

        var suggestion = reader.Diagnostics.IsFull ? null : OtherNames.TryGetValue(name, out var meant) ? $"did you mean '{meant}'?" : KeySet.Push.Supported.Contains(name)
            ? $"'{name}' belongs in an event, such as 'push'"
            : NearestName.Suggest(name, EventNames.All);
        reader.Diagnostics.Error(
            DiagnosticCodes.UnknownEvent, at.Position, options.Path, $"unknown event '{YamlReader.Show(name)}'",
            suggestion ?? $"known here: {string.Join(", ", EventNames.Here)}");
    }

    // GitHub passes over a type that it does not know where it knows another one, and so what the event is for is not looked at further;
    // a list without any that exists is a mistake wherever it stands.
    private void CheckTypes(string name, Field options)
    {
        if (options.Value is not YamlMapping mapping || mapping.Find("types") is not { } types
            || !EventNames.TypesOnlyGitHub.TryGetValue(name, out var known))
        {
            return;
        }

        var named = (types.Value is YamlSequence list ? list.Items : [types.Value]).OfType<YamlScalar>().Where(type => type.Kind != ScalarKind.Null).ToList();
        if (named.Count > 0 && !named.Any(type => known.Contains(type.Text)))
            reader.Words(new Field(types.Key, types.Value, options.Path.Key("types")), known, $"an activity of '{name}'");
    }

    private RepositoryDispatchTrigger ReadRepositoryDispatch(Field options)
    {
        IReadOnlyList<string>? types = null;
        if (!options.IsNull && reader.Mapping(options.Value, options.Path) is { } mapping)
        {
            foreach (var field in reader.Fields(mapping, options.Path, KeySet.RepositoryDispatch))
                types = [.. reader.OneOrMore(field).Select(type => reader.PlainText(type)).OfType<string>().Distinct()];
        }

        return new RepositoryDispatchTrigger(types);
    }
}
