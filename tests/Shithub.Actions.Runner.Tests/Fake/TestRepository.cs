using System.Diagnostics;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>A bare repository <c>demo/hello.git</c> below a folder of its own, with two commits on trunk, a branch and a tag.</summary>
internal sealed class TestRepository : IDisposable
{
    public TestRepository()
    {
        Root = Directory.CreateTempSubdirectory("shithub-git-").FullName;
        var work = Path.Combine(Root, "work");
        Git(Root, "init", "--quiet", "--initial-branch=trunk", work);
        File.WriteAllText(Path.Combine(work, "README.md"), "first\n");
        Commit(work, "first");
        First = Git(work, "rev-parse", "HEAD");
        File.WriteAllText(Path.Combine(work, "README.md"), "second\n");
        File.CreateSymbolicLink(Path.Combine(work, "outside"), "/tmp");
        Commit(work, "second");
        Second = Git(work, "rev-parse", "HEAD");
        Git(work, "branch", "feature", First);
        Git(work, "tag", "v1", First);
        Git(Root, "clone", "--quiet", "--bare", work, Path.Combine(Root, "demo/hello.git"));
    }

    public string Root { get; }

    public string First { get; }

    /// <summary>The head of trunk.</summary>
    public string Second { get; }

    /// <summary>A second repository, <c>demo/actions.git</c>, with the composite action <c>show</c>.</summary>
    /// <returns>Its commit.</returns>
    public string CreateActions()
    {
        var work = Path.Combine(Root, "actions");
        Git(Root, "init", "--quiet", "--initial-branch=trunk", work);
        Directory.CreateDirectory(Path.Combine(work, "show"));
        File.WriteAllText(Path.Combine(work, "show/text"), "from file\n");
        File.WriteAllText(Path.Combine(work, "show/action.yaml"), """
            runs:
              using: composite
              steps:
                - shell: sh
                  run: |
                    cat ${{ github.action_path }}/text
                    (echo evil > ${{ github.action_path }}/text) 2>/dev/null || echo kept
                    [ -e $GITHUB_ACTION_PATH/../.git ] || echo no git
                    echo $GITHUB_ACTION_REPOSITORY $GITHUB_ACTION_REF
            """);
        Commit(work, "show");
        Git(Root, "clone", "--quiet", "--bare", work, Path.Combine(Root, "demo/actions.git"));
        return Git(work, "rev-parse", "HEAD");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static void Commit(string work, string message)
    {
        Git(work, "add", "--all");
        Git(work, "-c", "user.name=Olga", "-c", "user.email=olga@example.org", "commit", "--quiet", "--message", message);
    }

    private static string Git(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)} failed.");
    }
}
