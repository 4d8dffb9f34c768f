namespace Shithub.Actions.Runner.Network;

/// <summary>The network's fence can't be made, or does not hold; the message says which part of it.</summary>
internal sealed class NetworkFenceException(string message) : Exception(message);
