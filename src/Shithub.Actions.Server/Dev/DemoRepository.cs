using System.Diagnostics;
using System.Text;

namespace Shithub.Actions.Server.Dev;

/// <summary>A clone of the demo repository, driven by a stock git client over HTTP, as its user would.</summary>
internal sealed class DemoRepository(string folder, string url, string token)
{
    private const string Workflow = """
        name: Smoke
        on:
          push:
            branches: [trunk]
        jobs:
          green:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Verify checkout
                run: test -f README.md || test -f readme.md || pwd
              - name: Smoke
                run: printf 'shithub actions smoke passed\n'

        """;

    private const string Readme = """
        # hello

        A repository to try Shithub Actions with. Its workflow is in `.shithub/workflows/smoke.yml`; every push to `trunk` runs it.

        """;

    /// <summary>Commits something new and pushes it.</summary>
    /// <returns>The pushed commit.</returns>
    public async Task<string> PushAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(Path.Combine(folder, ".git")))
            await CreateAsync(cancellation);
        await GitAsync(["commit", "--quiet", "--allow-empty", "-m", "Say hello to Shithub Actions"], cancellation);
        await GitAsync(["push", "--quiet", url, "HEAD:refs/heads/trunk"], cancellation);
        return (await GitAsync(["rev-parse", "HEAD"], cancellation)).Trim();
    }

    private async Task CreateAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(folder, ".shithub", "workflows"));
        await File.WriteAllTextAsync(Path.Combine(folder, "README.md"), Readme, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, ".shithub", "workflows", "smoke.yml"), Workflow, cancellation);
        await GitAsync(["init", "--quiet", "--initial-branch=trunk"], cancellation);
        await GitAsync(["remote", "add", "origin", url], cancellation);
        await GitAsync(["add", "--all"], cancellation);
    }

    /// <summary>The token goes through the environment: not on the command line, where others could read it.</summary>
    private async Task<string> GitAsync(string[] arguments, CancellationToken cancellation)
    {
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"demo:{token}"));
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["GIT_CONFIG_NOSYSTEM"] = "1",
                ["GIT_CONFIG_GLOBAL"] = "/dev/null",
                ["GIT_TERMINAL_PROMPT"] = "0",
                ["GIT_CONFIG_COUNT"] = "1",
                ["GIT_CONFIG_KEY_0"] = $"http.{url}.extraHeader",
                ["GIT_CONFIG_VALUE_0"] = $"Authorization: Basic {credentials}",
                ["GIT_AUTHOR_NAME"] = "demo",
                ["GIT_AUTHOR_EMAIL"] = "demo@localhost",
                ["GIT_COMMITTER_NAME"] = "demo",
                ["GIT_COMMITTER_EMAIL"] = "demo@localhost",
            },
        };
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEndAsync(cancellation);
        var errors = git.StandardError.ReadToEndAsync(cancellation);
        await git.WaitForExitAsync(cancellation);
        return git.ExitCode == 0 ? await output : throw new DevException($"git {arguments[0]} failed: {(await errors).Trim()}");
    }
}
