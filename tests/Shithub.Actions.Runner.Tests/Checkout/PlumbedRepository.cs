using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Shithub.Actions.Runner.Tests.Checkout;

/// <summary>
/// A bare repository that is put together object by object, so that it can hold what no git client would make: names with slashes, two
/// entries of one name, <c>.git</c> in a tree.
/// </summary>
internal sealed class PlumbedRepository
{
    private readonly string _folder;

    public PlumbedRepository(string folder)
    {
        _folder = folder;
        if (Directory.Exists(folder)) return;
        Directory.CreateDirectory(folder);
        Git("init", "--quiet", "--bare", "--initial-branch=trunk");
    }

    public string Blob(string text) => Blob(Encoding.UTF8.GetBytes(text));

    public string Blob(byte[] bytes) => Object("blob", bytes);

    /// <summary>A tree with exactly these entries, in this order.</summary>
    public string RawTree(params (string Mode, byte[] Name, string Id)[] entries)
    {
        var tree = new MemoryStream();
        foreach (var (mode, name, id) in entries)
        {
            tree.Write(Encoding.ASCII.GetBytes(mode + " "));
            tree.Write(name);
            tree.WriteByte(0);
            tree.Write(Convert.FromHexString(id));
        }

        return Object("tree", tree.ToArray());
    }

    public string Tree(params (string Mode, string Name, string Id)[] entries) =>
        RawTree([.. entries.Select(entry => (entry.Mode, Encoding.UTF8.GetBytes(entry.Name), entry.Id))]);

    /// <summary>A commit, with a branch at it.</summary>
    public string Commit(string tree, string? branch = "trunk", params string[] parents)
    {
        var lines = string.Concat(parents.Select(parent => $"parent {parent}\n"));
        var commit = Object(
            "commit",
            Encoding.UTF8.GetBytes($"tree {tree}\n{lines}author Eve <eve@example.org> 1700000000 +0000\ncommitter Eve <eve@example.org> 1700000000 +0000\n\nCommit\n"));
        if (branch is not null) Git("update-ref", $"refs/heads/{branch}", commit);
        return commit;
    }

    /// <summary>A commit with these files.</summary>
    public string Files(string? branch, string[] parents, params (string Name, string Text)[] files) =>
        Commit(Tree([.. files.OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => ("100644", file.Name, Blob(file.Text)))]), branch, parents);

    public string Files(params (string Name, string Text)[] files) => Files("trunk", [], files);

    /// <summary>A commit with one file, however deep.</summary>
    public string File(string path, string text)
    {
        var stream = $"commit refs/heads/trunk\ncommitter Eve <eve@example.org> 1700000000 +0000\ndata 0\nM 100644 inline {path}\ndata {text.Length}\n{text}\n";
        Run(_folder, Encoding.UTF8.GetBytes(stream), "fast-import", "--quiet", "--force");
        return Git("rev-parse", "trunk");
    }

    public string Git(params string[] arguments) => Run(_folder, null, arguments);

    /// <summary>Forgets all commits that no ref leads to.</summary>
    public void Prune()
    {
        Git("reflog", "expire", "--expire=now", "--all");
        Git("gc", "--quiet", "--prune=now");
    }

    public static string Run(string folder, byte[]? input, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(input ?? []);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.TrimEnd('\n')
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"git {string.Join(' ', arguments)} ended with {process.ExitCode}: {error.Result}"));
    }

    private string Object(string type, byte[] bytes) => Run(_folder, bytes, "hash-object", "-t", type, "-w", "--stdin", "--literally");
}
