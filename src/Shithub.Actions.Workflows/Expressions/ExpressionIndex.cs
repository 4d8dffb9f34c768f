namespace Shithub.Actions.Workflows.Expressions;

/// <summary><c>a.b</c>, <c>a[b]</c> and <c>a.*</c>. What is not there is null; nothing here is an error.</summary>
internal static class ExpressionIndex
{
    public static ExpressionValue Get(ExpressionValue target, ExpressionValue index, EvaluationBudget budget)
    {
        if (target is UnknownValue || index is UnknownValue)
            return new UnknownValue(target.Tainted || index.Tainted);
        if (target is not ArrayValue { IsFilter: true } filter)
            return (Find(target, index) ?? new NullValue(IsDecidedOutside(target))).WithTaint(index.Tainted);

        budget.Charge(filter.Items.Count);
        var found = filter.Items.Select(item => Find(item, index)).OfType<ExpressionValue>().ToList();
        var tainted = filter.Tainted || index.Tainted || found.Any(item => item.Tainted);
        // Whether an unknown element has the property decides how many elements the result has.
        if (filter.Items.Any(item => item is UnknownValue))
            return new UnknownValue(tainted);
        return new ArrayValue(found, tainted, IsFilter: true);
    }

    public static ExpressionValue GetAll(ExpressionValue target, EvaluationBudget budget)
    {
        if (target is UnknownValue || (target is ArrayValue { IsFilter: true } array && array.Items.Any(item => item is UnknownValue)))
            return new UnknownValue(target.Tainted);
        var items = target is ArrayValue { IsFilter: true } filter
            ? filter.Items.SelectMany(Children).ToList()
            : Children(target).ToList();
        budget.Charge(items.Count);
        return new ArrayValue(items, IsDecidedOutside(target) || items.Any(item => item.Tainted), IsFilter: true);
    }

    private static IEnumerable<ExpressionValue> Children(ExpressionValue value) => value switch
    {
        ArrayValue array => array.Items,
        ObjectValue map => map.Members.Values,
        _ => [],
    };

    // An object with one tainted member is tainted as a whole, but its other members are not.
    private static bool IsDecidedOutside(ExpressionValue target) => target switch
    {
        ObjectValue map => map.Tainted && map.Members.Values.All(value => value.Tainted),
        ArrayValue array => array.Tainted && array.Items.All(value => value.Tainted),
        _ => target.Tainted,
    };

    private static ExpressionValue? Find(ExpressionValue target, ExpressionValue index)
    {
        switch (target)
        {
            case ObjectValue map when index.IsPrimitive:
                return map.Members.GetValueOrDefault(Coercion.ToText(index));
            case ArrayValue array:
                var number = Math.Floor(Coercion.ToNumber(index));
                return number >= 0 && number < array.Items.Count ? array.Items[(int)number] : null;
            default:
                return null;
        }
    }
}
