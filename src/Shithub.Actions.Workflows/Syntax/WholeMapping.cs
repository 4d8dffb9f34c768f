namespace Shithub.Actions.Workflows;

/// <summary>
/// An expression that gives a whole mapping of names to text, as <c>env: ${{ fromJSON(…) }}</c> does. It travels among the mapping's
/// entries, in files, rows and messages, under a name that no entry can have: a reader of any of them needs no second place to look at.
/// </summary>
public static class WholeMapping
{
    /// <summary>What it gives is laid under the entries that are written out.</summary>
    public const string Under = "${{ insert }}";

    /// <summary>What it gives is laid over them: a job's <c>env</c> over the workflow's.</summary>
    public const string Over = "${{ insert over }}";

    public static bool Is(string name) => name is Under or Over;

    /// <summary>Whether a name is, or has in it, an expression.</summary>
    public static bool IsComputed(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Contains("${{", StringComparison.Ordinal);
    }

    /// <summary>The entries in the order in which they are laid over each other, wherever they stand.</summary>
    public static IEnumerable<T> Ordered<T>(IEnumerable<T> entries, Func<T, string> name) =>
        entries.OrderBy(entry => name(entry) switch
        {
            Under => 0,
            Over => 2,
            _ => 1,
        });
}
