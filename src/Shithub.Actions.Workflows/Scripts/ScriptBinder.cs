using System.Globalization;
using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Scripts;

/// <summary>A script that is safe to run, and the variables it refers to.</summary>
internal sealed record BoundScript(string Text, IReadOnlyDictionary<string, string> Bound);

/// <summary>
/// Evaluates a script's expressions. What nobody outside has chosen is spliced, as on GitHub. A tainted value never becomes
/// part of the script: it goes into an environment variable, and the script refers to that in the way that its position
/// asks for, so that the value arrives as one word and is never read as shell.
/// </summary>
internal sealed class ScriptBinder(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    private const string VariablePrefix = "SHITHUB_EXPR_";
    private const string UnknownWord = "x";

    private sealed record Binding(string Name, string Value);

    /// <param name="shell">The step's: <c>bash</c>, <c>sh</c> or null.</param>
    /// <param name="takenNames">Names of variables that the script may mean itself.</param>
    /// <returns>Null after an error was reported.</returns>
    public BoundScript? Bind(Template run, string? shell, ICollection<string> takenNames)
    {
        try
        {
            return BindOrThrow(run, shell, takenNames);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return null;
        }
    }

    /// <returns>Null after it was reported that a value has no safe form where it stands.</returns>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public BoundScript? BindOrThrow(Template run, string? shell, ICollection<string> takenNames)
    {
        var holes = new List<(TemplatePart Part, ExpressionValue Value)>();
        var script = Evaluate(run, holes);
        if (holes.Count == 0)
            return new BoundScript(script, new Dictionary<string, string>());

        var placements = ShellScanner.Scan(script, shell);
        var bindings = new OrderedDictionary<string, Binding>();
        var text = new StringBuilder();
        var hole = 0;
        var isSafe = true;
        foreach (var c in script)
        {
            if (c != ShellScanner.Hole)
            {
                text.Append(c);
                continue;
            }

            var (part, value) = holes[hole];
            isSafe &= Check(run, part, value, placements[hole]);
            text.Append(Refer(placements[hole].Reference, Bind(run, part, value, bindings, script, takenNames)));
            hole++;
        }

        if (!isSafe)
            return null;

        var bound = new OrderedDictionary<string, string>();
        foreach (var binding in bindings.Values)
            bound[binding.Name] = binding.Value;
        return new BoundScript(text.ToString(), bound);
    }

    /// <summary>
    /// Checks a script of which not every value is known yet: what is unknown and not chosen outside counts as a plain word.
    /// </summary>
    /// <returns>Whether a value from outside comes into the script.</returns>
    public bool Check(Template run, string? shell)
    {
        try
        {
            var holes = new List<(TemplatePart Part, ExpressionValue Value)>();
            var script = Evaluate(run, holes, mayBeUnknown: true);
            if (holes.Count == 0)
                return false;
            var placements = ShellScanner.Scan(script, shell);
            for (var hole = 0; hole < holes.Count; hole++)
                Check(run, holes[hole].Part, holes[hole].Value, placements[hole]);
            return true;
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return false;
        }
    }

    /// <summary>The script with untainted values spliced and a <see cref="ShellScanner.Hole"/> for each of the others.</summary>
    private string Evaluate(Template run, List<(TemplatePart Part, ExpressionValue Value)> holes, bool mayBeUnknown = false)
    {
        var script = new StringBuilder();
        foreach (var part in run.Parts)
        {
            var value = part.Expression is null ? null
                : mayBeUnknown ? run.Evaluate(part, evaluator) : run.EvaluateKnown(part, evaluator);
            if (value is { Tainted: true })
            {
                holes.Add((part, value));
                script.Append(ShellScanner.Hole);
                continue;
            }

            var text = value is null ? part.Text : value.HasUnknown ? UnknownWord : run.ToText(value, part, evaluator);
            if (text.Contains(ShellScanner.Hole))
                throw new TemplateException(
                    DiagnosticCodes.InvalidValue, "a script cannot have a NUL character", run, part.Offset);
            script.Append(text);
        }

        return script.ToString();
    }

    private bool Check(Template run, in TemplatePart part, ExpressionValue value, in Placement placement)
    {
        var isNumber = value is NumberValue or BooleanValue or NullValue;
        if (placement.Hazard is not { } hazard || (isNumber && hazard.IsHarmlessForNumbers))
            return true;
        var expression = Yaml.YamlReader.Show(part.Text.Trim());
        run.Error(
            diagnostics, DiagnosticCodes.UnsafeScript, part.Offset,
            $"people outside choose the value of '{expression}', and here it {hazard.Reason}",
            (hazard.Fix is null ? "" : hazard.Fix + "; or ")
            + $"bind it under 'env:' (VALUE: ${{{{ {expression} }}}}) and use \"$VALUE\" where the script takes it as plain text");
        return false;
    }

    private string Bind(
        Template run, in TemplatePart part, ExpressionValue value, OrderedDictionary<string, Binding> bindings, string script,
        ICollection<string> takenNames)
    {
        var key = part.Text.Trim();
        if (bindings.TryGetValue(key, out var known))
            return known.Name;
        var number = bindings.Count;
        string name;
        do
            name = VariablePrefix + (++number).ToString(CultureInfo.InvariantCulture);
        while (takenNames.Contains(name) || script.Contains(name, StringComparison.Ordinal) || bindings.Values.Any(b => b.Name == name));

        var text = run.ToText(value, part, evaluator);
        if (ExecutionEnvironment.DescribeProblem(name, text) is { } problem)
            throw new TemplateException(
                DiagnosticCodes.InvalidValue, $"the value of '{Yaml.YamlReader.Show(key)}' {problem}", run, part.Offset);
        bindings[key] = new Binding(name, text);
        return name;
    }

    private static string Refer(Reference reference, string name) => reference switch
    {
        Reference.Quoted => $"\"${{{name}}}\"",
        Reference.Bare => $"${{{name}}}",
        _ => $"'\"${{{name}}}\"'",
    };
}
