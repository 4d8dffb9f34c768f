namespace Shithub.Actions.Workflows;

/// <summary>A list of patterns such as <c>branches</c>, or <c>branches-ignore</c> where <paramref name="Ignore"/> is set.</summary>
public sealed record PatternFilter(IReadOnlyList<GlobPattern> Patterns, bool Ignore)
{
    /// <summary>Whether <paramref name="text"/> passes. Order counts: the last pattern that matches decides.</summary>
    public bool Passes(string text)
    {
        var listed = false;
        foreach (var pattern in Patterns)
        {
            // A pattern that could not change the answer is not tried.
            if (pattern.IsExclusion == listed && pattern.IsMatch(text))
                listed = !listed;
        }

        return listed != Ignore;
    }
}
