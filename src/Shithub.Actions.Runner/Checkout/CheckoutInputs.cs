using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>What the author wrote under <c>with:</c> of <c>actions/checkout</c>. An empty value counts as not given, as on GitHub.</summary>
/// <param name="Ref">What to check out instead of the run's commit; null: that commit.</param>
/// <param name="Path">Where, relative to the workspace; empty: the workspace itself.</param>
/// <param name="Depth">How many commits to fetch; 0: all of them, of all branches and tags.</param>
/// <param name="Tags">Fetch tags even where <paramref name="Depth"/> is not 0.</param>
/// <param name="Clean">What is at <paramref name="Path"/> goes before.</param>
/// <param name="Remarks">For the log: what has no effect here.</param>
internal sealed partial record CheckoutInputs(string? Ref, string Path, int Depth, bool Tags, bool Clean, IReadOnlyList<string> Remarks)
{
    private const int SparsePatternsMax = 10_000;

    /// <summary><c>owner/name</c> of another repository on this server; null: the job's own.</summary>
    public string? Repository { get; init; }

    public SubmoduleDepth Submodules { get; init; }

    /// <summary>Null: all files.</summary>
    public SparseCheckout? Sparse { get; init; }

    /// <summary>Files that are kept in LFS are wanted, not pointers to them.</summary>
    public bool Lfs { get; init; }

    /// <summary>Inputs that change nothing here, with the values that mean so; null: any.</summary>
    private static readonly Dictionary<string, string[]?> WithoutEffect = new(StringComparer.OrdinalIgnoreCase)
    {
        ["show-progress"] = ["false", "true"],
        ["set-safe-directory"] = ["false", "true"],
        ["token"] = [],
        ["ssh-key"] = [],
        ["ssh-known-hosts"] = null,
        ["ssh-strict"] = null,
        ["ssh-user"] = null,
    };

    /// <exception cref="CheckoutException">An input asks for what can't be had.</exception>
    public static CheckoutInputs Read(IReadOnlyDictionary<string, string> with, ClaimedJob job)
    {
        var inputs = new CheckoutInputs(null, "", 1, false, true, []);
        var remarks = new List<string>();
        string[] patterns = [];
        var cone = true;
        foreach (var (name, value) in with.Where(input => input.Value.Trim().Length > 0))
        {
            switch (name.ToLowerInvariant())
            {
                case "ref":
                    inputs = inputs with { Ref = ReadRef(value) };
                    break;
                case "path":
                    inputs = inputs with
                    {
                        Path = WorkspacePath.Relative(value)
                            ?? throw new CheckoutException($"path '{value}' leaves the workspace; give a path below it."),
                    };
                    break;
                case "fetch-depth":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var depth))
                        throw new CheckoutException($"fetch-depth '{value}' is not a number; 0 fetches the whole history.");
                    inputs = inputs with { Depth = depth };
                    break;
                case "fetch-tags":
                    inputs = inputs with { Tags = ReadBoolean(name, value) };
                    break;
                case "clean":
                    inputs = inputs with { Clean = ReadBoolean(name, value) };
                    break;
                case "repository":
                    if (!ServerRepositories.IsName(value)) throw new CheckoutException($"repository '{value}' is not of the form owner/name.");
                    if (!value.Equals(job.Repository, StringComparison.OrdinalIgnoreCase)) inputs = inputs with { Repository = value };
                    break;
                case "submodules":
                    inputs = inputs with { Submodules = ReadSubmodules(value.Trim()) };
                    break;
                case "lfs":
                    inputs = inputs with { Lfs = ReadBoolean(name, value) };
                    break;
                case "sparse-checkout":
                    patterns = ReadPatterns(value);
                    break;
                case "sparse-checkout-cone-mode":
                    cone = ReadBoolean(name, value);
                    break;
                case "github-server-url":
                    if (!value.TrimEnd('/').Equals(job.ServerUrl.TrimEnd('/'), StringComparison.OrdinalIgnoreCase))
                        throw new CheckoutException($"github-server-url '{value}' can't be used: files come from {job.ServerUrl} only.");
                    break;
                case "persist-credentials":
                    if (ReadBoolean(name, value))
                        remarks.Add("persist-credentials has no effect: the token that fetched is never left in the workspace.");
                    break;
                case "filter":
                    if (!FilterPattern().IsMatch(value.Trim())) throw new CheckoutException($"filter '{value}' is not one of git's.");
                    remarks.Add("filter has no effect: everything of the commits is there, so that no step has to fetch the rest.");
                    break;
                default:
                    if (!WithoutEffect.TryGetValue(name, out var accepted)) remarks.Add($"Input '{name}' is not known here and is ignored.");
                    else if (accepted?.Contains(value.Trim(), StringComparer.OrdinalIgnoreCase) == false)
                        throw new CheckoutException($"{name} is not supported by this version's checkout; remove it.");
                    break;
            }
        }

        return inputs with { Remarks = remarks, Sparse = patterns.Length > 0 ? new SparseCheckout(patterns, cone) : null };
    }

    private static bool ReadBoolean(string name, string value) =>
        bool.TryParse(value, out var yes) ? yes : throw new CheckoutException($"{name} '{value}' is neither true nor false.");

    private static SubmoduleDepth ReadSubmodules(string value) => value.ToLowerInvariant() switch
    {
        "false" => SubmoduleDepth.None,
        "true" => SubmoduleDepth.Direct,
        "recursive" => SubmoduleDepth.Recursive,
        _ => throw new CheckoutException($"submodules '{value}' is none of true, false and recursive."),
    };

    /// <summary>One pattern on each line.</summary>
    private static string[] ReadPatterns(string value)
    {
        var patterns = value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (patterns.Length > SparsePatternsMax) throw new CheckoutException($"sparse-checkout has more than {SparsePatternsMax} lines.");
        if (patterns.Any(pattern => pattern.Any(char.IsControl))) throw new CheckoutException("sparse-checkout has a line with control characters.");
        return patterns;
    }

    /// <summary>A name that git could take for an option or a refspec is refused.</summary>
    private static string ReadRef(string value)
    {
        if (value[0] is '-' or '+' or '^' || value.Any(c => c is ':' or '*' or '?' or '[' or '\\' or '~' or '^' or ' ' or < ' ' or '\x7f'))
            throw new CheckoutException($"ref '{value}' is not a branch, tag or commit.");
        return value;
    }

    [GeneratedRegex(@"\A(?:blob:none|blob:limit=[0-9]+[kmg]?|tree:[0-9]+|object:type=(?:tag|commit|tree|blob)|(?:sparse:oid|combine):\S+)\z")]
    private static partial Regex FilterPattern();
}

/// <summary>Which submodules are fetched.</summary>
internal enum SubmoduleDepth
{
    None,
    Direct,

    /// <summary>Those of submodules, too.</summary>
    Recursive,
}
