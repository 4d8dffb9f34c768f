namespace Shithub.Actions.Runner;

/// <summary>The runner can't start or go on; the message is for the operator.</summary>
/// <param name="exitCode">See <see cref="ExitCodes"/>.</param>
internal sealed class RunnerException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>What the program ends with.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>Configuration or usage.</summary>
    public const int Usage = 1;

    /// <summary>The server refuses the token, the engine can't give the fence, or another runner has the workspace root;
    /// of <c>exec</c>: the workflow is refused.</summary>
    public const int Refused = 2;

    /// <summary>Of <c>exec</c>: the run ended in something else than success.</summary>
    public const int RunFailed = 3;

    /// <summary>Of <c>exec</c>: Ctrl-C or SIGTERM; what a shell says of a program that SIGINT ended.</summary>
    public const int Interrupted = 130;
}
