using Microsoft.Playwright;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Tests.Web;
using Xunit;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>One real browser for all tests, started when the first one needs it.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    private readonly Lazy<Task<(IPlaywright Driver, IBrowser Browser)>> _started = new(StartAsync);

    /// <summary>A browser window of its own: own cookies, own size.</summary>
    /// <param name="cookie">A session cookie, or null for a visitor.</param>
    public async Task<IPage> OpenAsync(
        Uri server, string? cookie = null, bool script = true, int width = 1200, int height = 900, ColorScheme scheme = ColorScheme.Light)
    {
        var context = await (await _started.Value).Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.ToString(),
            JavaScriptEnabled = script,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            TimezoneId = "Europe/Berlin",
            Locale = "en-GB",
        });
        context.SetDefaultTimeout(20_000);
        if (cookie is not null)
        {
            await context.AddCookiesAsync([new Cookie
            {
                Name = Sessions.CookieName, Value = cookie, Url = server.ToString(), HttpOnly = true, SameSite = SameSiteAttribute.Lax,
            }]);
        }

        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_started.IsValueCreated)
            return;
        var (driver, browser) = await _started.Value;
        await browser.DisposeAsync();
        driver.Dispose();
    }

    private static async Task<(IPlaywright, IBrowser)> StartAsync()
    {
        if (!File.Exists(Program))
            throw new InvalidOperationException($"The tests of the pages need Chromium at {Program}: sudo apt-get install -y chromium");
        var driver = await Playwright.CreateAsync();
        var browser = await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        });
        return (driver, browser);
    }
}
