namespace Shithub.Actions.Runner.Network;

/// <summary>Lists of names, each exact or <c>*.</c> and a name: everything below that.</summary>
internal static class Allowlist
{
    private const string Below = "*.";

    public static bool Allows(IEnumerable<string> list, string name) => list.Any(pattern => Covers(pattern, name));

    /// <summary>What both lists allow: a workflow narrows the operator's list, and widens it with nothing.</summary>
    /// <param name="refused">What of <paramref name="wanted"/> has no part on <paramref name="list"/>.</param>
    public static IReadOnlyList<string> Narrow(IReadOnlyList<string> list, IReadOnlyList<string> wanted, out IReadOnlyList<string> refused)
    {
        var both = new SortedSet<string>(StringComparer.Ordinal);
        var without = new List<string>();
        foreach (var want in wanted)
        {
            // Of two patterns that meet, one is within the other.
            var parts = list.Where(allowed => Covers(allowed, want)).Select(_ => want)
                .Concat(list.Where(allowed => Covers(want, allowed)))
                .ToList();
            if (parts.Count == 0) without.Add(want);
            both.UnionWith(parts);
        }

        refused = without;
        return [.. both];
    }

    /// <summary>Whether everything that <paramref name="name"/> stands for is within <paramref name="pattern"/>.</summary>
    private static bool Covers(string pattern, string name) =>
        pattern == name
        || (pattern.StartsWith(Below, StringComparison.Ordinal) && name.EndsWith(pattern[1..], StringComparison.Ordinal)
            && name.Length > pattern.Length - 1);
}
