using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Planning;

/// <summary>
/// The combinations of a matrix, by 'jobs.&lt;job_id&gt;.strategy.matrix' of GitHub's 'Workflow syntax': the product of the axes, the first
/// axis slowest; less those that <c>exclude</c> matches; then each entry of <c>include</c> is added to every combination of the axes
/// of which it overwrites nothing, or is a combination of its own.
/// </summary>
internal static class MatrixExpansion
{
    /// <summary>Combinations looked at before <c>exclude</c>: exclusion may not be used to search a huge product.</summary>
    private const int ProductMax = 100_000;

    private sealed class Combination(OrderedDictionary<string, ExpressionValue> values)
    {
        /// <summary>The values of the axes, which includes may not overwrite.</summary>
        public IReadOnlyDictionary<string, ExpressionValue> Axes { get; } =
            new Dictionary<string, ExpressionValue>(values, StringComparer.OrdinalIgnoreCase);

        public OrderedDictionary<string, ExpressionValue> Values { get; } = values;
    }

    /// <returns>Null where the matrix depends on what is not known yet.</returns>
    /// <exception cref="MatrixException">There is no such matrix: a wrong shape, no combination, or too many.</exception>
    /// <exception cref="TemplateException">An expression failed.</exception>
    public static IReadOnlyList<ObjectValue>? Expand(MatrixSetting matrix, ExpressionEvaluator evaluator)
    {
        if (Read(matrix, evaluator) is not var (axes, include, exclude))
            return null;
        var combinations = Product(axes, exclude, evaluator.Budget);
        var product = combinations.Count;
        foreach (var entry in include)
        {
            evaluator.Budget.Charge(product);
            var extended = false;
            for (var i = 0; i < product; i++)
            {
                if (!Overwrites(entry, combinations[i].Axes))
                {
                    Add(combinations[i].Values, entry);
                    extended = true;
                }
            }

            if (!extended)
                combinations.Add(new Combination(new OrderedDictionary<string, ExpressionValue>(entry.Members, StringComparer.OrdinalIgnoreCase)));
            CheckCount(combinations.Count);
        }

        if (combinations.Count == 0)
            throw new MatrixException("the matrix has no combination");
        return [.. combinations.Select(combination => ObjectValue.Of(combination.Values))];
    }

    private static (List<(string Name, ArrayValue Values)> Axes, List<ObjectValue> Include, List<ObjectValue> Exclude)? Read(
        MatrixSetting matrix, ExpressionEvaluator evaluator)
    {
        var axes = new List<(string, ArrayValue)>();
        ExpressionValue? include = null;
        ExpressionValue? exclude = null;
        if (matrix.Whole is { } whole)
        {
            var value = whole.Evaluate(evaluator);
            if (value is UnknownValue)
                return null;
            if (value is not ObjectValue map)
                throw new MatrixException($"'matrix' must be an object, but the expression gives {Describe(value)}");
            foreach (var (name, member) in map.Members)
            {
                if (name.Equals("include", StringComparison.OrdinalIgnoreCase))
                    include = member.WithTaint(map.Tainted);
                else if (name.Equals("exclude", StringComparison.OrdinalIgnoreCase))
                    exclude = member.WithTaint(map.Tainted);
                else if (Axis(name, member) is { } axis)
                    axes.Add((name, axis));
                else
                    return null;
            }
        }

        foreach (var axis in matrix.Axes)
        {
            if (Axis(axis.Name, axis.Values.Evaluate(evaluator)) is not { } values)
                return null;
            axes.Add((axis.Name, values));
        }

        include = matrix.Include?.Evaluate(evaluator) ?? include;
        exclude = matrix.Exclude?.Evaluate(evaluator) ?? exclude;
        return Entries("include", include) is { } includes && Entries("exclude", exclude) is { } excludes ? (axes, includes, excludes) : null;
    }

