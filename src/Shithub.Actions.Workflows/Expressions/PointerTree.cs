namespace Shithub.Actions.Workflows.Expressions;

/// <summary>JSON pointers (RFC 6901) as a tree, so that a document is walked once whatever their number.</summary>
internal sealed class PointerTree
{
    private readonly Dictionary<string, PointerTree> _below = new(StringComparer.Ordinal);

    /// <summary>Nothing is pointed at.</summary>
    public static PointerTree None { get; } = new();

    /// <summary>Everything is.</summary>
    public static PointerTree All { get; } = new() { IsEnd = true };

    /// <summary>A pointer ends here: it stands for this value and all below.</summary>
    public bool IsEnd { get; private set; }

    public static PointerTree Of(IEnumerable<string> pointers)
    {
        var root = new PointerTree();
        foreach (var pointer in pointers)
        {
            var node = root;
            foreach (var segment in pointer.Split('/').Skip(1))
            {
                var name = segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                if (!node._below.TryGetValue(name, out var next))
                    node._below[name] = next = new PointerTree();
                node = next;
            }

            node.IsEnd = true;
        }

        return root;
    }

    public PointerTree At(string segment) => IsEnd ? this : _below.GetValueOrDefault(segment, None);
}
