using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Takes apart what stands under <c>uses</c>.</summary>
internal static class References
{
    /// <summary>
    /// <c>./path</c> and <c>$/path</c> (the same repository and commit) or <c>owner/repo/path@ref</c>. If it is neither, what is wrong
    /// with it and what to write.
    /// </summary>
    public static (WorkflowReference? Reference, string? Problem, string? Suggestion) Parse(string uses)
    {
        if (uses is "." || uses.StartsWith("./", StringComparison.Ordinal) || uses.StartsWith("$/", StringComparison.Ordinal))
            return ParseLocal(uses);
        if (uses.StartsWith("../", StringComparison.Ordinal) || uses.StartsWith('/'))
            return (null, "it leads out of the repository", "write './path' from the repository's root");
        if (uses.Contains("://", StringComparison.Ordinal))
            return (null, "addresses are not fetched", "mirror the repository here and write 'owner/repo/path@ref'");
        var at = uses.LastIndexOf('@');
        if (at < 0)
            return (null, "it has no '@' with a branch, tag or commit", $"write '{YamlReader.Show(uses)}@v1', or './path' for one of this repository");
        var (name, reference) = (uses[..at], uses[(at + 1)..]);
        var parts = name.Split('/');
        if (parts.Length < 2 || !parts.All(IsName))
            return (null, "it is not of the form 'owner/repo/path@ref'", null);
        if (reference.Length == 0 || reference.Any(c => c <= ' ' || c is '~' or '^' or ':' or '?' or '*' or '[' or '\\' or '\u007f')
            || reference.Contains("..", StringComparison.Ordinal) || reference.StartsWith('-'))
        {
            return (null, $"'{YamlReader.Show(reference)}' cannot be a branch, tag or commit", null);
        }

        return (new WorkflowReference(uses, $"{parts[0]}/{parts[1]}", string.Join('/', parts[2..]), reference), null, null);
    }

    private static (WorkflowReference? Reference, string? Problem, string? Suggestion) ParseLocal(string uses)
    {
        var path = uses.Length < 2 ? "" : uses[2..].Trim('/');
        if (path.Contains('@'))
            return (null, "what is in the same repository has the same commit", $"write '{YamlReader.Show(uses[..uses.IndexOf('@')])}'");
        if (path.Length > 0 && !path.Split('/').All(part => IsName(part) || part == "."))
            return (null, "it leads out of the repository", "write './path' from the repository's root");
        path = string.Join('/', path.Split('/').Where(part => part is not ("." or "")));
        return (new WorkflowReference(uses, null, path, null), null, null);
    }

    private static bool IsName(string part) => part is not ("" or "." or "..") && !part.Any(c => c < ' ' || c is '\\' or '\u007f');
}
