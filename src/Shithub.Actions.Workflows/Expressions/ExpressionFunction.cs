namespace Shithub.Actions.Workflows.Expressions;

/// <summary>A function of the language: its name, how many arguments it takes, and what it does.</summary>
/// <param name="Invoke">Gets the arguments unevaluated: <c>case</c> evaluates only those it needs.</param>
internal sealed record ExpressionFunction(
    string Name, int MinArguments, int MaxArguments, Func<IReadOnlyList<ExpressionNode>, ExpressionEvaluator, ExpressionValue> Invoke)
{
    private const int Many = 255;

    private static readonly string[] NotYet = ["hashFiles", "success", "failure", "cancelled", "always"];

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
    }.ToDictionary(function => function.Name, StringComparer.OrdinalIgnoreCase);

    /// <exception cref="ExpressionSyntaxException">There is no such function, or not yet.</exception>
    public static ExpressionFunction Find(string name, int offset)
    {
        if (All.TryGetValue(name, out var function))
            return function;
        if (NotYet.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } later)
        {
            throw new ExpressionSyntaxException(
                $"the function '{later}' is not supported yet", offset, code: DiagnosticCodes.NotSupported);
        }

        throw new ExpressionSyntaxException(
            $"there is no function '{Yaml.YamlReader.Show(name)}'", offset, NearestName.Suggest(name, All.Keys.Concat(NotYet)));
    }

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
