using System.ComponentModel;
using System.Diagnostics;

namespace Shithub.Actions.Runner.Network;

/// <summary>The host's programs that make the fence: <c>nft</c>, <c>ip</c>, <c>dnsmasq</c>.</summary>
internal static class HostProgram
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(20);

    /// <summary>Debian has them where only root's path leads.</summary>
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <param name="input">For its standard input.</param>
    /// <returns>Its standard output.</returns>
    /// <exception cref="NetworkFenceException">It is not there, fails, or takes too long.</exception>
    public static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var (exitCode, output, error) = await TryAsync(program, arguments, input, cancellationToken);
        return exitCode == 0
            ? output
            : throw new NetworkFenceException($"{program} {string.Join(' ', arguments)} failed: {FirstLine(error.Length > 0 ? error : output)}");
    }

    public static Task<string> RunAsync(string program, CancellationToken cancellationToken, params string[] arguments) =>
        RunAsync(program, arguments, null, cancellationToken);

    public static Task<(int ExitCode, string Output, string Error)> TryAsync(
        string program, CancellationToken cancellationToken, params string[] arguments) =>
        TryAsync(program, arguments, null, cancellationToken);

    public static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Find(program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = SearchPath;
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static async Task<(int ExitCode, string Output, string Error)> TryAsync(
        string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(TimeMax);
        using var process = Start(program, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(bounded.Token);
            var error = process.StandardError.ReadToEndAsync(bounded.Token);
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), bounded.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(bounded.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            throw new NetworkFenceException($"{program} {string.Join(' ', arguments)} did not end within {TimeMax.TotalSeconds:0} s.");
        }
        catch (IOException)
        {
            // It ended before it had read its input, and has said why.
            await process.WaitForExitAsync(CancellationToken.None);
            return (process.ExitCode, "", await process.StandardError.ReadToEndAsync(CancellationToken.None));
        }
    }

    private static Process Start(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            return Process.Start(StartInfo(program, arguments))!;
        }
        catch (Win32Exception)
        {
            throw new NetworkFenceException($"{program} is not installed; the fence needs it (apt-get install nftables dnsmasq-base iproute2).");
        }
    }

    private static string Find(string program) =>
        SearchPath.Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists) ?? program;

    private static string FirstLine(string text) => text.Trim().Split('\n')[0];
}
