using Microsoft.Playwright;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>
/// The pages in dark and light, on a phone and on a desk. Nothing may stick out to the side. For looking at them:
/// <c>SHITHUB_SCREENSHOTS=folder</c> keeps the pictures.
/// </summary>
public sealed class LookTests(Chromium chromium) : IAsyncLifetime
{
    private const string Deploy = """
        name: Deploy
        on:
          workflow_dispatch:
            inputs:
              target:
                description: Where to deploy
                type: choice
                options: [staging, production]
                required: true
              loud:
                description: Say everything that is done
                type: boolean
              note:
                default: by hand
        jobs:
          deploy:
            runs-on: ubuntu-latest
            steps:
              - run: 'true'
        """;

    private Workbench _bench = null!;
    private string _admin = "";

    public async ValueTask InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        var hello = await _bench.RepositoryAsync("hello");
        await _bench.RepositoryAsync("secret-plans", isPrivate: true);
        using var git = new GitClient();
        await git.InitAsync(GitClient.Url(_bench.BaseUrl, "mona/hello.git", _bench.Token));
        var head = await git.CommitAsync(".shithub/workflows/deploy.yml", Deploy, "Deploy by hand");
        await git.RunAsync("push", "--quiet", "origin", "trunk");
        await git.CommitAsync("whisper.txt", "psst\n", "Whisper, with a title that is long enough to wrap on a phone");
        await git.RunAsync("push", "--quiet", "origin", "HEAD:refs/for/trunk");
        await _bench.Server.Get<Owners>().CreateUserAsync("root", true, TestContext.Current.CancellationToken);
        _admin = await _bench.CookieAsync(await _bench.TokenAsync("root", TokenScopes.Admin, TokenScopes.RepoRead));
        await _bench.RunAsync(hello, [Workbench.Job("green", "ubuntu-latest", "Check out", "Verify checkout", "Smoke")], sha: head);
        var job = await _bench.ClaimAsync();
        await job.LogAsync(null, "Runner runner-1, container engine podman 4.3.1\nLimits verified: memory 2g, cpus 2, pids 512\n");
        for (var i = 0; i < 3; i++)
        {
            await job.StartStepAsync(i);
            await job.LogAsync(i, i == 2 ? "shithub actions smoke passed\n" : "Fetching \u001b[36mdemo/hello\u001b[0m at 4b825dc\n");
            await job.EndStepAsync(i);
        }

        await job.EndAsync();
        await _bench.RunAsync(
            hello, [Workbench.Job("build", "ubuntu-latest", "Check out", "Restore packages", "Build", "Test", "Publish"), Workbench.Job("lint", "ubuntu-latest", "Lint"),
                Workbench.Job("publish", ["ubuntu-latest"], ["build", "lint"], "Publish")],
            "Make the very long title of this commit wrap where it has to, even on the smallest of phones", "Build and test", "feature/whisper-more-softly");
        var second = await _bench.ClaimAsync();
        await second.LogAsync(null, "Runner runner-1\n");
        await second.StartStepAsync(0);
        await second.LogAsync(0, "HEAD is now at 4b825dc\n");
        await second.EndStepAsync(0);
        await second.StartStepAsync(1);
        await second.LogAsync(1, string.Concat(Enumerable.Range(1, 40).Select(i => $"\u001b[32m✓\u001b[0m restored package number {i}\n"))
            + "\u001b[1;33mwarning:\u001b[0m a package is old\n\u001b[41m error \u001b[0m but not fatal \u001b[7minverse\u001b[0m \u001b[2mdim\u001b[0m\nprogress  10%\rprogress  80%\u0007");
        await _bench.RunAsync(hello, [Workbench.Job("nope", "windows-latest", "echo should-not-run")], "Run it on the other thing", "Unsupported runner label", @event: "workflow_dispatch");
        await _bench.RunAsync(hello, [], "Break the workflow", "Broken", diagnostics:
        [
            new Diagnostic(DiagnosticSeverity.Error, "unknown-key", "Unknown key 'runs_on' in a job", ".shithub/workflows/broken.yml", 6, 5, "jobs.green.runs_on", "did you mean 'runs-on'?"),
            new Diagnostic(DiagnosticSeverity.Warning, "never-fires", "The event 'gollum' never happens here", ".shithub/workflows/broken.yml", 3, 3, "on.gollum", null),
        ]);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1200, ColorScheme.Light)]
    [InlineData(1200, ColorScheme.Dark)]
    public async Task Every_page_fits_its_window(int width, ColorScheme scheme)
    {
        var page = await chromium.OpenAsync(_bench.BaseUrl, _admin, width: width, scheme: scheme);
        (string Name, string Path)[] pages =
        [
            ("home", "/"), ("repository", "/mona/hello"), ("runs", "/mona/hello/actions"), ("green", "/mona/hello/actions/runs/1"),
            ("running", "/mona/hello/actions/runs/2"), ("waiting", "/mona/hello/actions/runs/3"), ("broken", "/mona/hello/actions/runs/4"),
            ("dispatch", "/mona/hello/actions/dispatch"), ("login", "/login"), ("missing", "/mona/nothing"),
            ("pulls", "/mona/hello/pulls"), ("pull", "/mona/hello/pulls/1"), ("checks", "/mona/hello/pulls/1/checks"), ("audit", "/-/audit"),
        ];
        foreach (var (name, path) in pages)
        {
            await page.GotoAsync(path);
            await KeepAsync(page, $"{name}-{width}-{scheme.ToString().ToLowerInvariant()}");
            var overhang = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overhang <= 0, $"{path} sticks out by {overhang} pixels at a width of {width}.");
            // A row that has lost a column squeezes its words into what was meant for an icon.
            var narrowest = await page.EvaluateAsync<int>("Math.min(9999, ...[...document.querySelectorAll('.row .what')].map(what => what.clientWidth))");
            Assert.True(narrowest >= 150, $"A row of {path} has {narrowest} pixels for its words at a width of {width}.");
        }

        await page.Context.CloseAsync();
    }

    private static async Task KeepAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SHITHUB_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}
