using System.CommandLine;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Admin;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

public sealed class PlanCommandTests : IDisposable
{
    private const string Workflow = """
        name: CI
        on: {push: {branches: [trunk]}, workflow_dispatch: {inputs: {level: {type: number}}}}
        jobs:
          test:
            runs-on: ${{ matrix.os }}
            strategy: {matrix: {os: [a, b]}}
            steps: [{run: "echo ${{ secrets.KEY }} ${{ vars.FLAG }}"}]
          deploy:
            needs: test
            if: github.event.head_commit.message == 'ship it'
            uses: ./.shithub/workflows/deploy.yml
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("shithub-plan-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public PlanCommandTests()
    {
        Write(".shithub/workflows/ci.yml", Workflow);
        Write(".shithub/workflows/deploy.yml", "on: workflow_call\njobs: {push: {runs-on: c, steps: [{run: x}]}}");
        Write("ship.json", """{"head_commit": {"message": "ship it"}}""");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task People_see_what_runs_and_why_not()
    {
        var (exitCode, output, error) = await PlanAsync("--event", "push", "--ref", "trunk");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            """
            CI: push on refs/heads/trunk
            ● test[0]  test (a)  [a]
                reads the secrets KEY
                reads the variables FLAG
            ● test[1]  test (b)  [b]
                reads the secrets KEY
                reads the variables FLAG
            ○ deploy  deploy  calls ./.shithub/workflows/deploy.yml  ← test  skipped
                because github.event.head_commit.message == 'ship it' is false (github.event.head_commit.message is null)

            """,
            output);
    }

    [Fact]
    public async Task Programs_get_JSON_and_called_workflows_are_followed()
    {
        var (exitCode, output, _) = await PlanAsync(
            "--event", "push", "--ref", "refs/heads/trunk", "--payload", Path.Combine(_folder, "ship.json"), "--output", "json");
        Assert.Equal(0, exitCode);
        var plan = JsonNode.Parse(output)!;
        Assert.True((bool)plan["triggered"]!);
        Assert.Equal(
            "test[0]:run:a test[1]:run:b deploy:run: deploy/push:run:c",
            string.Join(' ', plan["jobs"]!.AsArray().Select(job => $"{job!["id"]}:{job["status"]}:{string.Join(',', job["runs_on"]!.AsArray())}")));
    }

    [Fact]
    public async Task An_event_that_starts_nothing_is_said_and_is_no_error()
    {
        var (exitCode, output, _) = await PlanAsync("--event", "push", "--ref", "other");
        Assert.Equal(0, exitCode);
        Assert.Contains("does not start the workflow", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "level", "--event", "workflow_dispatch", "--input", "level=high")]
    [InlineData(1, "NAME=VALUE", "--var", "nonsense")]
    [InlineData(1, "can't be read", "--payload", "/nowhere.json")]
    public async Task What_is_wrong_is_named(int exitCode, string what, params string[] arguments)
    {
        var result = await PlanAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(what, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_that_would_be_refused_is_2()
    {
        Write(".shithub/workflows/ci.yml", "on: push\njobs: {a: {uses: ./.shithub/workflows/none.yml}}");
        var (exitCode, _, error) = await PlanAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains("there is no file '.shithub/workflows/none.yml'", error, StringComparison.Ordinal);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private async Task<(int ExitCode, string Output, string Error)> PlanAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await ServerCommandLine.Build()
            .Parse(["admin", "actions", "plan", Path.Combine(_folder, ".shithub/workflows/ci.yml"), .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }
}
