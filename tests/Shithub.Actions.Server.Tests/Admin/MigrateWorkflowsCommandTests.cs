using System.CommandLine;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Admin;
using Xunit;

namespace Shithub.Actions.Server.Tests.Admin;

public sealed class MigrateWorkflowsCommandTests : IDisposable
{
    private const string Good = "name: CI\non: push\njobs:\n  a:\n    runs-on: linux\n    steps:\n      - uses: actions/checkout@v2 # the code\n      - run: make\n";
    private const string Migrated = "name: CI\non: push\njobs:\n  a:\n    runs-on: linux\n    steps:\n      - uses: actions/checkout@v4 # the code\n      - run: make\n";
    private const string Refused = "on: push\njobs:\n  a:\n    runs-on: linux\n    steps:\n      - uses: docker/build-push-action@v6\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("shithub-migrate-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_repository_gets_files_of_its_own_and_keeps_GitHubs()
    {
        Write(".github/workflows/ci.yml", Good);
        Write(".github/workflows/notes.md", "no workflow");
        var (exitCode, output, error) = await MigrateAsync();
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            """
            .github/workflows/ci.yml → .shithub/workflows/ci.yml: ready
                 7  changed  'actions/checkout@v2' is the built-in 'actions/checkout@v4'

            Needed beside the files:
              label       linux  (.github/workflows/ci.yml)

            1 file: 1 ready, 0 to be changed by hand, 0 unreadable; 1 written.

            """,
            output);
        Assert.Equal(Migrated, Read(".shithub/workflows/ci.yml"));
        Assert.Equal(Good, Read(".github/workflows/ci.yml"));
        Assert.Equal(["ci.yml"], Directory.GetFiles(Path.Combine(_folder, ".shithub/workflows")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_needs_a_hand_is_2_and_what_is_no_YAML_1()
    {
        Write(".github/workflows/ci.yml", Good);
        Write(".github/workflows/release.yaml", Refused);
        var (exitCode, output, _) = await MigrateAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains(".shithub/workflows/release.yaml: 1 change by hand\n     6  by hand  ", output, StringComparison.Ordinal);
        Assert.Equal(Refused, Read(".shithub/workflows/release.yaml"));

        Write(".github/workflows/broken.yml", "on: [push");
        (exitCode, output, _) = await MigrateAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("broken.yml: unreadable", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, ".shithub/workflows/broken.yml")));
    }

