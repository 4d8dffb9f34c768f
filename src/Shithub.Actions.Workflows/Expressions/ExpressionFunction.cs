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
        new("always", 0, 0, (_, _) => new BooleanValue(true)),
        new("cancelled", 0, 0, Status(status => status.Cancelled)),
        new("success", 0, Many, (jobs, evaluator) => StatusOf(jobs, evaluator, status => status.Success, all: true, "success")),
        new("failure", 0, Many, (jobs, evaluator) => StatusOf(jobs, evaluator, status => status.Failure, all: false, "failure")),
        new("hashFiles", 1, Many, HashFiles),
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
            var tainted = values.Any(value => value.Tainted);
            return values.Any(value => value.HasUnknown) ? new UnknownValue(tainted) : body(values, evaluator.Budget).WithTaint(tainted);
        };

    private static Func<IReadOnlyList<ExpressionNode>, ExpressionEvaluator, ExpressionValue> Status(Func<StatusCheck, bool> read) =>
        (_, evaluator) => evaluator.Status is { } status ? new BooleanValue(read(status)) : new UnknownValue(Tainted: false);

    /// <summary>
    /// With the names of jobs, as GitHub's schema has it for a job's <c>if</c>: whether all of these that it needs succeeded, or any of
    /// them failed.
    /// </summary>
    private static ExpressionValue StatusOf(
        IReadOnlyList<ExpressionNode> jobs, ExpressionEvaluator evaluator, Func<StatusCheck, bool> read, bool all, string wanted)
    {
        if (jobs.Count == 0)
            return Status(read)(jobs, evaluator);
        var needs = evaluator.Evaluate(new ContextNode(jobs[0].Span, "needs"));
        var decided = all;
        var isOpen = false;
        foreach (var job in jobs)
        {
            var name = evaluator.Evaluate(job);
            if (name.HasUnknown || needs is not ObjectValue known)
            {
                isOpen = true;
                continue;
            }

            if (!known.Members.TryGetValue(Coercion.ToText(name), out var need))
                throw new EvaluationException($"this job does not need a job '{Yaml.YamlReader.Show(Coercion.ToText(name))}'");
            var result = (need as ObjectValue)?.Members.GetValueOrDefault("result");
            isOpen |= result is null or UnknownValue;
            if (result is StringValue text && (text.Value == wanted) != all)
                decided = !all;
        }

        return isOpen && decided == all ? new UnknownValue(Tainted: false) : new BooleanValue(decided);
    }

    private static ExpressionValue HashFiles(IReadOnlyList<ExpressionNode> arguments, ExpressionEvaluator evaluator)
    {
        var patterns = arguments.Select(evaluator.Evaluate).ToList();
        var tainted = patterns.Any(pattern => pattern.Tainted);
        if (evaluator.HashFiles is not { } hashFiles || patterns.Any(pattern => pattern is UnknownValue))
            return new UnknownValue(tainted);
        try
        {
            return new StringValue(hashFiles([.. patterns.Select(Coercion.ToText)]), tainted);
        }
        catch (FormatException exception)
        {
            throw new EvaluationException(exception.Message);
        }
    }

    private static ExpressionValue Case(IReadOnlyList<ExpressionNode> arguments, ExpressionEvaluator evaluator)
    {
        var tainted = false;
        for (var i = 0; i + 1 < arguments.Count; i += 2)
        {
            var condition = evaluator.Evaluate(arguments[i]);
            tainted |= condition.Tainted;
            if (condition is UnknownValue)
                return new UnknownValue(tainted || evaluator.AnyTainted(arguments.Skip(i + 1)));
            if (condition is not BooleanValue { Value: var isTrue })
                throw new EvaluationException("a condition of 'case' must be a boolean");
            if (isTrue)
                return evaluator.Evaluate(arguments[i + 1]).WithTaint(tainted);
        }

        return evaluator.Evaluate(arguments[^1]).WithTaint(tainted);
    }
}
