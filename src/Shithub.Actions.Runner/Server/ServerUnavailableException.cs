namespace Shithub.Actions.Runner.Server;

/// <summary>No useful answer: the network, a time-out, or a status that says 'later'. Worth another try.</summary>
internal sealed class ServerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
