using System.Globalization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>What the author wrote under <c>with:</c> of <c>actions/checkout</c>.</summary>
/// <param name="Ref">What to check out instead of the run's commit; null: that commit.</param>
/// <param name="Path">Where, relative to the workspace; empty: the workspace itself.</param>
/// <param name="Depth">How many commits to fetch; 0: all of them, of all branches and tags.</param>
internal sealed record CheckoutInputs(string? Ref, string Path, int Depth, IReadOnlyList<string> Ignored)
{
    /// <summary>Inputs whose default behaviour is the only one here, so that leaving them at it changes nothing.</summary>
    private static readonly Dictionary<string, string[]> Fixed = new(StringComparer.OrdinalIgnoreCase)
    {
        ["submodules"] = ["false"],
        ["lfs"] = ["false"],
        ["clean"] = ["true"],
        ["persist-credentials"] = ["false", "true"],
        ["show-progress"] = ["false", "true"],
        ["set-safe-directory"] = ["false", "true"],
        ["fetch-tags"] = ["false", "true"],
    };

    /// <exception cref="CheckoutException">An input asks for what can't be had.</exception>
    public static CheckoutInputs Read(IReadOnlyDictionary<string, string> with, ClaimedJob job)
    {
        string? wanted = null;
        var path = "";
        var depth = 1;
        var ignored = new List<string>();
        foreach (var (name, value) in with)
        {
            switch (name.ToLowerInvariant())
            {
                case "ref":
                    wanted = ReadRef(value);
                    break;
                case "path":
                    path = WorkspacePath.Relative(value)
                        ?? throw new CheckoutException($"path '{value}' leaves the workspace; give a path below it.");
                    break;
                case "fetch-depth":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out depth))
                        throw new CheckoutException($"fetch-depth '{value}' is not a number; 0 fetches the whole history.");
                    break;
                case "repository":
                    if (!value.Equals(job.Repository, StringComparison.OrdinalIgnoreCase))
                    {
                        throw new CheckoutException(
                            $"repository '{value}' can't be checked out: this job's token is for {job.Repository} only.");
                    }

                    break;
                default:
                    if (!Fixed.TryGetValue(name, out var accepted)) ignored.Add(name);
                    else if (!accepted.Contains(value, StringComparer.OrdinalIgnoreCase))
                        throw new CheckoutException($"{name}: {value} is not supported; remove it.");
                    break;
            }
        }

        return new CheckoutInputs(wanted, path, depth, ignored);
    }

    /// <summary>Null for an empty value, which means the default. A name that git could take for an option or a refspec is refused.</summary>
    private static string? ReadRef(string value)
    {
        if (value.Length == 0) return null;
        if (value[0] is '-' or '+' or '^' || value.Any(c => c is ':' or '*' or '?' or '[' or '\\' or '~' or '^' or ' ' or < ' ' or '\x7f'))
            throw new CheckoutException($"ref '{value}' is not a branch, tag or commit.");
        return value;
    }
}
