using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Starts git with nothing of the host's in its environment: no system or user configuration, no prompts, no hooks. At most
/// <see cref="TransfersMax"/> clones, fetches and pushes and <see cref="ReadsMax"/> short commands run at once; the rest waits.
/// </summary>
public sealed class GitProcess(ServerSettings settings) : IDisposable
{
    public const int TransfersMax = 64;
    public const int ReadsMax = 16;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _transfers = new(TransfersMax);
    private readonly SemaphoreSlim _reads = new(ReadsMax);

    /// <summary>Starts a clone, fetch or push. The caller pumps its streams and disposes it.</summary>
    /// <exception cref="GitException">git can't be started.</exception>
    public async Task<GitChild> StartTransferAsync(
        IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, CancellationToken cancellation)
    {
        await _transfers.WaitAsync(cancellation);
        return Start(arguments, environment, _transfers);
    }

    /// <summary>Runs a short command to its end.</summary>
    /// <param name="outputLimit">With more output than this the command is ended and the result says <see cref="GitResult.IsCut"/>.</param>
    /// <exception cref="GitException">git can't be started, or took longer than a minute.</exception>
    public async Task<GitResult> RunAsync(
        IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input, int outputLimit, CancellationToken cancellation)
    {
        await _reads.WaitAsync(cancellation);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(ReadTimeout);
        await using var git = Start(arguments, [], _reads);
        try
        {
            var feeding = FeedAsync(git.Input, input, timeout.Token);
            var (output, isCut) = await ReadAsync(git.Output, outputLimit, timeout.Token);
            if (isCut)
                return new GitResult(-1, output, true, "");
            await feeding;
            var (exitCode, error) = await git.WaitAsync(timeout.Token);
            return new GitResult(exitCode, output, false, error);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new GitException($"git {arguments[^1]} took longer than {ReadTimeout.TotalSeconds:F0} s.");
        }
    }

    public void Dispose()
    {
        _transfers.Dispose();
        _reads.Dispose();
    }

    private static async Task FeedAsync(Stream stdin, ReadOnlyMemory<byte> input, CancellationToken cancellation)
    {
        try
        {
            await stdin.WriteAsync(input, cancellation);
            await stdin.DisposeAsync();
        }
        catch (IOException)
        {
            // git ended without reading all of it; its exit code says why.
        }
    }

    private static async Task<(byte[] Output, bool IsCut)> ReadAsync(Stream stdout, int limit, CancellationToken cancellation)
    {
        var output = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await stdout.ReadAsync(buffer, cancellation)) > 0)
        {
            if (output.Length + read > limit)
                return ([], true);
            output.Write(buffer, 0, read);
        }

        return (output.ToArray(), false);
    }

    private GitChild Start(
        IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, SemaphoreSlim slots)
    {
        var start = new ProcessStartInfo(settings.Git.Path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = settings.Server.RepositoriesRoot,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in Environment().Concat(environment))
            start.Environment[name] = value;
        try
        {
            Directory.CreateDirectory(settings.Server.RepositoriesRoot);
            return new GitChild(Process.Start(start)!, () => slots.Release());
        }
        catch (Exception error) when (error is Win32Exception or IOException or UnauthorizedAccessException)
        {
            slots.Release();
            throw new GitException($"'{settings.Git.Path}' can't be started: {error.Message}. Install git, or set git.path.", error);
        }
    }

    private static Dictionary<string, string> Environment() => new()
    {
        ["PATH"] = System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin",
        ["HOME"] = "/nonexistent",
        ["LC_ALL"] = "C",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_ATTR_NOSYSTEM"] = "1",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_NO_REPLACE_OBJECTS"] = "1",
        // The folder may belong to another user than the one who restored it from a backup; all of it is ours.
        ["GIT_CONFIG_COUNT"] = "1",
        ["GIT_CONFIG_KEY_0"] = "safe.directory",
        ["GIT_CONFIG_VALUE_0"] = "*",
    };
}

/// <param name="ExitCode">-1 where the command was ended because of its output.</param>
/// <param name="Output">Empty where it was cut.</param>
/// <param name="IsCut">There was more output than asked for.</param>
public sealed record GitResult(int ExitCode, byte[] Output, bool IsCut, string Error)
{
    /// <exception cref="GitException">The command failed.</exception>
    public GitResult OrThrow(string command) =>
        ExitCode == 0
            ? this
            : throw new GitException(string.Create(CultureInfo.InvariantCulture, $"git {command} ended with {ExitCode}: {Error}"));
}

/// <summary>git is missing, timed out, or failed at what cannot fail in a repository that is whole.</summary>
public sealed class GitException(string message, Exception? inner = null) : Exception(message, inner);
