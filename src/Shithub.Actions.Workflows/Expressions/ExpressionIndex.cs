namespace Shithub.Actions.Workflows.Expressions;

/// <summary><c>a.b</c>, <c>a[b]</c> and <c>a.*</c>. What is not there is null; nothing here is an error.</summary>
internal static class ExpressionIndex
{
    public static ExpressionValue Get(ExpressionValue target, ExpressionValue index, EvaluationBudget budget)
    {
        if (target is UnknownValue || index is UnknownValue)
            return new UnknownValue(target.Tainted || index.Tainted);
        var isChosen = index.Tainted || IsChosen(target);
        if (target is not ArrayValue { IsFilter: true } filter)
            return (Find(target, index) ?? ExpressionValue.Null).WithTaint(isChosen);

        budget.Charge(filter.Items.Count);
        // Which elements have the property may depend on any of them: on how many there are, and on whether an unknown one is.
        if (filter.Items.Any(item => item is UnknownValue))
            return new UnknownValue(filter.Tainted || index.Tainted);
        var found = filter.Items.Select(item => Find(item, index)).OfType<ExpressionValue>().ToList();
        return new ArrayValue(found, filter.Tainted || isChosen || found.Any(item => item.Tainted), IsFilter: true, isChosen);
    }

    public static ExpressionValue GetAll(ExpressionValue target, EvaluationBudget budget)
    {
        if (target is UnknownValue || (target is ArrayValue { IsFilter: true } array && array.Items.Any(item => item is UnknownValue)))
            return new UnknownValue(target.Tainted);
        var filter = target is ArrayValue { IsFilter: true } filtered ? filtered : null;
        var items = (filter is null ? Children(target) : filter.Items.SelectMany(Children)).ToList();
        budget.Charge(items.Count);
        var isChosen = IsChosen(target);
        return new ArrayValue(
            items, isChosen || filter is { Tainted: true } || items.Any(item => item.Tainted), IsFilter: true, isChosen);
    }

    private static IEnumerable<ExpressionValue> Children(ExpressionValue value) => value switch
    {
        ArrayValue array => array.Items,
        ObjectValue map => map.Members.Values,
        _ => [],
    };

    // An object with one tainted member is tainted, but its other members are not.
    private static bool IsChosen(ExpressionValue target) => target switch
    {
        ObjectValue map => map.IsChosen,
        ArrayValue array => array.IsChosen,
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
