using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

// Single values.
internal sealed partial class NodeReader
{
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

    /// <summary>Whether the value is a scalar, and one with text in it where it must not be empty. For what a node tree is parsed of.</summary>
    public bool IsText(Field field, bool mayBeEmpty)
    {
        if (field.Value is not YamlScalar scalar)
            WrongType(field.Value, field.Path, "a string");
        else if (!mayBeEmpty && (field.IsNull || string.IsNullOrWhiteSpace(scalar.Text)))
            Invalid(field.Value, field.Path, $"'{field.Path}' is empty");
        else
        {
            WarnOfHalfExpression(field, scalar.Text);
            return true;
        }

        return false;
    }

    /// <summary>As <see cref="NonEmptyText"/>, for a key that takes no expressions.</summary>
    public string? PlainText(Field field, string? suggestion = null)
    {
        if (NonEmptyText(field) is not { } text)
            return null;
        if (!HasExpression(field.Value))
            return text;
        var scalar = (YamlScalar)field.Value;
        Diagnostics.Error(
            DiagnosticCodes.Expression, scalar.Position, () => scalar.Locate(text.IndexOf("${{", StringComparison.Ordinal)), field.Path,
            $"expressions are not available under '{field.Name}'", suggestion);
        return null;
    }

    /// <summary>As <see cref="Text"/>, for a key that takes no expressions: words for people, which may be none.</summary>
    public string? Remark(Field field) => HasExpression(field.Value) ? PlainText(field) : Text(field);

    /// <summary>One of a few words, or null after an error that names them.</summary>
    public string? Word(Field field, IReadOnlyCollection<string> words, string? what = null)
    {
        if (PlainText(field) is not { } text)
            return null;
        if (words.Contains(text))
            return text;
        Invalid(
            field.Value, field.Path,
            what is null ? $"'{field.Path}' cannot be '{YamlReader.Show(text)}'" : $"'{YamlReader.Show(text)}' is not {what}",
            NearestName.Suggest(text, words) ?? $"known here: {string.Join(", ", words)}");
        return null;
    }

    /// <summary>A list of words, each once; one alone may stand without the list.</summary>
    public IReadOnlyList<string> Words(Field field, IReadOnlyCollection<string> words, string what) =>
        [.. OneOrMore(field).Select(item => Word(item, words, what)).OfType<string>().Distinct()];

    public Template? Template(Field field, ExpressionScope scope) =>
        Text(field) is { } text ? ToTemplate(field, text, scope) : null;

    public Template? NonEmptyTemplate(Field field, ExpressionScope scope) =>
        NonEmptyText(field) is { } text ? ToTemplate(field, text, scope) : null;

    /// <summary>Text of a key that takes no expressions.</summary>
    public Template? PlainTemplate(Field field, ExpressionScope scope, string? suggestion = null) =>
        PlainText(field, suggestion) is { } text ? ToTemplate(field, text, scope) : null;

    private Template ToTemplate(Field field, string text, ExpressionScope scope)
    {
        WarnOfHalfExpression(field, text);
        return Workflows.Template.Parse((YamlScalar)field.Value, text, field.Path, scope, Diagnostics);
    }

    /// <summary>A warning for text that was meant to be an expression: <c>{{ github.ref }}</c>, <c>${ matrix.os }</c>, <c>$ {{ … }}</c>.</summary>
    public void WarnOfHalfExpression(Field field, string text)
    {
        // Most texts have none: IsMatch finds that out without an allocation. A script's '{{' is for programs that have templates of their own.
        if (!text.Contains('{', StringComparison.Ordinal) || !HalfExpression().IsMatch(text) || HalfExpression().Match(text) is not { Success: true } match
            || (field.Name == "run" && match.Value.StartsWith('{')))
        {
            return;
        }

        var scalar = (YamlScalar)field.Value;
        Diagnostics.Warning(
            DiagnosticCodes.Expression, scalar.Position, field.Path,
            $"'{YamlReader.Show(match.Value)}…' is text: an expression is written '${{{{ … }}}}'");
    }

    [GeneratedRegex(
        @"(?<!\$)\{\{ *(?:github|shithub|env|vars|job|jobs|steps|runner|secrets|strategy|matrix|needs|inputs)[.\[]"
        + @"|\$ \{\{|\$\{ \{|\$\{ *(?:github|shithub|vars|steps|runner|secrets|matrix|needs|inputs)\.[a-z]",
        RegexOptions.CultureInvariant)]
    private static partial Regex HalfExpression();

    /// <summary>A condition; an empty one is GitHub's <c>success()</c>, and most often an oversight.</summary>
    public Condition? Condition(Field field, ExpressionScope scope)
    {
        if (Text(field) is not { } text)
            return null;
        if (!string.IsNullOrWhiteSpace(text))
            return Workflows.Condition.Parse((YamlScalar)field.Value, text, field.Path, scope, Diagnostics);
        Diagnostics.Warning(
            DiagnosticCodes.InvalidValue, field.Value.Position, field.Path, $"'{field.Path}' is empty, which means success()",
            "write the condition, or leave the key out");
        return null;
    }

    public bool? Boolean(Field field)
    {
        if (field.Value is YamlScalar { Kind: ScalarKind.Boolean } scalar)
            return CoreSchema.ToBoolean(scalar.Text);
        var suggestion = field.Value switch
        {
            YamlScalar { Text: "yes" or "no" or "on" or "off" or "Yes" or "No" or "On" or "Off" or "y" or "n" } =>
                "YAML 1.2 has only true and false",
            YamlScalar { Text: "true" or "false" } quoted => $"write {quoted.Text} without quotes",
            _ => null,
        };
        Invalid(field.Value, field.Path, $"'{field.Path}' must be true or false, but is {field.Value.Describe()}", suggestion);
        return null;
    }

    /// <summary>A boolean, or an expression that gives one when it is planned.</summary>
    public Setting<bool> BooleanSetting(Field field, bool defaultValue, ExpressionScope scope) =>
        HasExpression(field.Value)
            ? new Setting<bool>(defaultValue, Template(field, scope))
            : new Setting<bool>(Boolean(field) ?? defaultValue, null);

    /// <summary>A whole number between the two, or an expression that gives one when it is planned.</summary>
    public Setting<int> IntegerSetting(Field field, int defaultValue, int min, int max, ExpressionScope scope)
    {
        if (HasExpression(field.Value))
            return new Setting<int>(defaultValue, Template(field, scope));
        var number = field.Value is YamlScalar { Kind: ScalarKind.Number } scalar ? CoreSchema.ToNumber(scalar.Text) : double.NaN;
        if (number >= min && number <= max && number == Math.Floor(number))
            return new Setting<int>((int)number, null);
        Invalid(
            field.Value, field.Path,
            string.Create(CultureInfo.InvariantCulture, $"'{field.Path}' must be a whole number from {min} to {max}"));
        return new Setting<int>(defaultValue, null);
    }
}
