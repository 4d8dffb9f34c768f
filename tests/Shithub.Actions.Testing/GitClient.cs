using System.Diagnostics;

namespace Shithub.Actions.Testing;

/// <summary>A stock git client in a folder of its own, with nothing of the host's configuration. Disposing removes the folder.</summary>
public sealed class GitClient : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("shithub-git-").FullName;

    public GitClient() => Directory.CreateDirectory(Folder);

    /// <summary>Where commands run.</summary>
    public string Folder => Path.Combine(_root, "work");

    /// <summary>An address with the token as the password.</summary>
    public static string Url(Uri server, string repository, string? token) =>
        $"{server.Scheme}://{(token is null ? "" : $"git:{token}@")}{server.Authority}/{repository}";

    /// <summary>Runs git and expects it to succeed.</summary>
    /// <returns>What it said on standard output, without the last line's end.</returns>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await TryAsync(arguments);
        return result.ExitCode == 0
            ? result.Output.TrimEnd('\n')
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Output}{result.Error}");
    }

    /// <summary>Runs git and tells how it went.</summary>
    public async Task<(int ExitCode, string Output, string Error)> TryAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["HOME"] = _root,
            ["LC_ALL"] = "C",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_AUTHOR_NAME"] = "Ada",
            ["GIT_AUTHOR_EMAIL"] = "ada@example.com",
            ["GIT_COMMITTER_NAME"] = "Ada",
            ["GIT_COMMITTER_EMAIL"] = "ada@example.com",
        })
            start.Environment[name] = value;
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEndAsync();
        var error = git.StandardError.ReadToEndAsync();
        await git.WaitForExitAsync();
        return (git.ExitCode, await output, await error);
    }

    /// <summary>Starts a repository with one commit on <c>trunk</c> and the remote <c>origin</c>.</summary>
    public async Task InitAsync(string url)
    {
        await RunAsync("init", "--quiet", "--initial-branch=trunk");
        await RunAsync("remote", "add", "origin", url);
        await CommitAsync("README.md", "Hello\n", "First");
    }

    /// <summary>Writes a file and commits it.</summary>
    /// <returns>The commit's id.</returns>
    public async Task<string> CommitAsync(string path, string contents, string message)
    {
        var file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, contents);
        await RunAsync("add", "--all");
        await RunAsync("commit", "--quiet", "-m", message);
        return await RunAsync("rev-parse", "HEAD");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