    [Fact]
    public async Task A_dry_run_shows_the_changes_and_writes_nothing()
    {
        Write(".github/workflows/ci.yml", Good);
        var (exitCode, output, _) = await MigrateAsync("--dry-run");
        Assert.Equal(0, exitCode);
        Assert.Contains("+++ .shithub/workflows/ci.yml\n@@ -4,5 +4,5 @@\n", output, StringComparison.Ordinal);
        Assert.Contains("-      - uses: actions/checkout@v2 # the code\n+      - uses: actions/checkout@v4 # the code\n", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, ".shithub")));
    }

    [Fact]
    public async Task Programs_get_JSON()
    {
        Write(".github/workflows/ci.yml", Good);
        Write(".github/workflows/release.yml", Refused);
        var (_, output, _) = await MigrateAsync("--output", "json");
        var report = JsonNode.Parse(output)!;
        Assert.Equal(
            "ci.yml:ready:0 release.yml:by_hand:1",
            string.Join(' ', report["files"]!.AsArray().Select(file => $"{Path.GetFileName((string)file!["target"]!)}:{file["status"]}:{file["changes_by_hand"]}")));
        Assert.Equal("label:linux:2", string.Join(' ', report["needed"]!.AsArray().Select(need => $"{need!["code"]}:{need["subject"]}:{need["files"]!.AsArray().Count}")));
        Assert.Equal(2, report["written"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_file_that_is_there_and_differs_is_overwritten_only_when_asked_for_and_nothing_else_is_written_before()
    {
        Write(".github/workflows/another.yml", Good);
        Write(".github/workflows/ci.yml", Good);
        Write(".shithub/workflows/ci.yml", "mine");
        var (exitCode, _, error) = await MigrateAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("ci.yml is there already and differs", error, StringComparison.Ordinal);
        Assert.Equal("mine", Read(".shithub/workflows/ci.yml"));
        Assert.False(File.Exists(Path.Combine(_folder, ".shithub/workflows/another.yml")));

        Assert.Equal(0, (await MigrateAsync("--force")).ExitCode);
        Assert.Equal(Migrated, Read(".shithub/workflows/ci.yml"));
    }

    [Fact]
    public async Task A_second_time_writes_nothing_nor_does_a_migration_of_what_was_migrated()
    {
        Write(".github/workflows/ci.yml", Good);
        await MigrateAsync();
        Assert.Contains("; 0 written.", (await MigrateAsync()).Output, StringComparison.Ordinal);
        Assert.Contains("; 0 written.", (await MigrateAsync(Path.Combine(_folder, ".shithub/workflows"))).Output, StringComparison.Ordinal);
        Assert.Equal(Migrated, Read(".shithub/workflows/ci.yml"));
    }

    [Fact]
    public async Task A_folder_of_workflow_files_may_be_named_and_another_place_for_the_output()
    {
        Write("loose/ci.yml", Good);
        Assert.Equal(0, (await MigrateAsync(Path.Combine(_folder, "loose"), "--output-dir", Path.Combine(_folder, "out"))).ExitCode);
        Assert.Equal(Migrated, Read("out/.shithub/workflows/ci.yml"));

        Write("repository/.github/workflows/ci.yml", Good);
        Assert.Equal(0, (await MigrateAsync(Path.Combine(_folder, "repository/.github/workflows"))).ExitCode);
        Assert.Equal(Migrated, Read("repository/.shithub/workflows/ci.yml"));
    }

    [Fact]
    public async Task Nothing_is_read_or_written_through_a_link()
    {
        Write("outside/secret.yml", Good);
        Write(".github/workflows/ci.yml", Good);
        File.CreateSymbolicLink(Path.Combine(_folder, ".github/workflows/link.yml"), Path.Combine(_folder, "outside/secret.yml"));
        var (exitCode, output, _) = await MigrateAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains(".github/workflows/link.yml: a link, not followed", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, ".shithub/workflows/link.yml")));

        Directory.Delete(Path.Combine(_folder, ".shithub"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(_folder, ".shithub"), Path.Combine(_folder, "outside"));
        (exitCode, _, var error) = await MigrateAsync("--force");
        Assert.Equal(1, exitCode);
        Assert.Contains(".shithub is a link", error, StringComparison.Ordinal);
        Assert.Equal(["secret.yml"], Directory.GetFileSystemEntries(Path.Combine(_folder, "outside")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_action_that_changes_moves_with_the_files_beside_it()
    {
        const string Action = "name: Tools\nruns:\n  using: composite\n  steps:\n    - uses: actions/setup-go@v5\n    - run: ${{ github.action_path }}/install.sh\n      shell: bash\n";
        Write(".github/actions/tools/action.yml", Action);
        Write(".github/actions/tools/install.sh", "#!/bin/sh\n");
        File.SetUnixFileMode(Path.Combine(_folder, ".github/actions/tools/install.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Write(".github/actions/tools/inner/action.yml", "name: Inner\nruns: {using: composite, steps: [{run: x, shell: sh}]}\n");
        Write(".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    runs-on: linux\n    steps:\n      - uses: ./.github/actions/tools\n      - uses: ./.github/actions/tools/inner\n");
        Assert.Equal(0, (await MigrateAsync()).ExitCode);
        Assert.Contains("uses: ./.shithub/actions/tools\n      - uses: ./.github/actions/tools/inner\n", Read(".shithub/workflows/ci.yml"), StringComparison.Ordinal);
        Assert.Contains("run: go version\n      shell: bash\n", Read(".shithub/actions/tools/action.yml"), StringComparison.Ordinal);
        Assert.True(File.GetUnixFileMode(Path.Combine(_folder, ".shithub/actions/tools/install.sh")).HasFlag(UnixFileMode.UserExecute));
        Assert.False(Directory.Exists(Path.Combine(_folder, ".shithub/actions/tools/inner")));
    }

    [Theory]
    [InlineData("nowhere", "there is no such folder")]
    [InlineData(".", "has no workflow files")]
    public async Task A_folder_that_has_nothing_to_migrate_is_1(string folder, string what)
    {
        var (exitCode, _, error) = await MigrateAsync(Path.Combine(_folder, folder));
        Assert.Equal(1, exitCode);
        Assert.Contains(what, error, StringComparison.Ordinal);
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(_folder, path));

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private Task<(int ExitCode, string Output, string Error)> MigrateAsync(params string[] arguments) =>
        RunAsync(arguments.FirstOrDefault() is { } first && !first.StartsWith('-') ? arguments : [_folder, .. arguments]);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await ServerCommandLine.Build()
            .Parse(["admin", "actions", "migrate", .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Cancellation);
        return (exitCode, output.ToString(), error.ToString());
    }
}
