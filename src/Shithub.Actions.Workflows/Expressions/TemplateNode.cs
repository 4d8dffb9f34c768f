using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A tree of a workflow whose scalars may be expressions, such as a <c>matrix</c> or a <c>container</c>. Its depth is that
/// of the YAML it came from.
/// </summary>
public abstract class TemplateNode
{
    private protected TemplateNode(SourcePosition position, DocumentPath path) => (Position, Path) = (position, path);

    /// <summary>Where it stands in the file.</summary>
    public SourcePosition Position { get; }

    internal DocumentPath Path { get; }

    /// <summary>Whether there is an expression anywhere in it.</summary>
    public abstract bool HasExpressions { get; }

    /// <summary>The value, each literal of its own type and each expression of the type that it gives.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public abstract ExpressionValue Evaluate(ExpressionEvaluator evaluator);

    /// <summary>
    /// The tree as JSON: literals of their own type, everything with an expression as the string that the author wrote.
    /// </summary>
    public abstract JsonNode? ToJson();

    /// <summary>What <see cref="ToJson"/> wrote, without the file around it.</summary>
    /// <param name="path">Where in the document it stood.</param>
    /// <param name="position">Where in the file: every diagnostic about it points there.</param>
    public static TemplateNode FromJson(
        JsonElement json, string path, SourcePosition position, ExpressionScope scope, DiagnosticBag diagnostics) =>
        FromJson(json, DocumentPath.Of(path), position, scope, diagnostics);

    private static TemplateNode FromJson(
        JsonElement json, DocumentPath path, SourcePosition position, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                var items = json.EnumerateArray()
                    .Select((item, index) => FromJson(item, path.Index(index), position, scope, diagnostics)).ToList();
                return new TemplateSequence(position, items, path);
            case JsonValueKind.Object:
                var entries = json.EnumerateObject()
                    .Select(entry => KeyValuePair.Create(entry.Name, FromJson(entry.Value, path.Key(entry.Name), position, scope, diagnostics)));
                return new TemplateMapping(position, [.. entries], path);
            default:
                var literal = JsonValues.From(json, tainted: false);
                var source = TemplateSource.At(Coercion.ToText(literal), path.ToString(), position);
                return new TemplateScalar(Template.Parse(source, scope, diagnostics), literal);
        }
    }

    /// <summary>Parses all expressions in a tree; what is wrong with one is reported, and it counts as text.</summary>
    internal static TemplateNode Parse(YamlNode node, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        switch (node)
        {
            case YamlSequence sequence:
                var items = sequence.Items.Select((item, index) => Parse(item, path.Index(index), scope, diagnostics)).ToList();
                return new TemplateSequence(sequence.Position, items, path);
            case YamlMapping mapping:
                return new TemplateMapping(mapping.Position, ParseEntries(mapping, path, scope, diagnostics), path);
            default:
                return ParseScalar((YamlScalar)node, path, scope, diagnostics);
        }
    }

    private static TemplateScalar ParseScalar(YamlScalar scalar, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        ExpressionValue literal = scalar.Kind switch
        {
            ScalarKind.Null => ExpressionValue.Null,
            ScalarKind.Boolean => new BooleanValue(CoreSchema.ToBoolean(scalar.Text)),
            ScalarKind.Number => new NumberValue(CoreSchema.ToNumber(scalar.Text)),
            _ => new StringValue(scalar.Text),
        };
        if (literal is NumberValue number && NumberValue.Format(number.Value) is var text && text != scalar.Text)
        {
            diagnostics.Warning(
                DiagnosticCodes.ScalarChanged, scalar.Position, path,
                $"YAML reads {scalar.Text} as a number, so this becomes '{text}'", $"write '{scalar.Text}' in quotes to keep it as it is");
        }

        return new TemplateScalar(Template.Parse(scalar, scalar.Text, path, scope, diagnostics), literal);
    }

    private static List<KeyValuePair<string, TemplateNode>> ParseEntries(
        YamlMapping mapping, DocumentPath path, ExpressionScope scope, DiagnosticBag diagnostics)
    {
        var entries = new List<KeyValuePair<string, TemplateNode>>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in mapping.Entries)
        {
            var below = path.Key(key.Text);
            if (key.Text.Contains("${{", StringComparison.Ordinal))
            {
                var isInsert = string.Concat(key.Text.Where(c => !char.IsWhiteSpace(c))) == "${{insert}}";
                diagnostics.Error(
                    DiagnosticCodes.NotSupported, key.Position, below,
                    isInsert ? "'${{ insert }}' is not supported" : "a key cannot be an expression here",
                    isInsert ? "write the entries out, or give the whole value as ${{ fromJSON(…) }}" : "give the whole value as ${{ fromJSON(…) }}");
            }
            else if (!seen.Add(key.Text))
            {
                diagnostics.Error(
                    DiagnosticCodes.Duplicate, key.Position, below,
                    $"the key '{YamlReader.Show(key.Text)}' is already defined; case makes no difference in expressions");
            }
            else
            {
                entries.Add(new(key.Text, Parse(value, below, scope, diagnostics)));
            }
        }

        return entries;
    }
}

