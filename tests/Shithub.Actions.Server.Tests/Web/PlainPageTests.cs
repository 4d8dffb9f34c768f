using Microsoft.Playwright;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>Real pages in a real browser: without a script, with the keyboard, and with text that would like to be more than text.</summary>
public sealed class PlainPageTests(Chromium chromium) : IAsyncLifetime
{
    private const string Attack = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>'\"><b>&amp;";

    private Workbench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await Workbench.StartAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Without_a_script_the_page_shows_everything_and_its_buttons_work()
    {
        await _bench.RunAsync(await _bench.RepositoryAsync("hello", isPrivate: true), [Workbench.Job("green", "ubuntu-latest", "Smoke")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.LogAsync(0, "shithub actions smoke passed\n");
        var page = await chromium.OpenAsync(_bench.BaseUrl, script: false);

        // From nothing to the cancelled run, with forms and links only.
        await page.GotoAsync("/mona/hello");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Not found");
        await page.Locator("main a.button >> text=Sign in").ClickAsync();
        await page.Locator("#token").FillAsync(_bench.Token);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".tabs >> text=Actions").ClickAsync();
        await page.Locator("text=Teach the greeter to whisper").ClickAsync();
        await Assertions.Expect(page.Locator("#log-1")).ToContainTextAsync("shithub actions smoke passed");
        await Assertions.Expect(page.Locator("text=Load it now")).ToBeVisibleAsync();
        Assert.Contains("<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>", await page.ContentAsync(), StringComparison.Ordinal);
        await page.Locator("text=Cancel run").ClickAsync();
        await Assertions.Expect(page.Locator("#job")).ToContainTextAsync("Cancelling");
        await job.EndAsync("cancelled");
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#run")).ToContainTextAsync("cancelled");
        await page.Locator("text=Sign out").ClickAsync();
        await Assertions.Expect(page.Locator(".who")).ToHaveTextAsync("Sign in");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Text_from_outside_stays_text()
    {
        var repo = await _bench.RepositoryAsync("hello");
        await _bench.RunAsync(
            repo, [new TestJob("evil", Attack, ["ubuntu-latest"], [], new TestStep(Attack, "true")), Workbench.Job("waits", Attack, "x")],
            Attack, Attack, Attack);
        await _bench.RunAsync(repo, [], diagnostics: [new Diagnostic(DiagnosticSeverity.Error, "yaml", Attack, Attack, 1, 1, "", Attack)]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.LogAsync(0, Attack + "\n\u001b[31m" + Attack + "\u001b]8;;javascript:window.pwned=1\u001b\\link\u001b]8;;\u001b\\\n");
        var page = await chromium.OpenAsync(_bench.BaseUrl, await _bench.CookieAsync(_bench.Token));
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                complaints.Add(message.Text);
        };
        page.Dialog += (_, dialog) => complaints.Add(dialog.Message);
        await page.GotoAsync("/mona/hello/actions/runs/1");
        // What the script puts into the page is under the same rules.
        await job.LogAsync(0, Attack + "\n");
        await Assertions.Expect(page.Locator("#L1-3 > span")).ToHaveTextAsync(Attack);
        await Assertions.Expect(page.Locator("#L1-2 > span")).ToHaveTextAsync(Attack + "link");
        await Assertions.Expect(page.Locator("h1 bdi")).ToHaveTextAsync(Attack);
        await Assertions.Expect(page.Locator("#job h2 bdi")).ToHaveTextAsync(Attack);
        await Assertions.Expect(page.Locator("#run .ref")).ToHaveTextAsync("refs/heads/" + Attack);
        await Assertions.Expect(page.Locator(".jobs li").Nth(1)).ToContainTextAsync("labels: " + Attack);
        await job.EndStepAsync(0);
        await Assertions.Expect(page.Locator("#step-head-1 .name")).ToHaveTextAsync(Attack);
        await Assertions.Expect(page.Locator("#step-head-1 .icon.good")).ToBeVisibleAsync();
        foreach (var path in (string[])["", "?workflow=" + Uri.EscapeDataString(Attack), "/runs/1", "/runs/2"])
        {
            await page.GotoAsync("/mona/hello/actions" + path);
            Assert.Equal(0, await page.Locator("img, main script, main b").CountAsync());
        }

        await page.GotoAsync("/login?return_to=" + Uri.EscapeDataString("/" + Attack));
        Assert.Equal(0, await page.Locator("img, main script, main b").CountAsync());
        Assert.False(await page.EvaluateAsync<bool>("'pwned' in window"));
        Assert.Empty(complaints);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_link_to_a_line_opens_the_log_around_it()
    {
        await _bench.RunAsync(await _bench.RepositoryAsync("hello"), [Workbench.Job("green", "ubuntu-latest", "Count")]);
        var job = await _bench.ClaimAsync();
        await job.StartStepAsync(0);
        await job.LogAsync(0, string.Concat(Enumerable.Range(1, 500).Select(n => $"line {n}\n")));
        await job.EndStepAsync(0);
        await job.EndAsync();
        var page = await chromium.OpenAsync(_bench.BaseUrl);
        await page.GotoAsync("/mona/hello/actions/runs/1");
        Assert.False(await page.Locator("#step-1").EvaluateAsync<bool>("step => step.open"));
        await page.GotoAsync("/mona/hello/actions/runs/1#L1-250");
        await Assertions.Expect(page.Locator("#L1-250")).ToBeInViewportAsync();
        // And by keyboard: the step's line is focusable and opens with Enter.
        await page.GotoAsync("/mona/hello/actions/runs/1");
        await page.Locator("#step-head-1").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#L1-1")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_workflow_is_started_from_a_form_with_the_inputs_it_declares()
    {
        await _bench.RepositoryAsync("hello", isPrivate: true);
        using var git = new GitClient();
        await git.InitAsync(GitClient.Url(_bench.BaseUrl, "mona/hello.git", _bench.Token));
        await git.CommitAsync(".shithub/workflows/deploy.yml", """
            name: Deploy
            on:
              workflow_dispatch:
                inputs:
                  target:
                    description: Where to
                    type: choice
                    options: [staging, production]
                    required: true
                  loud:
                    type: boolean
                  count:
                    type: number
                    default: 3
            jobs:
              deploy:
                runs-on: windows-latest
                steps:
                  - run: echo "${{ inputs.target }}"
            """, "Deploy by hand");
        await git.RunAsync("push", "--quiet", "origin", "trunk");
        var page = await chromium.OpenAsync(_bench.BaseUrl, await _bench.CookieAsync(_bench.Token), script: false);
        await page.GotoAsync("/mona/hello/actions");
        await page.Locator("text=Run workflow").ClickAsync();
        await page.Locator("label:has-text('Where to') + select").SelectOptionAsync("production");
        await page.Locator("[name='input.loud']").SelectOptionAsync("true");
        await page.Locator("[name='input.count']").FillAsync("many");
        await page.Locator("main >> button:has-text('Run workflow')").ClickAsync();
        await Assertions.Expect(page.Locator("[role=alert]")).ToContainTextAsync("must be a number");
        await Assertions.Expect(page.Locator("[name='input.target']")).ToHaveValueAsync("production");
        await Assertions.Expect(page.Locator("[name='input.count']")).ToHaveValueAsync("many");
        await page.Locator("[name='input.count']").FillAsync("4");
        await page.Locator("main >> button:has-text('Run workflow')").ClickAsync();
        await Assertions.Expect(page.Locator("#run")).ToContainTextAsync("Triggered via workflow_dispatch");
        await Assertions.Expect(page.Locator("#job")).ToContainTextAsync("Waiting for runner with labels: windows-latest");
        Assert.Equal("""{"loud": true, "count": 4, "target": "production"}""", await _bench.QueryAsync<string>("select inputs::text from workflow_runs"));
        await page.GotoAsync("/mona/hello/actions/dispatch?ref=nowhere");
        await Assertions.Expect(page.Locator(".empty")).ToContainTextAsync("There is no branch or tag nowhere");
        await page.Context.CloseAsync();
    }
}
