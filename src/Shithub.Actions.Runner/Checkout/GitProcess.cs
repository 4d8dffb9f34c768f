using System.Diagnostics;
using System.Globalization;
using System.Text;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// Runs git on the host, as a user without rights and with nothing of the host's or a repository's configuration: no system or user file, no
/// hooks, no file system monitor, no credential helper, no filters or drivers, no protocol but HTTP. Credentials travel in the environment,
/// so they are neither on the command line nor on disk, and go to the address that they are for only.
/// </summary>
/// <param name="fileBytesMax">The size of the largest file that git may write, packs included.</param>
internal sealed class GitProcess(UserIds user, long fileBytesMax)
{
    /// <summary>git ends by this signal (SIGXFSZ) when it would write a larger file.</summary>
    public const int TooLarge = 128 + 25;

    /// <summary>
    /// What git may keep in memory. Packs and the index are mapped and don't count; what counts grows with the number of objects, about 100
    /// bytes each, and with the largest single tree or commit.
    /// </summary>
    private const long MemoryMax = 4L * 1024 * 1024 * 1024;

    private const int ErrorBytesMax = 64 * 1024;

    private static readonly (string Key, string Value)[] Configuration =
    [
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("core.attributesFile", "/dev/null"),
        ("core.excludesFile", "/dev/null"),
        ("core.askPass", ""),
        ("core.sshCommand", "false"),

        // Names that other file systems take for .git are refused here, too: a workspace may be on any.
        ("core.protectHFS", "true"),
        ("core.protectNTFS", "true"),

        // Larger ones are streamed and never held in memory.
        ("core.bigFileThreshold", "32m"),
        ("credential.helper", ""),
        ("protocol.allow", "never"),
        ("protocol.http.allow", "always"),
        ("protocol.https.allow", "always"),

        // A redirect would carry the token to wherever it points, and so would addresses of packs elsewhere.
        ("http.followRedirects", "false"),
        ("transfer.bundleURI", "false"),

        // A server that says nothing for a minute is given up.
        ("http.lowSpeedLimit", "1"),
        ("http.lowSpeedTime", "60"),
        ("submodule.recurse", "false"),
        ("fetch.recurseSubmodules", "false"),
        ("fetch.unpackLimit", "1"),
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

    public UserIds User => user;

    /// <summary>Runs git and hands its standard output on as it comes. What is not read of it, git can't write.</summary>
    public async Task<GitResult> RunAsync(GitCall call, Func<Stream, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        using var process = Process.Start(Start(call))!;
        try
        {
            var error = ReadAsync(process.StandardError.BaseStream, ErrorBytesMax, cancellationToken);
            var feeding = FeedAsync(process.StandardInput, call.Write, cancellationToken);
            await read(process.StandardOutput.BaseStream, cancellationToken);
            process.StandardOutput.Close();
            await feeding;
            await process.WaitForExitAsync(cancellationToken);
            return new GitResult(process.ExitCode, Encoding.UTF8.GetString(await error).Trim());
        }
        finally
        {
            // git's helpers, which hold the connection, die with it; and nobody writes any more when this returns.
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Runs git and returns what it says.</summary>
    /// <param name="bytesMax">More than that is left out.</param>
    public async Task<(GitResult Result, byte[] Output)> AskAsync(GitCall call, int bytesMax, CancellationToken cancellationToken)
    {
        byte[] output = [];
        var result = await RunAsync(call, async (stream, token) => output = await ReadAsync(stream, bytesMax, token), cancellationToken);
        return (result, output);
    }

    /// <summary>Runs git for its effect.</summary>
    public async Task<GitResult> RunAsync(GitCall call, CancellationToken cancellationToken) =>
        (await AskAsync(call, ErrorBytesMax, cancellationToken)).Result;

    /// <summary>The beginning of a stream; the rest is read and dropped, so that git can end.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, int bytesMax, CancellationToken cancellationToken)
    {
        var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            kept.Write(buffer, 0, (int)Math.Min(read, bytesMax - kept.Length));
        return kept.ToArray();
    }

    private static async Task FeedAsync(
        StreamWriter input, Func<Stream, CancellationToken, Task>? write, CancellationToken cancellationToken)
    {
        try
        {
            if (write is not null) await write(input.BaseStream, cancellationToken);
            input.Close();
        }
        catch (IOException)
        {
            // git ended without reading all of it; its exit code says why.
        }
    }

    private ProcessStartInfo Start(GitCall call)
    {
        var start = new ProcessStartInfo("prlimit")
        {
            WorkingDirectory = call.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] command =
        [
            string.Create(CultureInfo.InvariantCulture, $"--fsize={fileBytesMax}"),
            string.Create(CultureInfo.InvariantCulture, $"--data={MemoryMax}"), "--core=0",
            "setpriv", $"--reuid={user.Uid}", $"--regid={user.Gid}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
            "git", .. call.Arguments,
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
        environment["GIT_ATTR_NOSYSTEM"] = "1";
        environment["GIT_NO_REPLACE_OBJECTS"] = "1";
        environment["GIT_NO_LAZY_FETCH"] = "1";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["GIT_CEILING_DIRECTORIES"] = call.Folder;
        var configuration = Configuration.ToList();
        if (call.Remote is { Token: { } token } remote)
            configuration.Add(($"http.{remote.Address}.extraHeader", "Authorization: Basic " + GitRemote.BasicCredentials(token)));
        environment["GIT_CONFIG_COUNT"] = configuration.Count.ToString(CultureInfo.InvariantCulture);
        foreach (var (index, (key, value)) in configuration.Index())
        {
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_KEY_{index}")] = key;
            environment[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_VALUE_{index}")] = value;
        }

        return start;
    }
}

/// <param name="Folder">Where git runs; one that no step can exchange meanwhile.</param>
/// <param name="Remote">Whose token git gets; null: none.</param>
internal sealed record GitCall(string Folder, IReadOnlyList<string> Arguments, GitRemote? Remote = null)
{
    /// <summary>Writes git's standard input; null: it is empty.</summary>
    public Func<Stream, CancellationToken, Task>? Write { get; init; }

    /// <summary>The name of git's command, for messages.</summary>
    public string Name => Arguments.First(argument => argument[0] != '-');
}

/// <param name="Error">What git had to say.</param>
internal sealed record GitResult(int ExitCode, string Error)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>A repository on this server, as one job may fetch it.</summary>
/// <param name="Url">Its smart-HTTP address.</param>
/// <param name="Token">Password of Basic auth on it; null: it is asked as anybody may.</param>
/// <param name="Name"><c>owner/name</c>, for messages.</param>
/// <param name="Identity">Tells its mirror from others on this host.</param>
internal sealed record GitRemote(Uri Url, string? Token, string Name, string Identity)
{
    /// <summary>Without anything that could be a secret.</summary>
    public string Address => Url.GetLeftPart(UriPartial.Path);

    /// <summary>What follows <c>Basic</c> in the header of who shows this token.</summary>
    public static string BasicCredentials(string token) => Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + token));
}
