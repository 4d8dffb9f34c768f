namespace Shithub.Actions.Workflows;

/// <summary>A list of patterns such as <c>branches</c>, or <c>branches-ignore</c> where <paramref name="Ignore"/> is set.</summary>
public sealed record PatternFilter(IReadOnlyList<GlobPattern> Patterns, bool Ignore)
{
    /// <summary>Whether <paramref name="text"/> passes. Order counts: the last pattern that matches decides.</summary>
    public bool Passes(string text)
    {
        var work = 0L;
        return Passes(text, ref work);
    }

    /// <param name="work">Grows by the steps that the patterns took.</param>
    internal bool Passes(string text, ref long work)
    {
        var listed = false;
        foreach (var pattern in Patterns)
        {
            // A pattern that could not change the answer is not tried.
            if (pattern.IsExclusion == listed && pattern.IsMatch(text, ref work))
                listed = !listed;
        }

        return listed != Ignore;
    }
}
