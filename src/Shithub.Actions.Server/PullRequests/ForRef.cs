using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>
/// <c>refs/for/&lt;branch&gt;</c> and <c>refs/for/&lt;branch&gt;/&lt;topic&gt;</c>: what people push to who propose a change. It is never stored.
/// </summary>
public static class ForRef
{
    public const string Prefix = "refs/for/";

    public static bool Is(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) && RefName.IsValid(name);

    /// <summary>Every way to read the name, the longest branch first: both parts may have slashes, so the branches that exist decide.</summary>
    public static IEnumerable<Proposal> Readings(string name)
    {
        var rest = name[Prefix.Length..];
        yield return new Proposal(rest, null);
        for (var slash = rest.LastIndexOf('/'); slash > 0; slash = rest.LastIndexOf('/', slash - 1))
            yield return new Proposal(rest[..slash], rest[(slash + 1)..]);
    }
}

/// <param name="Branch">That the change is for, without <c>refs/heads/</c>.</param>
/// <param name="Topic">Tells several changes of one person for one branch apart.</param>
public sealed record Proposal(string Branch, string? Topic)
{
    /// <summary>What stands where the name of a head branch would.</summary>
    public string HeadName => Topic is null ? $"for/{Branch}" : $"for/{Branch}/{Topic}";
}
