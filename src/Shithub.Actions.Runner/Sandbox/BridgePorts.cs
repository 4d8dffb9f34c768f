using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// Keeps the containers of one bridge apart: what is plugged into isolated ports reaches the bridge itself, and so the way out, but not
/// each other (Linux, <c>bridge(8)</c>, 'isolated'). The engines have no switch for it that both know.
/// </summary>
internal static class BridgePorts
{
    /// <summary>Marks networks that runners made for steps alone: nothing else on this host expects to talk across them.</summary>
    public const string NetworkLabel = "shithub.network";

    private const string Interfaces = "/sys/class/net";
    private const int NoSuchDevice = 19;

    /// <summary>Isolates every port that the network's bridge has by now.</summary>
    /// <returns>False where it can't be done: the network is somebody else's, or its bridge is not this kernel's to change.</returns>
    public static async Task<bool> IsolateAsync(EngineClient engine, string network, CancellationToken cancellationToken)
    {
        if (network == "none") return true;
        if (await engine.FindBridgeAsync(network, NetworkLabel, cancellationToken) is not { } bridge || bridge.Contains('/', StringComparison.Ordinal))
            return false;
        try
        {
            return await IsolateAsync(bridge, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>As <see cref="IsolateAsync(EngineClient, string, CancellationToken)"/>, for a bridge that is known to be this runner's.</summary>
    /// <returns>Whether it has ports.</returns>
    /// <exception cref="IOException">It has one that can't be isolated.</exception>
    public static async Task<bool> IsolateAsync(string bridge, CancellationToken cancellationToken)
    {
        var ports = Directory.GetFileSystemEntries(Path.Combine(Interfaces, bridge, "brif"));
        foreach (var port in ports)
        {
            var isolated = Path.Combine(port, "isolated");
            try
            {
                if (File.Exists(isolated)) await File.WriteAllTextAsync(isolated, "1", cancellationToken);
            }
            catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && (e.HResult == NoSuchDevice || !File.Exists(isolated)))
            {
                // It went between the look and the write, with its container.
            }
        }

        return ports.Length > 0;
    }
}
