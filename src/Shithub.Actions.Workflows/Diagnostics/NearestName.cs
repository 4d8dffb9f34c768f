namespace Shithub.Actions.Workflows;

/// <summary>Finds what somebody probably meant: the known name with the fewest typing errors between it and theirs.</summary>
public static class NearestName
{
    private const int LongestName = 64;

    /// <summary>The nearest of <paramref name="known"/>, or null where none is near enough to be worth a guess.</summary>
    /// <remarks>
    /// The distance is Damerau-Levenshtein (insert, delete, replace, swap neighbours), without case and with <c>_</c> equal
    /// to <c>-</c>. Near enough is a third of the longer name, at least one; the beginning of a name (<c>bool</c>) counts as one
    /// error. Names over 64 characters get no guess.
    /// </remarks>
    public static string? Find(string unknown, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        ArgumentNullException.ThrowIfNull(known);
        if (unknown.Length is 0 or > LongestName)
            return null;

        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in known)
        {
            if (candidate.Length > LongestName)
                continue;
            var distance = IsBeginning(unknown, candidate) ? 1 : Distance(Fold(unknown), Fold(candidate));
            var farthest = Math.Max(1, Math.Max(unknown.Length, candidate.Length) / 3);
            if (distance < bestDistance && distance <= farthest && distance < unknown.Length)
                (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    /// <summary><see cref="Find"/> as a sentence for <see cref="Diagnostic.Suggestion"/>.</summary>
    internal static string? Suggest(string unknown, IEnumerable<string> known) =>
        Find(unknown, known) is { } nearest ? $"did you mean '{nearest}'?" : null;

    private static bool IsBeginning(string unknown, string candidate) =>
        unknown.Length >= 3 && unknown.Length < candidate.Length && candidate.StartsWith(unknown, StringComparison.OrdinalIgnoreCase);

    private static string Fold(string name) => name.ToLowerInvariant().Replace('_', '-');

    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var distance = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    distance = Math.Min(distance, rows[i - 2, j - 2] + 1);
                rows[i, j] = distance;
            }
        }

        return rows[a.Length, b.Length];
    }
}
