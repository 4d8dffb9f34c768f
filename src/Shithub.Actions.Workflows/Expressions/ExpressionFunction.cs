namespace Shithub.Actions.Workflows.Expressions;

/// <summary>A function of the language: its name, how many arguments it takes, and what it does.</summary>
/// <param name="Invoke">Gets the arguments unevaluated: <c>case</c> evaluates only those it needs.</param>
internal sealed record ExpressionFunction(
    string Name, int MinArguments, int MaxArguments, Func<IReadOnlyList<ExpressionNode>, ExpressionEvaluator, ExpressionValue> Invoke)
{
    private const int Many = 255;

    /// <summary>The functions that only some keys have; <see cref="ExpressionScope"/> says which.</summary>
    public static IReadOnlyList<string> Special { get; } = ["always", "cancelled", "success", "failure", "hashFiles"];

    private static readonly Dictionary<string, ExpressionFunction> All = new ExpressionFunction[]
    {
        new("contains", 2, 2, Eagerly(TextFunctions.Contains)),
        new("startsWith", 2, 2, Eagerly(TextFunctions.StartsWith)),
        new("endsWith", 2, 2, Eagerly(TextFunctions.EndsWith)),
        new("format", 1, Many, Eagerly(TextFunctions.Format)),
        new("join", 1, 2, Eagerly(TextFunctions.Join)),
        new("toJSON", 1, 1, Eagerly(JsonFunctions.ToJson)),
        new("fromJSON", 1, 1, Eagerly(JsonFunctions.FromJson)),
        new("case", 3, Many, Case),
        new("always", 0, 0, NotYet("always")),
        new("cancelled", 0, 0, NotYet("cancelled")),
        new("success", 0, 0, NotYet("success")),
        new("failure", 0, 0, NotYet("failure")),
        new("hashFiles", 1, Many, NotYet("hashFiles")),
    }.ToDictionary(function => function.Name, StringComparer.OrdinalIgnoreCase);

    public bool IsSpecial => Special.Contains(Name);

    /// <exception cref="ExpressionSyntaxException">There is no such function.</exception>
    public static ExpressionFunction Find(string name, int offset) =>
        All.TryGetValue(name, out var function)
            ? function
            : throw new ExpressionSyntaxException(
                $"there is no function '{Yaml.YamlReader.Show(name)}'", offset, NearestName.Suggest(name, All.Keys));

    public string? DescribeArityError(int count)
    {
        if (count >= MinArguments && count <= MaxArguments)
            return Name == "case" && count % 2 == 0 ? "'case' takes pairs of a condition and a value, and then a default" : null;
        var wanted = MinArguments == MaxArguments ? $"{MinArguments}"
            : MaxArguments == Many ? $"{MinArguments} or more" : $"{MinArguments} to {MaxArguments}";
        return $"'{Name}' takes {wanted} argument{(wanted == "1" ? "" : "s")}, not {count}";
    }

    private static Func<IReadOnlyList<ExpressionNode>, ExpressionEvaluator, ExpressionValue> Eagerly(
        Func<IReadOnlyList<ExpressionValue>, EvaluationBudget, ExpressionValue> body) =>
        (arguments, evaluator) =>
        {
            var values = arguments.Select(evaluator.Evaluate).ToList();
            return body(values, evaluator.Budget).WithTaint(values.Any(value => value.Tainted));
        };

    private static Func<IReadOnlyList<ExpressionNode>, ExpressionEvaluator, ExpressionValue> NotYet(string name) =>
        (_, _) => throw new EvaluationException($"the function '{name}' is not supported yet", DiagnosticCodes.NotSupported);

    private static ExpressionValue Case(IReadOnlyList<ExpressionNode> arguments, ExpressionEvaluator evaluator)
    {
        var tainted = false;
        for (var i = 0; i + 1 < arguments.Count; i += 2)
        {
            if (evaluator.Evaluate(arguments[i]) is not BooleanValue condition)
                throw new EvaluationException("a condition of 'case' must be a boolean");
            tainted |= condition.Tainted;
            if (condition.Value)
                return evaluator.Evaluate(arguments[i + 1]).WithTaint(tainted);
        }

        return evaluator.Evaluate(arguments[^1]).WithTaint(tainted);
    }
}
