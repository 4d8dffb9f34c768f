using System.Text;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Reads a commit's <c>.gitmodules</c>, which is hostile: names, paths and addresses are whatever somebody wrote. Only path and address of
/// each submodule are looked at; <c>update</c> and all else has no effect.
/// </summary>
internal static class GitModules
{
    public const int BytesMax = 1024 * 1024;

    /// <summary>Names and addresses by path.</summary>
    /// <exception cref="CheckoutException">It is no file that git can read.</exception>
    public static async Task<IReadOnlyDictionary<string, Submodule>> ReadAsync(
        GitProcess git, string folder, string commit, CancellationToken cancellationToken)
    {
        // Of the commit and not of the working tree. Without --no-includes, git would read the host's files that it names.
        var (result, output) = await git.AskAsync(
            new GitCall(folder, ["config", "--no-includes", "--blob", $"{commit}:.gitmodules", "--null", "--list"]), BytesMax * 2, cancellationToken);
        if (!result.Succeeded) throw new CheckoutException($".gitmodules can't be read: {result.Error}");
        return Parse(Encoding.UTF8.GetString(output));
    }

    /// <param name="listed">Key, line end, value, NUL, for each.</param>
    internal static IReadOnlyDictionary<string, Submodule> Parse(string listed)
    {
        var (paths, urls) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var entry in listed.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var end = entry.IndexOf('\n', StringComparison.Ordinal);
            if (end < 0) continue;
            var (key, value) = (entry[..end], entry[(end + 1)..]);
            var last = key.LastIndexOf('.');
            if (!key.StartsWith("submodule.", StringComparison.Ordinal) || last <= "submodule.".Length) continue;
            var name = key["submodule.".Length..last];
            if (key.EndsWith(".path", StringComparison.Ordinal)) paths[name] = value;
            else if (key.EndsWith(".url", StringComparison.Ordinal)) urls[name] = value;
        }

        var modules = new Dictionary<string, Submodule>(StringComparer.Ordinal);
        foreach (var (name, path) in paths)
        {
            if (urls.TryGetValue(name, out var url)) modules[path.TrimEnd('/')] = new Submodule(name, url);
        }

        return modules;
    }

    /// <summary>Why a submodule of that name is not touched, as the end of a sentence; null if it is fine.</summary>
    public static string? Refuse(string name, string path)
    {
        if (name.Any(char.IsControl) || name.StartsWith('-') || name.Split('/', '\\').Any(part => part is "" or "." or ".."))
            return "its name is not one that git takes";
        return path.Any(char.IsControl) || path.Contains('\uFFFD', StringComparison.Ordinal) || path.StartsWith('-') || path.StartsWith('/')
            || path.Split('/', '\\').Any(part => part is "" or "." or ".." || part.Equals(".git", StringComparison.OrdinalIgnoreCase))
            ? "its path is not one that git takes"
            : null;
    }

    /// <summary>For a message: short, and nothing that a terminal would act on.</summary>
    public static string Show(string text)
    {
        var shown = string.Concat(text.Select(c => char.IsControl(c) || c == '\uFFFD' ? '?' : c));
        return shown.Length <= 200 ? shown : shown[..200] + "…";
    }
}

/// <param name="Url">Where it comes from, as the file has it.</param>
internal sealed record Submodule(string Name, string Url);
