using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>permissions:</c>, of a workflow or of a job.</summary>
internal sealed class PermissionsReader(NodeReader reader)
{
    /// <summary>The key of a job's network allowlist: this system's own.</summary>
    public const string NetworkKey = "network";

    private static readonly string[] Any = ["read", "write", "none"];
    private static readonly string[] ReadOnly = ["read", "none"];
    private static readonly string[] WriteOnly = ["write", "none"];

    /// <summary>GitHub's scopes, each with the levels it has.</summary>
    public static IReadOnlyDictionary<string, string[]> Scopes { get; } = new OrderedDictionary<string, string[]>
    {
        ["actions"] = Any,
        ["artifact-metadata"] = Any,
        ["attestations"] = Any,
        ["checks"] = Any,
        ["contents"] = Any,
        ["copilot-requests"] = WriteOnly,
        ["deployments"] = Any,
        ["discussions"] = Any,
        ["id-token"] = WriteOnly,
        ["issues"] = Any,
        ["models"] = ReadOnly,
        ["packages"] = Any,
        ["pages"] = Any,
        ["pull-requests"] = Any,
        ["repository-projects"] = Any,
        ["security-events"] = Any,
        ["statuses"] = Any,
        ["vulnerability-alerts"] = ReadOnly,
    };

    public Permissions? Read(Field field)
    {
        if (field.Value is YamlScalar { Kind: ScalarKind.String })
        {
            return reader.PlainText(field) is not { } text
                ? null
                : text switch
                {
                    "read-all" => new Permissions("read", new Dictionary<string, string>(), null),
                    "write-all" => new Permissions("write", new Dictionary<string, string>(), null),
                    _ => Refuse(field, text),
                };
        }

        if (field.IsNull)
        {
            reader.Invalid(field.Value, field.Path, $"'{field.Path}' is empty", "write 'permissions: {}' for none");
            return null;
        }

        return reader.Mapping(field.Value, field.Path) is { } mapping ? ReadScopes(mapping, field.Path) : null;
    }

    private Permissions? Refuse(Field field, string text)
    {
        reader.Invalid(
            field.Value, field.Path, $"'{field.Path}' cannot be '{YamlReader.Show(text)}'",
            NearestName.Suggest(text, ["read-all", "write-all"]) ?? "write read-all, write-all, {} for none, or a mapping of scopes");
        return null;
    }

    private Permissions ReadScopes(YamlMapping mapping, DocumentPath path)
    {
        var scopes = new OrderedDictionary<string, string>();
        IReadOnlyList<string>? network = null;
        foreach (var entry in NodeReader.Entries(mapping, path))
        {
            if (entry.Name == NetworkKey)
            {
                network = ReadNetwork(entry);
            }
            else if (!Scopes.TryGetValue(entry.Name, out var levels))
            {
                reader.Diagnostics.Error(
                    DiagnosticCodes.UnknownKey, entry.Key.Position, entry.Path,
                    $"unknown permission '{YamlReader.Show(entry.Name)}'",
                    NearestName.Suggest(entry.Name, Scopes.Keys.Append(NetworkKey)) ?? $"known here: {string.Join(", ", Scopes.Keys)}, {NetworkKey}");
            }
            else if (reader.Word(entry, levels) is { } level)
            {
                scopes[entry.Name] = level;
            }
        }

        return new Permissions(null, scopes, network) { ListsScopes = mapping.Entries.Count == 0 || scopes.Count > 0 };
    }

    private List<string>? ReadNetwork(Field field)
    {
        // An empty list is meant: no network at all.
        if (field.Value is YamlSequence { Items.Count: 0 })
            return [];
        var names = new List<string>();
        foreach (var item in reader.OneOrMore(field))
        {
            if (reader.PlainText(item) is not { } text)
                continue;
            if (IsHostPattern(text))
                names.Add(text.ToLowerInvariant());
            else
                reader.Invalid(
                    item.Value, item.Path, $"'{YamlReader.Show(text)}' is not a host name",
                    "write a name such as 'example.org', or '*.example.org' for all names below it");
        }

        return [.. names.Distinct()];
    }

    // RFC 1123 names, 253 characters; no addresses, no ports: the fence works by name.
    private static bool IsHostPattern(string text)
    {
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        var labels = name.Split('.');
        return name.Length is > 0 and <= 253
            && labels.All(label =>
                label.Length is > 0 and <= 63
                && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                && label[0] != '-' && label[^1] != '-')
            && !labels[^1].All(char.IsAsciiDigit);
    }
}
