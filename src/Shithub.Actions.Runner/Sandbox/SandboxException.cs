namespace Shithub.Actions.Runner.Sandbox;

/// <summary>The fence can't be had here, so nothing is run.</summary>
internal sealed class SandboxException(string message) : Exception(message);
