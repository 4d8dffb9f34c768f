using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Runner.Network;

/// <summary>What the fence around one bridge is to be, as the operator's settings say; everything about it follows from here.</summary>
/// <param name="Network">The engine's name for it.</param>
/// <param name="Address">The bridge's own, where the resolver listens.</param>
/// <param name="Names">Lower case; <c>*.example.org</c> is every name below example.org.</param>
/// <param name="Upstreams">Whom the resolver asks for them, dnsmasq's way.</param>
/// <param name="PrivateRanges">Private addresses that names may stand for.</param>
/// <param name="AddressTtl">How long an address is open after its name was resolved and used.</param>
internal sealed partial record FencePlan(
    string Network,
    IPAddress Address,
    int PrefixLength,
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Upstreams,
    IReadOnlyList<string> PrivateRanges,
    TimeSpan AddressTtl)
{
    /// <summary>Set on packets that went through the fence's first chain, and asked for by what comes after it.</summary>
    public const string Mark = "0x02000000";

    private const int InterfaceNameMax = 15;
    private const string StateRoot = "/run/shithubd-runner";

    /// <summary>The bridge: the network's name where that can be an interface's, which <c>shithub-actions</c> just can.</summary>
    public string Bridge { get; } = InterfaceName().IsMatch(Network) && Network.Length <= InterfaceNameMax ? Network : "shb-" + Hash(Network)[..11];

    /// <summary>One end of a pair that keeps the bridge alive while no container is plugged in: Podman removes it with the last one.</summary>
    public string Keeper => "shk-" + Hash(Network)[..10];

    public string KeeperPeer => "shp-" + Hash(Network)[..10];

    /// <summary>In nftables' family <c>inet</c>.</summary>
    public string Table => "shithub_" + NotWord().Replace(Bridge, "_");

    /// <summary>Files and the resolver's log; gone with the next boot, as is all that they speak of.</summary>
    public string Folder => Path.Combine(StateRoot, Network);

    public string Subnet => $"{NetworkAddress()}/{PrefixLength}";

    /// <summary>What marks the engine's network as this one: with other settings it has to be made again.</summary>
    public string Label => $"{Bridge} {Address}/{PrefixLength}";

    public static FencePlan From(RunnerSettings settings)
    {
        var parts = settings.Runner.NetworkSubnet.Split('/');
        return new FencePlan(
            settings.Engine.Network,
            IPAddress.Parse(parts[0]),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            [.. settings.Runner.NetworkAllowlist.Order(StringComparer.Ordinal)],
            settings.Runner.UpstreamDns ?? SystemResolvers("/etc/resolv.conf"),
            settings.Runner.NetworkPrivate,
            settings.Runner.NetworkAddressTtl);
    }

    /// <summary>The machine's own; without any, names can't be resolved, and that closes the network rather than opening it.</summary>
    public static IReadOnlyList<string> SystemResolvers(string path)
    {
        try
        {
            return
            [
                .. File.ReadLines(path)
                    .Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                    .Where(words => words is ["nameserver", _, ..] && IPAddress.TryParse(words[1], out _))
                    .Select(words => words[1])
                    .Distinct()
                    .Take(3),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private IPAddress NetworkAddress()
    {
        var bytes = Address.GetAddressBytes();
        for (var bit = PrefixLength; bit < 32; bit++) bytes[bit / 8] &= (byte)~(1 << (7 - (bit % 8)));
        return new IPAddress(bytes);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]*\z")]
    private static partial Regex InterfaceName();

    [GeneratedRegex("[^A-Za-z0-9_]")]
    private static partial Regex NotWord();
}
