using System.Globalization;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>A key's value, and where it is.</summary>
internal readonly record struct Field(YamlScalar Key, YamlNode Value, DocumentPath Path)
{
    public string Name => Key.Text;
}

/// <summary>Reads typed values from YAML nodes. What does not fit is reported once, and comes back as null or empty.</summary>
internal sealed class NodeReader(DiagnosticBag diagnostics)
{
    public DiagnosticBag Diagnostics { get; } = diagnostics;

    public YamlMapping? Mapping(YamlNode node, DocumentPath path)
    {
        if (node is YamlMapping mapping)
            return mapping;
        WrongType(node, path, "a mapping");
        return null;
    }

    /// <summary>The fields of a mapping whose keys the author chooses, such as <c>env</c>.</summary>
    public static IEnumerable<Field> Entries(YamlMapping mapping, DocumentPath path) =>
        mapping.Entries.Select(entry => new Field(entry.Key, entry.Value, path.Key(entry.Key.Text)));

    /// <summary>The supported fields of a mapping; for each other one an error.</summary>
    public IEnumerable<Field> Fields(YamlMapping mapping, DocumentPath path, KeySet keys)
    {
        foreach (var field in Entries(mapping, path))
        {
            if (keys.Supported.Contains(field.Name))
                yield return field;
            else if (keys.NotYet.Contains(field.Name))
                NotYet(field.Key.Position, field.Path, $"the key '{field.Name}' of {keys.Where}");
            else
            {
                Diagnostics.Error(
                    DiagnosticCodes.UnknownKey, field.Key.Position, field.Path,
                    $"unknown key '{YamlReader.Show(field.Name)}' in {keys.Where}", keys.Suggest(field.Name));
            }
        }
    }

    public void NotYet(SourcePosition at, DocumentPath path, string what) =>
        Diagnostics.Error(DiagnosticCodes.NotSupported, at, path, $"{what} is not supported yet");

    public void Invalid(YamlNode node, DocumentPath path, string message, string? suggestion = null) =>
        Diagnostics.Error(DiagnosticCodes.InvalidValue, node.Position, path, message, suggestion);

    public void WrongType(YamlNode node, DocumentPath path, string wanted) =>
        Invalid(node, path, $"'{path}' must be {wanted}, but is {node.Describe()}");

    /// <summary>A scalar's text. Numbers and booleans count as what YAML reads in them, as on GitHub, with a warning.</summary>
    public string? Text(Field field)
    {
        if (field.Value is not YamlScalar scalar)
        {
            WrongType(field.Value, field.Path, "a string");
            return null;
        }

        var text = scalar.Kind switch
        {
            ScalarKind.Null => "",
            ScalarKind.Boolean => CoreSchema.ToBoolean(scalar.Text) ? "true" : "false",
            ScalarKind.Number => NumberValue.Format(CoreSchema.ToNumber(scalar.Text)),
            _ => scalar.Text,
        };
        if (text != scalar.Text && scalar.Kind != ScalarKind.Null)
        {
            Diagnostics.Warning(
                DiagnosticCodes.ScalarChanged, scalar.Position, field.Path,
                $"YAML reads {scalar.Text} as {scalar.Describe()}, so this becomes '{text}'",
                $"write '{scalar.Text}' in quotes to keep it as it is");
        }

        return text;
    }

    /// <summary>As <see cref="Text"/>, but an empty one is reported and null.</summary>
    public string? NonEmptyText(Field field)
    {
        if (Text(field) is not { } text)
            return null;
        if (!string.IsNullOrWhiteSpace(text))
            return text;
        Invalid(field.Value, field.Path, $"'{field.Path}' is empty");
        return null;
    }

    public Template? Template(Field field, ExpressionScope scope) =>
        Text(field) is { } text ? ToTemplate(field, text, scope) : null;

    public Template? NonEmptyTemplate(Field field, ExpressionScope scope) =>
        NonEmptyText(field) is { } text ? ToTemplate(field, text, scope) : null;

    private Template ToTemplate(Field field, string text, ExpressionScope scope) =>
        Workflows.Template.Parse((YamlScalar)field.Value, text, field.Path, scope, Diagnostics);

    public bool? Boolean(Field field)
    {
        if (field.Value is YamlScalar { Kind: ScalarKind.Boolean } scalar)
            return CoreSchema.ToBoolean(scalar.Text);
        var yaml11 = field.Value is YamlScalar { Text: "yes" or "no" or "on" or "off" or "Yes" or "No" or "On" or "Off" };
        Invalid(
            field.Value, field.Path, $"'{field.Path}' must be true or false, but is {field.Value.Describe()}",
            yaml11 ? "YAML 1.2 has only true and false" : null);
        return null;
    }

    /// <summary>A boolean, or an expression that gives one when it is planned.</summary>
    public Setting<bool> BooleanSetting(Field field, bool defaultValue, ExpressionScope scope) =>
        IsExpression(field.Value)
            ? new Setting<bool>(defaultValue, Template(field, scope))
            : new Setting<bool>(Boolean(field) ?? defaultValue, null);

    /// <summary>A whole number between the two, or an expression that gives one when it is planned.</summary>
    public Setting<int> IntegerSetting(Field field, int defaultValue, int min, int max, ExpressionScope scope)
    {
        if (IsExpression(field.Value))
            return new Setting<int>(defaultValue, Template(field, scope));
        var number = field.Value is YamlScalar { Kind: ScalarKind.Number } scalar ? CoreSchema.ToNumber(scalar.Text) : double.NaN;
        if (number >= min && number <= max && number == Math.Floor(number))
            return new Setting<int>((int)number, null);
        Invalid(
            field.Value, field.Path,
            string.Create(CultureInfo.InvariantCulture, $"'{field.Path}' must be a whole number from {min} to {max}"));
        return new Setting<int>(defaultValue, null);
    }

    /// <summary>The scalars of a value that is one string or a list of them; empty only after an error.</summary>
    public IReadOnlyList<Field> OneOrMore(Field field)
    {
        if (field.Value is YamlScalar)
            return NonEmptyText(field) is null ? [] : [field];
        if (field.Value is not YamlSequence sequence)
        {
            WrongType(field.Value, field.Path, "a string or a list of strings");
            return [];
        }

        if (sequence.Items.Count == 0)
            Invalid(field.Value, field.Path, $"'{field.Path}' is an empty list");
        return [.. sequence.Items.Select((item, i) => new Field(field.Key, item, field.Path.Index(i))).Where(item => NonEmptyText(item) is not null)];
    }

    public IReadOnlyList<EnvVariable> Env(Field field, ExpressionScope scope)
    {
        var variables = new List<EnvVariable>();
        if (Mapping(field.Value, field.Path) is not { } mapping)
            return variables;
        foreach (var entry in Entries(mapping, field.Path))
        {
            if (entry.Name.Length == 0 || entry.Name.Contains('='))
                Diagnostics.Error(
                    DiagnosticCodes.InvalidValue, entry.Key.Position, entry.Path,
                    $"'{YamlReader.Show(entry.Name)}' cannot be the name of an environment variable");
            else if (Template(entry, scope) is { } value)
                variables.Add(new EnvVariable(entry.Name, value));
        }

        return variables;
    }

    private static bool IsExpression(YamlNode node) =>
        node is YamlScalar { Kind: ScalarKind.String } scalar && scalar.Text.Contains("${{", StringComparison.Ordinal);
}