    private static ArrayValue? Axis(string name, ExpressionValue value) => value switch
    {
        UnknownValue => null,
        // It may turn out to be a list, whose items are combinations each.
        ArrayValue array when array.Items.Any(item => item is UnknownValue) => null,
        ArrayValue { Items.Count: > 0 } array => array,
        ArrayValue => throw new MatrixException($"the matrix axis '{name}' has no value"),
        _ => throw new MatrixException($"the matrix axis '{name}' must be a list, but is {Describe(value)}"),
    };

    private static List<ObjectValue>? Entries(string name, ExpressionValue? value)
    {
        if (value is UnknownValue)
            return null;
        // GitHub's own: an expression may leave it out by giving nothing.
        if (value is null or NullValue or StringValue { Value: "" })
            return [];
        if (value is not ArrayValue array || array.Items.Any(item => item is not (ObjectValue or UnknownValue)))
            throw new MatrixException($"'{name}' of a matrix must be a list of mappings");
        return array.Items.Any(item => item is UnknownValue) ? null : [.. array.Items.Cast<ObjectValue>()];
    }

    private static List<Combination> Product(
        List<(string Name, ArrayValue Values)> axes, List<ObjectValue> exclude, EvaluationBudget budget)
    {
        var combinations = new List<Combination>();
        if (axes.Count == 0)
            return combinations;
        var looked = 0;
        var at = new int[axes.Count];
        while (true)
        {
            if (++looked > ProductMax)
                throw new MatrixException($"the matrix has more than {ProductMax} combinations before 'exclude'");
            budget.Charge(axes.Count + exclude.Count);
            var values = new OrderedDictionary<string, ExpressionValue>(StringComparer.OrdinalIgnoreCase);
            for (var i = 0; i < at.Length; i++)
                values[axes[i].Name] = axes[i].Values.Items[at[i]];
            if (!exclude.Exists(entry => Matches(entry, values)))
            {
                combinations.Add(new Combination(values));
                CheckCount(combinations.Count);
            }

            var axis = at.Length - 1;
            while (axis >= 0 && ++at[axis] == axes[axis].Values.Items.Count)
                at[axis--] = 0;
            if (axis < 0)
                return combinations;
        }
    }

    private static bool Matches(ObjectValue entry, OrderedDictionary<string, ExpressionValue> values) =>
        entry.Members.Count > 0
        && entry.Members.All(member => values.TryGetValue(member.Key, out var value) && AreSame(member.Value, value));

    private static bool Overwrites(ObjectValue entry, IReadOnlyDictionary<string, ExpressionValue> axes) =>
        axes.Count == 0
        || entry.Members.Any(member => axes.TryGetValue(member.Key, out var value) && !AreSame(member.Value, value));

    private static void Add(OrderedDictionary<string, ExpressionValue> values, ObjectValue entry)
    {
        foreach (var (name, value) in entry.Members)
            values[name] = value;
    }

    private static bool AreSame(ExpressionValue left, ExpressionValue right) => (left, right) switch
    {
        (ArrayValue a, ArrayValue b) =>
            a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(pair => AreSame(pair.First, pair.Second)),
        // An exclusion may name only some members of an object.
        (ObjectValue a, ObjectValue b) =>
            a.Members.All(member => b.Members.TryGetValue(member.Key, out var other) && AreSame(member.Value, other)),
        _ => Coercion.AreEqual(left, right),
    };

    private static void CheckCount(int count)
    {
        if (count > WorkflowLimits.MaxMatrixJobs)
            throw new MatrixException($"the matrix has more than {WorkflowLimits.MaxMatrixJobs} combinations");
    }

    private static string Describe(ExpressionValue value) => value.Kind switch
    {
        "Object" or "Array" => "an " + value.Kind.ToLowerInvariant(),
        _ => "a " + value.Kind.ToLowerInvariant(),
    };
}

/// <summary>A matrix that cannot be.</summary>
internal sealed class MatrixException(string message) : Exception(message);
