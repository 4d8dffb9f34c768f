using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>A key's value, and where it is.</summary>
internal readonly record struct Field(YamlScalar Key, YamlNode Value, DocumentPath Path)
{
    public string Name => Key.Text;

    public bool IsNull => Value is YamlScalar { Kind: ScalarKind.Null };
}

/// <summary>Reads typed values from YAML nodes. What does not fit is reported once, and comes back as null or empty.</summary>
internal sealed partial class NodeReader(DiagnosticBag diagnostics)
{
    public DiagnosticBag Diagnostics { get; } = diagnostics;

    /// <summary>What has been said of this file's built-in actions, so that it is said once.</summary>
    public HashSet<string> NamedBuiltIns { get; } = [];

    public YamlMapping? Mapping(YamlNode node, DocumentPath path, string? suggestion = null)
    {
        if (node is YamlMapping mapping)
            return mapping;
        if (HasExpression(node))
            Invalid(node, path, $"'{path}' lists its keys in the file; one expression cannot stand for all of them", suggestion);
        else
            WrongType(node, path, "a mapping", suggestion ?? DescribeMissingSpace(node));
        return null;
    }

    // 'A:b' is a string in YAML, and so is 'A:' with a no-break space after it.
    private static string? DescribeMissingSpace(YamlNode node) =>
        node is not YamlScalar { Kind: ScalarKind.String, IsPlain: true, Text: var text } || text.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon)
            ? null
            : text.Contains('\u00a0', StringComparison.Ordinal)
                ? "replace the no-break space (U+00A0) by a space"
                : text[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? "put a space after ':'" : null;

    /// <summary>The fields of a mapping whose keys the author chooses, such as <c>env</c>.</summary>
    public static IEnumerable<Field> Entries(YamlMapping mapping, DocumentPath path)
    {
        foreach (var entry in mapping.Entries)
            yield return new Field(entry.Key, entry.Value, path.Key(entry.Key.Text));
    }

    /// <summary>The supported fields of a mapping; for each other one an error.</summary>
    /// <param name="hint">What to write instead of a key, where the key's place says more than the mapping's other keys.</param>
    /// <param name="isOpen">Whether GitHub passes over keys that it does not know here: then there is a warning for each.</param>
    public IEnumerable<Field> Fields(
        YamlMapping mapping, DocumentPath path, KeySet keys, Func<string, string?>? hint = null, bool isOpen = false)
    {
        foreach (var (key, value) in mapping.Entries)
        {
            var field = new Field(key, value, path.Key(key.Text));
            if (keys.Supported.Contains(field.Name))
            {
                yield return field;
            }
            else if (keys.Refused.TryGetValue(field.Name, out var reason))
            {
                Diagnostics.Error(
                    DiagnosticCodes.NotSupported, field.Key.Position, field.Path,
                    $"'{field.Name}' of {keys.Where} is not supported: {reason}");
            }
            else if (isOpen)
            {
                Diagnostics.Warning(
                    DiagnosticCodes.UnknownKey, field.Key.Position, field.Path,
                    $"'{YamlReader.Show(field.Name)}' means nothing in {keys.Where}", NearestName.Suggest(field.Name, keys.Supported));
            }
            else
            {
                Diagnostics.Error(
                    DiagnosticCodes.UnknownKey, field.Key.Position, field.Path,
                    $"unknown key '{YamlReader.Show(field.Name)}' in {keys.Where}", Diagnostics.IsFull ? null : hint?.Invoke(field.Name) ?? keys.Suggest(field.Name));
            }
        }
    }

    /// <summary>Whether a key that must be there is missing, and not only written wrongly, which is reported already.</summary>
    public static bool IsMissing(YamlMapping mapping, KeySet keys, string key) =>
        mapping.Find(key) is null
        && !mapping.Entries.Exists(entry => !keys.Supported.Contains(entry.Key.Text) && keys.FindMeant(entry.Key.Text) == key);

    /// <summary>
    /// The fields of a mapping whose keys are ids that the author chooses. For a key that can't be one, and for the second of two that
    /// differ in case only, there is an error and no field.
    /// </summary>
    /// <param name="what">Such as <c>an input</c>.</param>
    public IEnumerable<Field> Ids(YamlMapping mapping, DocumentPath path, string what)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in Entries(mapping, path))
        {
            if (!Identifier.IsValid(entry.Name))
            {
                Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path,
                    $"'{YamlReader.Show(entry.Name)}' cannot be the name of {what}", Identifier.Rule);
            }
            else if (!seen.Add(entry.Name))
            {
                Diagnostics.Error(
                    DiagnosticCodes.Duplicate, entry.Key.Position, entry.Path,
                    $"the name '{entry.Name}' is already taken; case makes no difference");
            }
            else
            {
                yield return entry;
            }
        }
    }

    public void Invalid(YamlNode node, DocumentPath path, string message, string? suggestion = null) =>
        Diagnostics.Error(DiagnosticCodes.InvalidValue, node.Position, path, message, suggestion);

    public void WrongType(YamlNode node, DocumentPath path, string wanted, string? suggestion = null) =>
        Invalid(node, path, $"'{path}' must be {wanted}, but is {node.Describe()}", suggestion);

    public void MissingKey(SourcePosition at, DocumentPath path, string message, string? suggestion = null) =>
        Diagnostics.Error(DiagnosticCodes.MissingKey, at, path, message, suggestion);

    /// <summary>The scalars of a value that is one string or a list of them; empty only after an error.</summary>
    public IReadOnlyList<Field> OneOrMore(Field field, string? suggestion = null)
    {
        if (field.Value is YamlScalar)
            return NonEmptyText(field) is null ? [] : [field];
        if (field.Value is not YamlSequence sequence)
        {
            WrongType(field.Value, field.Path, "a string or a list of strings", suggestion);
            return [];
        }

        if (sequence.Items.Count == 0)
            Invalid(field.Value, field.Path, $"'{field.Path}' is an empty list");
        return [.. Items(field, sequence).Where(item => NonEmptyText(item) is not null)];
    }

    /// <summary>The items of a list.</summary>
    public static IEnumerable<Field> Items(Field field, YamlSequence sequence)
    {
        for (var i = 0; i < sequence.Items.Count; i++)
            yield return new Field(field.Key, sequence.Items[i], field.Path.Index(i));
    }

    public IReadOnlyList<EnvVariable> Env(Field field, ExpressionScope scope) =>
        Whole(field, scope) is { } whole
            ? [new EnvVariable(WholeMapping.Under, whole)]
            : [.. from entry in EnvEntries(field)
                  let value = Template(entry, scope)
                  where value is not null && IsName(entry, scope)
                  select new EnvVariable(entry.Name, value)];

    /// <summary>Whether the name is text, or made of expressions that can be parsed; what is wrong with them is reported.</summary>
    private bool IsName(Field entry, ExpressionScope scope) =>
        WholeMapping.Is(entry.Name) || !WholeMapping.IsComputed(entry.Name)
        || Workflows.Template.Parse(entry.Key, entry.Name, entry.Path, scope, Diagnostics).HasExpressions;

    /// <summary>The one expression that stands for a whole mapping; null for anything else.</summary>
    public Template? Whole(Field field, ExpressionScope scope)
    {
        if (!HasExpression(field.Value) || Template(field, scope) is not { } template)
            return null;
        if (template is { HasExpressions: true, Parts.Count: > 1 })
            Invalid(field.Value, field.Path, $"'{field.Path}' must be a mapping, or one expression that gives one; this is text", "write nothing around ${{ … }}");
        return template;
    }

    /// <summary>Whether the value is a mapping of variables; what is wrong with it is reported.</summary>
    public bool IsEnv(Field field)
    {
        foreach (var entry in EnvEntries(field))
            IsText(entry, mayBeEmpty: true);
        return field.IsNull || field.Value is YamlMapping;
    }

    private IEnumerable<Field> EnvEntries(Field field)
    {
        // An empty one is what is left when all of its lines are comments.
        if (field.IsNull
            || Mapping(field.Value, field.Path, field.Value is YamlSequence ? "write 'NAME: value' lines, without '-'" : null) is not { } mapping)
        {
            yield break;
        }

        foreach (var entry in Entries(mapping, field.Path))
        {
            if (WholeMapping.IsComputed(entry.Name))
                yield return entry;
            else if (entry.Name.Length == 0 || entry.Name.Contains('='))
                Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path,
                    $"'{YamlReader.Show(entry.Name)}' cannot be the name of an environment variable");
            else
                yield return entry;
        }
    }

    /// <summary>A mapping of ids to text with expressions, such as <c>outputs</c>.</summary>
    public IReadOnlyList<EnvVariable> Templates(Field field, string what, ExpressionScope scope) =>
        !field.IsNull && Mapping(field.Value, field.Path) is { } mapping
            ? [.. from entry in Ids(mapping, field.Path, what)
                  let value = Template(entry, scope)
                  where value is not null
                  select new EnvVariable(entry.Name, value)]
            : [];

    public static bool HasExpression(YamlNode node) =>
        node is YamlScalar { Kind: ScalarKind.String } scalar && scalar.Text.Contains("${{", StringComparison.Ordinal);
}
