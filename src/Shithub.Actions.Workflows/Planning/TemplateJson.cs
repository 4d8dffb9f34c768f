using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>Trees of templates as JSON: how <c>container</c> and <c>services</c> go to the runner, which evaluates them.</summary>
internal static class TemplateJson
{
    /// <summary>Literals keep their type; a text with expressions is a string.</summary>
    public static JsonNode? Write(TemplateNode? node)
    {
        switch (node)
        {
            case null:
                return null;
            case TemplateScalar scalar:
                return scalar.Literal is { } literal ? ContextJson.Write(literal).Value : scalar.Template.Source;
            case TemplateSequence sequence:
                return new JsonArray([.. sequence.Items.Select(Write)]);
            case TemplateMapping mapping:
                var json = new JsonObject();
                foreach (var entry in mapping.Entries)
                    json[entry.Key] = Write(entry.Value);
                return json;
            default:
                throw new InvalidOperationException($"no JSON for {node.GetType().Name}");
        }
    }
}
