using System.CommandLine;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Admin;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

/// <summary>The commands as an operator types them, on one database. Disposing removes its folder.</summary>
public sealed class OperatorShell : IDisposable
{
    private OperatorShell(string folder) => Folder = folder;

    /// <summary>The server's data, and room for files.</summary>
    public string Folder { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="rootKey">In base64; null: there is none.</param>
    public static async Task<OperatorShell> OpenAsync(string databaseUrl, string? rootKey)
    {
        var shell = new OperatorShell(Directory.CreateTempSubdirectory("shithub-admin-").FullName);
        await File.WriteAllTextAsync(
            Path.Combine(shell.Folder, "config.toml"),
            $"""
            [server]
            data_root = "{shell.Folder}"
            [database]
            url = "{databaseUrl}"
            {(rootKey is null ? "" : $"[auth]\ntotp_key_b64 = \"{rootKey}\"")}
            """,
            Cancellation);
        return shell;
    }

    /// <summary>Runs <c>shithubd … --output json</c> and expects it to succeed.</summary>
    public async Task<JsonNode?> JsonAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync([.. arguments, "--output", "json"]);
        Assert.Equal((0, ""), (exitCode, error));
        return JsonNode.Parse(output);
    }

    public Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) =>
        InvokeAsync([.. arguments, "--config", Path.Combine(Folder, "config.toml")]);

    /// <summary>Without a configuration.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> InvokeAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await ServerCommandLine.Build().Parse(arguments)
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }

    public async Task<string> FileAsync(string name, string contents)
    {
        var path = Path.Combine(Folder, name);
        await File.WriteAllTextAsync(path, contents, Cancellation);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
