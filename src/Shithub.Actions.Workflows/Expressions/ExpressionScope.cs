namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// What expressions of a key may use: a row of the table 'Context availability' of GitHub's 'Contexts reference'. The rows
/// themselves are in the other part of this class.
/// </summary>
public sealed partial class ExpressionScope
{
    private static readonly string[] AllContexts =
        ["github", "shithub", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs"];

    private readonly string[] _contexts;
    private readonly IReadOnlyList<string> _functions;

    private ExpressionScope(string key, string[] contexts, IReadOnlyList<string> functions) =>
        (Key, _contexts, _functions) = (key, contexts, functions);

    /// <summary>The key, as messages name it; empty for a scope that is not a key's.</summary>
    public string Key { get; }

    /// <summary>The contexts that it has, <c>github</c> and its other name <c>shithub</c> included.</summary>
    public IEnumerable<string> Contexts =>
        AllContexts.Where(context => Has(ToCanonical(context))).Concat(_contexts.Where(context => !AllContexts.Contains(context)));

    /// <summary>Those of <c>always</c>, <c>cancelled</c>, <c>success</c>, <c>failure</c> and <c>hashFiles</c> that it has.</summary>
    public IReadOnlyList<string> SpecialFunctions => _functions;

    /// <summary>Whether <c>success</c> and <c>failure</c> take names of jobs: only under a job's <c>if</c>.</summary>
    private bool TakesJobs => Key == "jobs.<job_id>.if";

    /// <summary>A scope of all functions and of these contexts, whatever their names.</summary>
    public static ExpressionScope Of(IEnumerable<string> contexts) =>
        new("", [.. contexts.Select(ToCanonical)], ExpressionFunction.Special);

    /// <summary>The canonical name of a context: <c>shithub</c> is <c>github</c>.</summary>
    internal static string ToCanonical(string context) =>
        context.Equals("shithub", StringComparison.OrdinalIgnoreCase) ? "github" : context;

    /// <summary>The canonical name of a context.</summary>
    /// <exception cref="ExpressionSyntaxException">There is no such context, or not here.</exception>
    internal string Resolve(string name, int offset)
    {
        var wanted = ToCanonical(name);
        foreach (var canonical in _contexts)
        {
            if (canonical.Equals(wanted, StringComparison.OrdinalIgnoreCase))
                return canonical;
        }

        throw NotHere(name, offset);
    }

    private ExpressionSyntaxException NotHere(string name, int offset)
    {
        if (AllContexts.FirstOrDefault(context => context.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } known)
        {
            return new ExpressionSyntaxException(
                $"there is no context '{Yaml.YamlReader.Show(name)}'", offset, NearestName.Suggest(name, Contexts));
        }

        var available = string.Join(", ", Contexts);
        return new ExpressionSyntaxException(
            Key.Length == 0 ? $"there is no context '{known}'" : $"the context '{known}' is not available under '{Key}'", offset,
            available.Length == 0 ? "no context is" : $"available here: {available}");
    }

    /// <exception cref="ExpressionSyntaxException">There is no such function, or not here.</exception>
    internal ExpressionFunction FindFunction(string name, int offset)
    {
        var function = ExpressionFunction.Find(name, offset);
        if (!function.IsSpecial || _functions.Contains(function.Name))
            return function.Name is "success" or "failure" && !TakesJobs ? function with { MaxArguments = 0 } : function;
        throw new ExpressionSyntaxException(
            $"the function '{function.Name}' is not available under '{Key}'", offset,
            function.Name == "hashFiles" ? "only the keys of a step have it" : "only 'if' has it");
    }

    private bool Has(string canonical) => _contexts.Contains(canonical);
}
