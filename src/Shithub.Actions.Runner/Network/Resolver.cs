using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Runner.Network;

/// <summary>One dnsmasq of ours: the allowlist's, or a narrowed job's. It outlives whoever starts it.</summary>
internal sealed class Resolver(ResolverConfiguration configuration)
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(5);

    /// <summary>What the running one was started with.</summary>
    private string StartedFile => configuration.PidFile + ".started";

    /// <summary>Runs with these settings when this returns.</summary>
    /// <returns>Whether it had to be started.</returns>
    /// <exception cref="NetworkFenceException">It does not start.</exception>
    public async Task<bool> EnsureAsync(CancellationToken cancellationToken)
    {
        var text = configuration.Render();
        if (FindPid() is not null && await ReadAsync(StartedFile, cancellationToken) == Digest(text)) return false;
        await StopAsync(cancellationToken);
        await WriteFileAsync(configuration.File, text, cancellationToken);

        // It becomes a process of its own when it listens.
        await HostProgram.RunAsync("dnsmasq", cancellationToken, $"--conf-file={configuration.File}");
        await WriteFileAsync(StartedFile, Digest(text), cancellationToken);
        return true;
    }

    /// <summary>Returns when it has ended; one that does not run is fine.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (FindPid() is not { } pid) return;
        await HostProgram.TryAsync("kill", cancellationToken, "-TERM", pid.ToString(CultureInfo.InvariantCulture));
        var started = TimeProvider.System.GetTimestamp();
        while (FindPid() is not null)
        {
            if (TimeProvider.System.GetElapsedTime(started) > EndTime)
                await HostProgram.TryAsync("kill", cancellationToken, "-KILL", pid.ToString(CultureInfo.InvariantCulture));
            await Task.Delay(5, cancellationToken);
        }
    }

    /// <summary>Its process, if that is really ours: ids are used again.</summary>
    public int? FindPid()
    {
        try
        {
            if (!int.TryParse(File.ReadAllText(configuration.PidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return null;
            var command = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline"));
            return command.Split('\0').Contains($"--conf-file={configuration.File}") ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static async Task<string?> ReadAsync(string path, CancellationToken cancellationToken) =>
        File.Exists(path) ? (await File.ReadAllTextAsync(path, cancellationToken)).Trim() : null;

    private static async Task WriteFileAsync(string path, string text, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text, cancellationToken);
    }
}
