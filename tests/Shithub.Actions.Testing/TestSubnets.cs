using System.Collections.Concurrent;
using System.Net.NetworkInformation;

namespace Shithub.Actions.Testing;

/// <summary>Networks of 256 addresses for one test each: none is given out twice by a process, or while an interface of this machine is in it.</summary>
public static class TestSubnets
{
    private static readonly ConcurrentDictionary<string, bool> Given = new();

    /// <param name="net">The first two numbers of its addresses, as <c>198.18</c>.</param>
    /// <returns>The first three, as <c>198.18.7</c>.</returns>
    /// <exception cref="InvalidOperationException">All of them are in use.</exception>
    public static string Next(string net)
    {
        // Two processes that test at the same time should not look at the same ones in the same order.
        var start = Random.Shared.Next(248);
        for (var i = 0; i < 248; i++)
        {
            var subnet = $"{net}.{2 + ((start + i) % 248)}";
            if (!IsOnThisMachine(subnet + ".") && Given.TryAdd(subnet, true)) return subnet;
        }

        throw new InvalidOperationException($"Every subnet of {net}.0.0/16 is in use on this machine (ip address).");
    }

    private static bool IsOnThisMachine(string prefix) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(face => face.GetIPProperties().UnicastAddresses)
        .Any(address => address.Address.ToString().StartsWith(prefix, StringComparison.Ordinal));
}
