using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>container</c> and <c>services</c>. Their parts see different contexts, so each is parsed in its own scope.</summary>
internal sealed partial class ContainerReader(NodeReader reader)
{
    private sealed record Scopes(KeySet Keys, ExpressionScope Own, ExpressionScope Credentials, ExpressionScope Env);

    private static readonly Scopes OfContainer = new(
        KeySet.Container, ExpressionScope.JobContainer, ExpressionScope.JobContainerCredentials, ExpressionScope.JobContainerEnv);

    private static readonly Scopes OfService = new(
        KeySet.Service, ExpressionScope.JobServices, ExpressionScope.JobServicesCredentials, ExpressionScope.JobServicesEnv);

    /// <summary>The job's container; an empty one is none.</summary>
    public TemplateNode? ReadContainer(Field field) =>
        field.Value is YamlScalar { Kind: ScalarKind.Null } or YamlScalar { Text: "" } ? null : Read(field, OfContainer);

    public TemplateNode? ReadServices(Field field)
    {
        if (NodeReader.HasExpression(field.Value))
            return TemplateNode.Parse(field.Value, field.Path, ExpressionScope.JobServices, reader.Diagnostics);
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;
        var services = new List<KeyValuePair<string, TemplateNode>>();
        foreach (var entry in reader.Ids(mapping, field.Path, "a service"))
        {
            if (Read(entry, OfService) is { } service)
                services.Add(new(entry.Name, service));
        }

        return new TemplateMapping(mapping.Position, services);
    }

    private TemplateNode? Read(Field field, Scopes scopes)
    {
        if (field.Value is YamlScalar)
            // An expression may give a mapping, or nothing.
            return !reader.IsText(field, mayBeEmpty: false) ? null : TemplateNode.Parse(field.Value, field.Path, scopes.Own, reader.Diagnostics);
        if (reader.Mapping(field.Value, field.Path) is not { } mapping)
            return null;
        var entries = new List<KeyValuePair<string, TemplateNode>>();
        foreach (var entry in reader.Fields(mapping, field.Path, scopes.Keys))
        {
            if (ReadPart(entry, scopes) is { } part)
                entries.Add(new(entry.Name, part));
        }

        if (mapping.Find("image") is null)
            reader.MissingKey(field.Key.Position, field.Path, $"'{field.Path}' has no 'image'");
        return new TemplateMapping(mapping.Position, entries);
    }

    private TemplateNode? ReadPart(Field part, Scopes scopes)
    {
        var scope = part.Name switch
        {
            "credentials" => scopes.Credentials,
            "env" => scopes.Env,
            _ => scopes.Own,
        };
        // An expression may give whatever the part may be.
        var fits = NodeReader.HasExpression(part.Value) || part.Name switch
        {
            "credentials" => AreCredentials(part),
            "env" => reader.IsEnv(part),
            "ports" or "volumes" => IsList(part),
            // "If image is assigned an empty string, the service will not start."
            _ => reader.IsText(part, mayBeEmpty: part.Name != "image" || scopes == OfService),
        };
        return fits ? TemplateNode.Parse(part.Value, part.Path, scope, reader.Diagnostics) : null;
    }

    private bool AreCredentials(Field part)
    {
        if (reader.Mapping(part.Value, part.Path) is not { } mapping)
            return false;
        foreach (var field in reader.Fields(mapping, part.Path, KeySet.Credentials))
            reader.IsText(field, mayBeEmpty: false);
        return true;
    }

    private bool IsList(Field part)
    {
        if (part.Value is not YamlSequence)
        {
            reader.WrongType(part.Value, part.Path, "a list", part.Name == "ports" ? "write ['5432:5432']" : "write ['name:/path']");
            return false;
        }

        foreach (var item in NodeReader.Items(part, (YamlSequence)part.Value).Where(item => reader.IsText(item, mayBeEmpty: false)))
        {
            if (part.Name == "ports" && !NodeReader.HasExpression(item.Value) && !Port().IsMatch(((YamlScalar)item.Value).Text))
                reader.Invalid(item.Value, item.Path, $"'{YamlReader.Show(((YamlScalar)item.Value).Text)}' is not a port", "write '8080:80', '80' or '53:53/udp'");
        }

        return true;
    }

    // As Docker's --publish takes it: [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], with ranges.
    [GeneratedRegex(@"^(?:(?:[0-9.]{7,15}|\[[0-9a-fA-F:]+\]):)?(?:[0-9]{1,5}(?:-[0-9]{1,5})?:|:)?[0-9]{1,5}(?:-[0-9]{1,5})?(?:/(?:tcp|udp|sctp))?\z")]
    private static partial Regex Port();
}
