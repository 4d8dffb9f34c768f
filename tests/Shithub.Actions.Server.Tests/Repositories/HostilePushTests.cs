using System.Diagnostics;
using System.Text;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Repositories;

/// <summary>What nobody may push, so that no client ever gets it from here.</summary>
public sealed class HostilePushTests : IAsyncLifetime
{
    private GitHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await GitHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("40000", ".git")]
    [InlineData("40000", ".GIT")]
    [InlineData("40000", "git~1")]
    [InlineData("40000", ".git\u200c")]
    [InlineData("40000", "..")]
    [InlineData("100644", "a/b")]
    [InlineData("120000", ".gitmodules")]
    public async Task A_tree_with_an_entry_that_means_something_to_git_or_the_system_is_refused(string mode, string name)
    {
        var client = await _host.ClientAsync(_host.Public, _host.Writer);
        var inner = mode == "40000" ? await client.RunAsync("rev-parse", "HEAD^{tree}") : await client.RunAsync("rev-parse", "HEAD:README.md");
        var tree = Write(client, "tree", [.. Encoding.UTF8.GetBytes($"{mode} {name}\0"), .. Convert.FromHexString(inner)]);
        var pushed = await client.TryAsync("push", "origin", $"{await client.RunAsync("commit-tree", "-m", "evil", tree)}:refs/heads/evil");

        Assert.NotEqual(0, pushed.ExitCode);
        Assert.Contains("remote:", pushed.Error, StringComparison.Ordinal);
        Assert.Empty(await _host.EventsAsync(_host.Public));
    }

    [Theory]
    [InlineData("url = --upload-pack=touch")]
    [InlineData("url = ../x\n\tpath = -x")]
    [InlineData("url = ../x\n\tupdate = !touch /tmp/x")]
    public async Task A_gitmodules_file_that_attacks_old_clients_is_refused(string lines)
    {
        var client = await _host.ClientAsync(_host.Public, _host.Writer);
        await client.CommitAsync(".gitmodules", $"[submodule \"x\"]\n\t{lines}\n", "evil");
        Assert.NotEqual(0, (await client.TryAsync("push", "origin", "trunk")).ExitCode);
    }

    private static string Write(GitClient client, string type, byte[] bytes)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["hash-object", "-t", type, "-w", "--stdin", "--literally"])
        {
            WorkingDirectory = client.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        git.StandardInput.BaseStream.Write(bytes);
        git.StandardInput.Close();
        return git.StandardOutput.ReadToEnd().Trim();
    }
}
