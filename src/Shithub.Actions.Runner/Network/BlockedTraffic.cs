using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Runner.Network;

/// <summary>What one container was refused.</summary>
/// <param name="Target"><c>host:port</c>; the port of a name is <c>*</c>, since whoever gets no address connects to none.</param>
/// <param name="Name">What would have to be on the list; null for an address, which never is.</param>
internal sealed record Refusal(string Target, string? Name);

/// <summary>
/// Reads what was refused to a container: names from the resolver's log, addresses from the firewall's set. Both are bounded, and a job can
/// fill them; then some of its own refusals, or those of jobs beside it, are not told.
/// </summary>
internal static partial class BlockedTraffic
{
    public const int Most = 100;

    private const int LogBytesMax = 8 * 1024 * 1024;

    /// <summary>Where the log ends now, for <see cref="ReadAsync"/>.</summary>
    public static long LogLength(string logFile) => new FileInfo(logFile) is { Exists: true } file ? file.Length : 0;

    /// <param name="tables">Whose sets to read.</param>
    /// <param name="logFrom">Where in the log the container's time begins.</param>
    /// <param name="age">How long it has been there.</param>
    public static async Task<IReadOnlyList<Refusal>> ReadAsync(
        string container, IReadOnlyList<string> tables, string logFile, long logFrom, TimeSpan age, CancellationToken cancellationToken)
    {
        var found = new List<Refusal>(await NamesAsync(container, logFile, logFrom, cancellationToken));
        foreach (var table in tables) found.AddRange(await AddressesAsync(container, table, age, cancellationToken));
        return [.. found.Distinct().Take(Most)];
    }

    /// <summary>Names in the order they were asked for.</summary>
    public static IEnumerable<Refusal> Names(string container, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            if (Refused().Match(line) is { Success: true } match
                && match.Groups["from"].Value == container
                && match.Groups["name"].Value.ToLowerInvariant() is var name
                && name != ResolverConfiguration.NeverAllowed)
                yield return new Refusal($"{name}:*", name);
        }
    }

    /// <summary>Addresses from a listing of the set as JSON.</summary>
    public static IEnumerable<Refusal> Addresses(string container, string json, TimeSpan age)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var item in document.RootElement.GetProperty("nftables").EnumerateArray())
        {
            if (!item.TryGetProperty("set", out var set) || !set.TryGetProperty("elem", out var elements)) continue;
            foreach (var element in elements.EnumerateArray().Select(each => each.GetProperty("elem")))
            {
                var parts = element.GetProperty("val").GetProperty("concat");
                if (parts[0].GetString() != container) continue;

                // An earlier container may have had the same address; whole seconds.
                var expires = element.TryGetProperty("expires", out var left) ? left.GetDouble() : 0;
                if (FirewallRules.BlockedTtl.TotalSeconds - expires > age.TotalSeconds + 1) continue;
                var protocol = parts[2].ValueKind == JsonValueKind.String ? parts[2].GetString() : parts[2].ToString();
                var suffix = protocol == "tcp" ? "" : $"/{protocol}";
                yield return new Refusal($"{parts[1].GetString()}:{parts[3]}{suffix}", null);
            }
        }
    }

    private static async Task<IReadOnlyList<Refusal>> NamesAsync(
        string container, string logFile, long from, CancellationToken cancellationToken)
    {
        if (!File.Exists(logFile)) return [];
        await using var file = new FileStream(logFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

        // A log that was cut meanwhile begins anew; of a very long one the end counts.
        if (from > file.Length) from = 0;
        file.Position = Math.Max(from, file.Length - LogBytesMax);
        using var reader = new StreamReader(file, Encoding.ASCII);
        var text = await reader.ReadToEndAsync(cancellationToken);
        return [.. Names(container, text.Split('\n')).Distinct().Take(Most)];
    }

    private static async Task<IReadOnlyList<Refusal>> AddressesAsync(
        string container, string table, TimeSpan age, CancellationToken cancellationToken)
    {
        var (exitCode, output, _) = await HostProgram.TryAsync(
            "nft", cancellationToken, "--json", "list", "set", "inet", table, FirewallRules.Blocked);
        return exitCode == 0 ? [.. Addresses(container, output, age).OrderBy(each => each.Target, StringComparer.Ordinal).Take(Most)] : [];
    }

    /// <summary>dnsmasq's line for a name of no list: <c>… 12 172.30.0.5/41234 config example.org is NXDOMAIN</c>.</summary>
    [GeneratedRegex(@": [0-9]+ (?<from>[0-9.]+)/[0-9]+ config (?<name>[A-Za-z0-9_.-]{1,253}) is (?:NXDOMAIN|NODATA-IPv[46]|NODATA)\z")]
    private static partial Regex Refused();
}
