using System.Diagnostics;
using System.Globalization;
using System.Text;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Runs git on the host, as the steps' user and with nothing of the host's configuration: no system or user file, no hooks, no file
/// system monitor, no credential helper, no submodules, no protocol but HTTP. Credentials travel in the environment, so they are
/// neither on the command line nor on disk.
/// </summary>
internal sealed class GitProcess(UserIds user)
{
    private static readonly (string Key, string Value)[] Configuration =
    [
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("core.askPass", ""),
        ("core.sshCommand", "false"),
        ("credential.helper", ""),
        ("protocol.allow", "never"),
        ("protocol.http.allow", "always"),
        ("protocol.https.allow", "always"),

        // A redirect would carry the token to wherever it points.
        ("http.followRedirects", "false"),

        // A server that says nothing for a minute is given up.
        ("http.lowSpeedLimit", "1"),
        ("http.lowSpeedTime", "60"),
        ("submodule.recurse", "false"),
        ("fetch.recurseSubmodules", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("init.defaultBranch", "trunk"),
        ("advice.detachedHead", "false"),
    ];

    /// <summary>What the operator may have set so that git finds the server and trusts it.</summary>
    private static readonly string[] Inherited =
    [
        "PATH", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
        "NO_PROXY",
    ];

    /// <summary>Runs git and hands on what it says, line ends included.</summary>
    /// <param name="authorization">An HTTP header for <paramref name="url"/>, or null.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(
        string folder,
        IReadOnlyList<string> arguments,
        Uri? url,
        string? authorization,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken)
    {
        using var process = Process.Start(Start(folder, arguments, url, authorization))!;
        process.StandardInput.Close();
        var copies = Task.WhenAll(
            CopyAsync(process.StandardOutput.BaseStream, output, cancellationToken),
            CopyAsync(process.StandardError.BaseStream, output, cancellationToken));
        try
        {
            await copies;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        finally
        {
            // git's helpers, which hold the connection, die with it.
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static async Task CopyAsync(
        Stream from, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0) await output(buffer.AsMemory(0, read), cancellationToken);
    }

    private ProcessStartInfo Start(string folder, IReadOnlyList<string> arguments, Uri? url, string? authorization)
    {
        var start = new ProcessStartInfo("setpriv")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] command =
        [
            $"--reuid={user.Uid}", $"--regid={user.Gid}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
            "git", .. arguments,
        ];
        foreach (var argument in command) start.ArgumentList.Add(argument);

        var environment = start.Environment;
        var inherited = Inherited.Where(environment.ContainsKey).Select(name => (name, environment[name])).ToList();
        environment.Clear();
        foreach (var (name, value) in inherited) environment[name] = value;
        environment["HOME"] = "/nonexistent";
        environment["LC_ALL"] = "C.UTF-8";
        environment["GIT_CONFIG_NOSYSTEM"] = "1";
        environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["GIT_CEILING_DIRECTORIES"] = folder;
        var configuration = Configuration.ToList();
        if (url is not null && authorization is not null)
            configuration.Add(($"http.{url.GetLeftPart(UriPartial.Path)}.extraHeader", authorization));
        environment["GIT_CONFIG_COUNT"] = configuration.Count.ToString(CultureInfo.InvariantCulture);
        foreach (var (index, (key, value)) in configuration.Index())
        {
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_KEY_{index}")] = key;
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_VALUE_{index}")] = value;
        }

        return start;
    }

    /// <summary>The header for a checkout token, which is the password of Basic authentication.</summary>
    public static string BasicAuthorization(string token) =>
        "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + token));
}
