namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// What expressions of a key may use: the table 'Context availability' of GitHub's 'Contexts reference', less what this
/// version does not offer.
/// </summary>
/// <param name="Key">The key, as messages name it.</param>
internal sealed record ExpressionScope(string Key, IReadOnlyList<string> Contexts)
{
    private static readonly string[] AllContexts =
        ["github", "shithub", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs"];

    private static readonly string[] Offered = ["github", "shithub", "env", "vars", "inputs"];

    public static ExpressionScope WorkflowEnv { get; } = new("env", ["github", "secrets", "inputs", "vars"]);

    public static ExpressionScope JobEnv { get; } =
        new("jobs.<job_id>.env", ["github", "needs", "strategy", "matrix", "vars", "secrets", "inputs"]);

    public static ExpressionScope JobName { get; } = new("jobs.<job_id>.name", JobContexts);

    public static ExpressionScope RunsOn { get; } = new("jobs.<job_id>.runs-on", JobContexts);

    public static ExpressionScope JobTimeout { get; } = new("jobs.<job_id>.timeout-minutes", JobContexts);

    public static ExpressionScope Step { get; } = new(
        "jobs.<job_id>.steps",
        ["github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps", "inputs"]);

    private static string[] JobContexts => ["github", "needs", "strategy", "matrix", "vars", "inputs"];

    /// <summary>The canonical name of a context.</summary>
    /// <exception cref="ExpressionSyntaxException">There is no such context, or not here.</exception>
    public string Resolve(string name, int offset)
    {
        var known = AllContexts.FirstOrDefault(context => context.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            throw new ExpressionSyntaxException(
                $"there is no context '{Yaml.YamlReader.Show(name)}'", offset, NearestName.Suggest(name, Available()));
        }

        var canonical = known == "shithub" ? "github" : known;
        if (!Contexts.Contains(canonical))
        {
            throw new ExpressionSyntaxException(
                $"the context '{known}' is not available under '{Key}'", offset,
                $"available here: {string.Join(", ", Available())}");
        }

        if (!Offered.Contains(known))
        {
            throw new ExpressionSyntaxException(
                $"the context '{known}' is not supported yet", offset,
                $"available here: {string.Join(", ", Available())}", DiagnosticCodes.NotSupported);
        }

        return canonical;
    }

    private IEnumerable<string> Available() =>
        Offered.Where(context => Contexts.Contains(context == "shithub" ? "github" : context));
}
