using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Admin;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

public sealed class EvalCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("shithub-eval-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<(int ExitCode, string Output, string Error)> InvokeAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await ServerCommandLine.Parse(["admin", "actions", "eval", .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }

    private async Task<(int ExitCode, string Output, string Error)> EvalAsync(string expression, string contexts)
    {
        var file = Path.Combine(_folder, "contexts.json");
        await File.WriteAllTextAsync(file, contexts, Cancellation);
        return await InvokeAsync(expression, "--contexts", file);
    }

    [Theory]
    [InlineData("github.ref", "String", "\"refs/heads/main\"")]
    [InlineData("${{ shithub.ref }}", "String", "\"refs/heads/main\"")]
    [InlineData("on ${{ github.ref }}", "String", "\"on refs/heads/main\"")]
    [InlineData("fruits.*.name", "Array", "[\"apple\",\"pear\"]")]
    [InlineData("github", "Object", "{\"ref\":\"refs/heads/main\"}")]
    [InlineData("github.none", "Null", "null")]
    [InlineData("1e21", "Number", "1E+21")]
    [InlineData("-0", "Number", "0")]
    [InlineData("NaN", "Number", "\"NaN\"")]
    [InlineData("", "Null", "null")]
    [InlineData("format('echo {0} ${{A}}', github.ref)", "String", "\"echo refs/heads/main ${A}\"")]
    [InlineData("'${{ github.ref }}'", "String", "\"${{ github.ref }}\"")]
    [InlineData("-Infinity", "Number", "\"-Infinity\"")]
    [InlineData("failure() && !success() && !cancelled() && always()", "Boolean", "true")]
    public async Task Every_top_level_name_of_the_file_is_a_context(string expression, string kind, string value)
    {
        var (exitCode, output, error) = await EvalAsync(
            expression, """{"github": {"ref": "refs/heads/main"}, "fruits": [{"name": "apple"}, {"name": "pear"}], "job": {"status": "failure"}}""");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal($$"""{"kind":"{{kind}}","value":{{value}}}""", JsonNode.Parse(output)!.ToJsonString());
    }

    [Theory]
    [InlineData("github.ref ==", "expression:1:14: error: the expression ends too early")]
    [InlineData("${{ 1 + 2 }}", "expression:1:7: error: unexpected '+' in the expression")]
    [InlineData("1 == fromJSON('')", "expression:1:6: error: 'fromJSON' got an empty string")]
    [InlineData("@github.ref", "expression:1:1: error: unexpected '@'")]
    [InlineData("${{ }}", "expression:1:4: error: there is no expression between '${{' and '}}'")]
    [InlineData("env.A", "expression:1:1: error: there is no context 'env'; available here: github, shithub")]
    [InlineData("githb.ref", "expression:1:1: error: there is no context 'githb'; did you mean 'github'?")]
    [InlineData("hashFiles('../x')", "expression:1:1: error: the pattern '../x' of 'hashFiles' has a segment '.' or '..'")]
    public async Task An_expression_that_is_wrong_is_said_with_its_column(string expression, string message)
    {
        var (exitCode, output, error) = await EvalAsync(expression, """{"shithub": {}}""");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"github": {}, "shithub": {}}""")]
    [InlineData("""{"a": "\ud800"}""")]
    public async Task Contexts_that_cannot_be_read_are_wrong_usage(string contexts)
    {
        var (exitCode, output, error) = await EvalAsync("1", contexts);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("contexts.json can't be read", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_wrong_usage_and_no_file_means_no_contexts()
    {
        Assert.Equal(1, (await InvokeAsync("1", "--contexts", Path.Combine(_folder, "none"))).ExitCode);
        Assert.Equal(0, (await InvokeAsync("1")).ExitCode);
        Assert.Equal(2, (await InvokeAsync("github.ref")).ExitCode);
    }

    [Fact]
    public async Task Files_are_hashed_through_links_that_stay_in_the_folder_and_no_others()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "inside.lock"), "in", Cancellation);
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        File.CreateSymbolicLink(Path.Combine(_folder, "a.lock"), "inside.lock");
        File.CreateSymbolicLink(Path.Combine(_folder, "b.lock"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(_folder, "c.lock"), "nothing");
        File.CreateSymbolicLink(Path.Combine(_folder, "d.lock"), "folder");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "out"), "/etc");
        var hash = FileHash.Compute(["**/*.lock", "out/passwd"], FolderFiles.Of(_folder), _folder, Cancellation);
        var one = SHA256.HashData("in"u8);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. one, .. one])), hash);
        Assert.Equal("", FileHash.Compute(["none/x", "folder"], FolderFiles.Of(_folder), _folder, Cancellation));
    }
}