/// <summary>A scalar: a literal, or a text with expressions.</summary>
public sealed class TemplateScalar : TemplateNode
{
    private readonly ExpressionValue _literal;

    internal TemplateScalar(Template template, ExpressionValue literal)
        : base(template.Position, template.Path) =>
        (Template, _literal) = (template, literal);

    /// <summary>Its text with the expressions parsed.</summary>
    public Template Template { get; }

    /// <summary>The value as YAML types it; null where there is an expression in it.</summary>
    public ExpressionValue? Literal => HasExpressions ? null : _literal;

    public override bool HasExpressions => Template.HasExpressions;

    public override ExpressionValue Evaluate(ExpressionEvaluator evaluator) => Literal ?? Template.Evaluate(evaluator);

    public override JsonNode? ToJson() =>
        Literal is null ? JsonValue.Create(Template.Source) : ContextJson.Write(_literal).Value;
}

public sealed class TemplateSequence : TemplateNode
{
    internal TemplateSequence(SourcePosition position, IReadOnlyList<TemplateNode> items, DocumentPath? path = null)
        : base(position, path ?? DocumentPath.Root) =>
        Items = items;

    public IReadOnlyList<TemplateNode> Items { get; }

    public override bool HasExpressions => Items.Any(item => item.HasExpressions);

    /// <summary>The list; as on GitHub, a list that an expression gives for an item is inserted, item by item.</summary>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public override ExpressionValue Evaluate(ExpressionEvaluator evaluator)
    {
        var values = new List<ExpressionValue>(Items.Count);
        foreach (var item in Items)
        {
            var value = item.Evaluate(evaluator);
            if (item is TemplateScalar { HasExpressions: true } && value is ArrayValue inserted)
                values.AddRange(inserted.Items.Select(insert => insert.WithTaint(inserted.Tainted)));
            else
                values.Add(value);
        }

        return ArrayValue.Of(values);
    }

    public override JsonNode ToJson() => new JsonArray([.. Items.Select(item => item.ToJson())]);
}

public sealed class TemplateMapping : TemplateNode
{
    internal TemplateMapping(
        SourcePosition position, IReadOnlyList<KeyValuePair<string, TemplateNode>> entries, DocumentPath? path = null)
        : base(position, path ?? DocumentPath.Root) =>
        Entries = entries;

    /// <summary>In the file's order; no two keys are the same without case.</summary>
    public IReadOnlyList<KeyValuePair<string, TemplateNode>> Entries { get; }

    public override bool HasExpressions => Entries.Any(entry => entry.Value.HasExpressions);

    /// <summary>The value under a key, found without case; null where there is none.</summary>
    public TemplateNode? Find(string key) =>
        Entries.FirstOrDefault(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;

    public override ExpressionValue Evaluate(ExpressionEvaluator evaluator)
    {
        var members = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in Entries)
            members[key] = value.Evaluate(evaluator);
        return ObjectValue.Of(members);
    }

    public override JsonNode ToJson()
    {
        var json = new JsonObject();
        foreach (var (key, value) in Entries)
            json[key] = value.ToJson();
        return json;
    }
}
