using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Checkout;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Runner.Tests.Fake;

namespace Shithub.Actions.Runner.Tests.Checkout;

/// <summary>
/// Checkouts without containers: a git server with a private repository <c>demo/hello</c>, whose token is the job's, and others that are
/// public; and the runner's own code on the host.
/// </summary>
internal sealed class CheckoutBench : IAsyncDisposable
{
    public static readonly UserIds Steps = new(65534, 65534);
    public static readonly UserIds GitUser = new(65533, 65533);

    private readonly string _root;
    private readonly WebApplication _app;
    private readonly GitHttp _git;
    private int _numbers;

    private CheckoutBench(string root, WebApplication app)
    {
        (_root, _app) = (root, app);
        _git = new GitHttp(Path.Combine(root, "server"), Allows);
        Mirrors = NewMirrors();
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
    }

    public string Root => _root;

    public string MirrorRoot => Path.Combine(_root, "mirrors");

    public string ServerUrl => _app.Urls.First();

    public GitMirrors Mirrors { get; set; }

    /// <summary>What the server has sent.</summary>
    public long BytesSent => _git.BytesSent;

    public int Requests { get; private set; }

    /// <summary>The job's attempt is over.</summary>
    public bool IsTokenDead { get; set; }

    /// <summary>A request for another repository than the job's showed its token.</summary>
    public bool TokenLeaked { get; private set; }

    /// <summary>What a request waits for before it is answered.</summary>
    public SemaphoreSlim? Waits { get; set; }

    /// <summary>A request has come, or waits.</summary>
    public TaskCompletionSource Asked { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Answers instead of git, if it returns true.</summary>
    public Func<HttpContext, Task<bool>> Instead { get; set; } = _ => Task.FromResult(false);

    /// <summary>Ends checkouts that begin from now on.</summary>
    public CancellationToken Cancel { get; set; }

    public long BytesMax { get; set; } = 1L << 30;

    public int FilesMax { get; set; } = 100_000;

    public static async Task<CheckoutBench> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var bench = new CheckoutBench(Directory.CreateTempSubdirectory("shithub-checkout-").FullName, app);
        app.Map("/git/{**path}", bench.ServeAsync);
        await app.StartAsync();
        return bench;
    }

    public GitMirrors NewMirrors(long bytesMax = 1L << 30, TimeSpan? unusedMax = null, TimeProvider? time = null) => new(
        new GitMirrorSettings(MirrorRoot, GitUser, bytesMax, unusedMax ?? TimeSpan.FromDays(1), 1L << 30),
        time ?? TimeProvider.System,
        NullLogger<GitMirrors>.Instance);

    /// <summary>A bare repository of the server, such as <c>demo/hello</c>.</summary>
    public PlumbedRepository Repository(string name) => new(Path.Combine(_root, "server", name + ".git"));

    /// <summary>The job checks out, into a new folder.</summary>
    public async Task<CheckoutOutcome> CheckOutAsync(
        string commit, (string Name, string Value)[]? with = null, string headRef = "refs/heads/trunk")
    {
        var cancellation = Cancel;
        var folder = Path.Combine(_root, $"workspace-{Interlocked.Increment(ref _numbers)}");
        Directory.CreateDirectory(folder);
        JobWorkspace.Give(folder, Steps);
        var job = Job(commit, headRef);
        var report = new LogInMemory();
        var log = new LogStream(report, null, new JobMasks([GitHttp.Token]), TimeProvider.System);
        CheckedOut? result = null;
        string? problem = null;
        try
        {
            var inputs = CheckoutInputs.Read((with ?? []).ToDictionary(input => input.Name, input => input.Value), job);
            foreach (var remark in inputs.Remarks) await log.WriteLineAsync(remark, cancellation);
            var host = new CheckoutHost(Mirrors, BytesMax, FilesMax);
            result = await new GitFetch(job, Steps, host).WriteAsync(inputs, folder, folder, log, cancellation);
        }
        catch (CheckoutException e)
        {
            problem = e.Message;
        }

        await log.DisposeAsync();
        return new CheckoutOutcome(folder, result, problem, report.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        using var bounded = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await JobWorkspace.RemoveFolderAsync(_root, bounded.Token);
    }

    private ClaimedJob Job(string commit, string headRef) => new(
        1, 1, 7, 1, ".shithub/workflows/test.yml", "Test", commit, headRef, "push", JsonDocument.Parse("{}").RootElement, "job", "job",
        ["linux"], [], null, 60, JsonDocument.Parse("{}").RootElement, new Dictionary<string, string>(), [], new Dictionary<string, string>(),
        $"{ServerUrl}/git/demo/hello.git", GitHttp.Token, [], 1, DateTimeOffset.UtcNow.AddSeconds(60), 60, "demo/hello", "olga", ServerUrl);

    private bool Allows(HttpContext http)
    {
        var isOwn = http.Request.Path.StartsWithSegments("/git/demo/hello.git", StringComparison.Ordinal);
        if (!isOwn && http.Request.Headers.Authorization.Count > 0) TokenLeaked = true;
        return isOwn
            ? GitHttp.ShowsToken(http) && !IsTokenDead
            : !http.Request.Path.StartsWithSegments("/git/demo/secret.git", StringComparison.Ordinal);
    }

    private async Task ServeAsync(HttpContext http)
    {
        Requests++;
        Asked.TrySetResult();
        if (Waits is not null) await Waits.WaitAsync(http.RequestAborted);
        if (!await Instead(http)) await _git.HandleAsync(http);
    }
}

/// <param name="Problem">Why it failed, as the author sees it; null if it did not.</param>
internal sealed record CheckoutOutcome(string Folder, CheckedOut? Result, string? Problem, string Log)
{
    /// <summary>What git in a step would say.</summary>
    public string Git(params string[] arguments) => PlumbedRepository.Run(Folder, null, ["-c", "safe.directory=*", .. arguments]);

    public string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    public bool Has(string file) => Path.Exists(Path.Combine(Folder, file));
}
