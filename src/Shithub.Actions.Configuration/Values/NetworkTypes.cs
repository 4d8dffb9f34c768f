using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.Configuration.Values;

/// <summary>Addresses and ranges of the network that jobs have.</summary>
internal static class NetworkTypes
{
    private const int SmallestSubnet = 29;
    private const int LargestSubnet = 16;

    /// <summary>An address and the prefix of its subnet, as <c>ip address add</c> takes them.</summary>
    public static SettingType<string> BridgeSubnet { get; } = SettingTypes.Text("IPv4 address/prefix", text =>
        Split(text) is var (address, prefix) && prefix is >= LargestSubnet and <= SmallestSubnet && !IsEdge(address, prefix)
            ? $"{address}/{prefix}"
            : throw new SettingValueException(
                $"must be an IPv4 address in a subnet of /{LargestSubnet} to /{SmallestSubnet}; write for example \"172.30.0.1/24\""));

    /// <summary>Any number of addresses and ranges, of both kinds.</summary>
    public static SettingType<IReadOnlyList<IPNetwork>> Networks { get; } = SettingTypes.List("list of IP addresses and ranges", 0, 64, text =>
    {
        if (IPNetwork.TryParse(text, out var network)) return network;
        if (text.Contains('/', StringComparison.Ordinal))
            throw new SettingValueException("must be an IP address or the range of a network; write for example \"10.20.0.0/16\"");
        var address = IPAddress.Parse(SettingTypes.ToIpAddress(text));
        return new IPNetwork(address, address.GetAddressBytes().Length * 8);
    });

    /// <summary>A range in IPv4, or one address.</summary>
    public static string ToRange(string text)
    {
        if (Split(text.Contains('/', StringComparison.Ordinal) ? text : text + "/32") is not var (address, prefix) || prefix < 8)
            throw new SettingValueException("must be an IPv4 address or a range of /8 or less; write for example \"10.20.0.0/16\"");
        var network = ToNumber(address) & Mask(prefix);
        return $"{network >> 24}.{(network >> 16) & 255}.{(network >> 8) & 255}.{network & 255}/{prefix}";
    }

    /// <summary>dnsmasq's way to write a server with a port of its own.</summary>
    public static string ToResolver(string text)
    {
        var hash = text.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0) return SettingTypes.ToIpAddress(text);
        return int.TryParse(text.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? $"{SettingTypes.ToIpAddress(text[..hash])}#{port}"
            : throw new SettingValueException("must be an IP address, or address#port; write for example \"192.0.2.53\"");
    }

    private static (IPAddress Address, int Prefix)? Split(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && text[..slash].Count(c => c == '.') == 3
            && IPAddress.TryParse(text.AsSpan(0, slash), out var address) && address.AddressFamily == AddressFamily.InterNetwork
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix is > 0 and <= 32
            ? (address, prefix)
            : null;
    }

    /// <summary>The subnet's own address and its broadcast address belong to no machine.</summary>
    private static bool IsEdge(IPAddress address, int prefix) =>
        (ToNumber(address) & ~Mask(prefix)) is var host && (host == 0 || host == ~Mask(prefix));

    private static uint ToNumber(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static uint Mask(int prefix) => prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
}
