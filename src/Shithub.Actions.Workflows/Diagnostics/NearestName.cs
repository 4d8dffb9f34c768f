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
            var farthest = Math.Max(1, Math.Max(unknown.Length, candidate.Length) / 3);
            var isBeginning = IsBeginning(unknown, candidate);
            // No distance is less than what the lengths differ by.
            if (!isBeginning && Math.Abs(unknown.Length - candidate.Length) > Math.Min(farthest, bestDistance - 1))
                continue;
            var distance = isBeginning ? 1 : Distance(unknown, candidate);
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

    private static char Fold(char c) => c == '_' ? '-' : char.ToLowerInvariant(c);

    private static int Distance(string a, string b)
    {
        // Three rows of the table: this one, the one above it, and the one above that for neighbours that are swapped.
        Span<int> rows = stackalloc int[3 * (LongestName + 1)];
        var twoAbove = rows.Slice(0, b.Length + 1);
        var above = rows.Slice(LongestName + 1, b.Length + 1);
        var row = rows.Slice(2 * (LongestName + 1), b.Length + 1);
        for (var j = 0; j <= b.Length; j++)
            above[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = Fold(a[i - 1]) == Fold(b[j - 1]) ? 0 : 1;
                var distance = Math.Min(Math.Min(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
                if (i > 1 && j > 1 && Fold(a[i - 1]) == Fold(b[j - 2]) && Fold(a[i - 2]) == Fold(b[j - 1]))
                    distance = Math.Min(distance, twoAbove[j - 2] + 1);
                row[j] = distance;
            }

            var spare = twoAbove;
            twoAbove = above;
            above = row;
            row = spare;
        }

        return above[b.Length];
    }
}
