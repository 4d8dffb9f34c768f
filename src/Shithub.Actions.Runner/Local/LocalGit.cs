using System.Diagnostics;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// Runs git on somebody's working tree and reads what it says. No hooks, no file system monitor and no pager run, whatever the repository's
/// configuration says, and a tree that belongs to another user is fine: who runs a workflow of it trusts it with more.
/// </summary>
internal sealed class LocalGit(string folder)
{
    private static readonly string[] Always =
        ["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "--no-pager"];

    /// <returns>Standard output without the last line end; null if git fails.</returns>
    public async Task<string?> TryAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var (exitCode, output, _) = await RunAsync(arguments, cancellationToken);
        return exitCode == 0 ? output.TrimEnd('\n') : null;
    }

    /// <exception cref="IOException">Git fails; the message is git's.</exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments, cancellationToken);
        return exitCode == 0 ? output.TrimEnd('\n') : throw new IOException($"git {arguments[0]} failed: {error.Trim()}");
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("git")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in Always.Concat(arguments)) start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";

        // A fetch from a repository on this machine asks a second git, which sees no options of the first but its environment.
        start.Environment["GIT_CONFIG_COUNT"] = "1";
        start.Environment["GIT_CONFIG_KEY_0"] = "safe.directory";
        start.Environment["GIT_CONFIG_VALUE_0"] = "*";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
