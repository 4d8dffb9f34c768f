using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Pods;

/// <summary>Jobs with containers of their choice and services, in real containers. The runner's own image plays the services.</summary>
public sealed class ServiceTests(ServiceTests.AllowingRunner shared) : IClassFixture<ServiceTests.AllowingRunner>
{
    /// <summary>A server that says who it is, at a port, after a while.</summary>
    private const string Greeter = """
        use IO::Socket;
        select(undef, undef, undef, $ENV{DELAY} // 0);
        my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die "port $ENV{PORT}: $!";
        print STDERR "listening\n";
        while (my $client = $server->accept) { print $client "$ENV{GREETING} from uid $<\n"; close $client }
        """;

    private FakeServer Server => shared.Server;

    [Fact]
    public async Task Steps_reach_a_service_by_its_name_and_at_localhost_once_it_is_healthy()
    {
        var job = Enqueue(
            """
            { "web": {
                "image": "localhost/shithub/runner:1", "entrypoint": "perl", "command": "-e '$SCRIPT'",
                "env": { "PORT": 8000, "GREETING": "hello ${{ github.actor }}", "DELAY": 1 },
                "ports": ["8000:8000", "8081:8000"],
                "options": "--health-cmd \"bash -c '</dev/tcp/localhost/8000'\" --health-interval 1s --hostname other"
            } }
            """,
            FakeServer.Script(
                """
                for address in web/8000 other/8000 localhost/8000 localhost/8081; do cat < /dev/tcp/$address; done
                echo '${{ job.services.web.ports['8000'] }} ${{ job.services.web.network == job.container.network }}'
                """));

        Assert.Equal("success", await job.ConclusionAsync());
        var hello = "hello olga from uid 0\n";
        Assert.Equal($"{hello}{hello}{hello}{hello}8000 true\n", job.Log(0));
        Assert.Matches(@"Service web: image localhost/shithub/runner:1, sha256:[0-9a-f]{64}, healthy after [1-9]\.[0-9] s", job.Log(null));
        Assert.Equal([(null, PodmanFixture.Image), ("web", PodmanFixture.Image)], job.Images.Select(image => (image.Service, image.Image!)));
        Assert.All(job.Images, image => Assert.Matches(@"\Asha256:[0-9a-f]{64}\z", image.Digest));
        await Eventually.BecomesAsync("", shared.Runner.ContainersAsync);
    }

    [Fact]
    public async Task A_service_that_ends_or_does_not_become_healthy_fails_the_job_with_what_it_wrote()
    {
        var ended = Enqueue(
            """
            { "db": { "image": "localhost/shithub/runner:1", "entrypoint": "sh", "command": "-c 'echo no disk >&2; exit 4'",
                      "options": "--health-cmd true" } }
            """,
            FakeServer.Script("echo never"));
        var ill = Enqueue(
            """
            { "db": { "image": "localhost/shithub/runner:1", "entrypoint": "sh", "command": "-c 'echo starting; sleep 100'",
                      "options": "--health-cmd 'echo not yet; exit 1' --health-interval 200ms --health-timeout 3s --health-retries 1" } }
            """,
            FakeServer.Script("echo never"));

        Assert.Equal("failure", await ended.ConclusionAsync());
        Assert.Contains("The service 'db' ended with exit code 4", ended.Log(null), StringComparison.Ordinal);
        Assert.Contains("db | no disk\n", ended.Log(null), StringComparison.Ordinal);
        Assert.Equal("failure", await ill.ConclusionAsync());
        Assert.Contains("was not healthy within 3 s; its health check last said: exit code 1, not yet", ill.Log(null), StringComparison.Ordinal);
        Assert.Contains("db | starting\n", ill.Log(null), StringComparison.Ordinal);
        Assert.Equal("queued", ill.Step(0));
        await Eventually.BecomesAsync("", shared.Runner.ContainersAsync);
    }

    [Fact]
    public async Task What_a_service_wrote_is_in_the_log_of_a_job_that_failed()
    {
        var job = Enqueue(
            """{ "web": { "image": "localhost/shithub/runner:1", "entrypoint": "sh", "command": "-c 'echo query refused; sleep 100'" } }""",
            FakeServer.Script("sleep 0.3; exit 1"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains("web | query refused\n", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_may_step_down_and_write_its_own_files_and_no_more()
    {
        var job = Enqueue(
            """
            { "db": { "image": "localhost/shithub/runner:1", "entrypoint": "sh", "volumes": ["shared:/shared", "/data"],
                      "command": "-c 'exec > /shared/report 2>&1; grep -E \"CapEff|NoNewPrivs|Seccomp:\" /proc/self/status; touch /etc/written && echo wrote; chown 7 /data && echo gave; setpriv --reuid 7 --clear-groups id -u; grep -q \" /data tmpfs\" /proc/mounts && echo in memory; mount -t tmpfs x /mnt 2> /dev/null || echo no mount; ls -A /github; echo the end; touch /shared/done; sleep 100'",
                      "options": "--health-cmd 'test -e /shared/done' --health-interval 1s" } }
            """,
            job => job with { Container = JsonDocument.Parse("""{"image": "localhost/shithub/other:1", "volumes": ["shared:/mine:ro"], "env": {"FROM": "container"}}""").RootElement },
            FakeServer.Script("cat /mine/report; echo $FROM; touch /mine/x 2>&1 || echo read-only; id -u"));

        Assert.Equal("success", await job.ConclusionAsync());
        var report = job.Log(0);
        Assert.Contains("NoNewPrivs:\t1\n", report, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2\n", report, StringComparison.Ordinal);
        Assert.Contains("CapEff:\t00000000000004eb\n", report, StringComparison.Ordinal);
        Assert.Contains("wrote\ngave\n7\n", report, StringComparison.Ordinal);
        // The job's files are not the service's.
        Assert.Contains("in memory\nno mount\nthe end\n", report, StringComparison.Ordinal);
        Assert.EndsWith("container\ntouch: cannot touch '/mine/x': Read-only file system\nread-only\n65534\n", report, StringComparison.Ordinal);
        Assert.Matches(@"Container: image localhost/shithub/other:1, sha256:[0-9a-f]{64}\n", job.Log(null));
    }

    [Fact]
    public async Task A_job_can_not_reach_another_s_service()
    {
        var serving = Enqueue(
            $$"""
            { "web": { "image": "localhost/shithub/runner:1", "entrypoint": "perl", "command": "-e '$SCRIPT'", "env": { "PORT": 8000, "GREETING": "secret" },
                       "options": "--health-cmd \"bash -c '</dev/tcp/localhost/8000'\"" } }
            """,
            FakeServer.Script("hostname -i; cat < /dev/tcp/$(hostname -i)/8000; until [ -e stop ]; do sleep 0.1; done"));
        await Eventually.BecomesAsync(2, () => Task.FromResult(serving.Log(0).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        var address = serving.Log(0).Split('\n')[0].Trim();
        var other = Server.Enqueue($"timeout 3 bash -c 'cat < /dev/tcp/{address}/8000' || echo out of reach");

        Assert.Equal("success", await other.ConclusionAsync());
        Assert.Contains("Fence: other jobs out of reach", other.Log(null), StringComparison.Ordinal);
        Assert.EndsWith("out of reach\n", other.Log(0), StringComparison.Ordinal);
        serving.Cancel();
        Assert.Equal("cancelled", await serving.ConclusionAsync());
    }

    [Fact]
    public async Task What_is_not_allowed_is_said_before_anything_starts()
    {
        var image = Enqueue("""{ "db": { "image": "docker.io/library/postgres:16" } }""", FakeServer.Script("echo never"));
        var tainted = Enqueue(
            """{ "db": { "image": "localhost/shithub/runner:1", "options": "--health-cmd '${{ github.event.title }}'" } }""",
            job => job with
            {
                Contexts = new ClaimedContexts(JsonDocument.Parse("""{"github": {"event": {"title": "x'; evil"}}}""").RootElement, ["/github/event"]),
            },
            FakeServer.Script("echo never"));
        var missing = Enqueue("""{ "db": { "image": "localhost/shithub/missing:1" } }""", FakeServer.Script("echo never"));

        Assert.Equal("failure", await image.ConclusionAsync());
        Assert.Contains("jobs.job.services.db: image docker.io/library/postgres:16 is not allowed", image.Log(null), StringComparison.Ordinal);
        Assert.Contains("engine.images", image.Log(null), StringComparison.Ordinal);
        Assert.Equal("failure", await tainted.ConclusionAsync());
        Assert.Contains("jobs.job.services.db.options comes from the event", tainted.Log(null), StringComparison.Ordinal);
        Assert.Equal("failure", await missing.ConclusionAsync());
        Assert.Contains("Pulling image localhost/shithub/missing:1\n", missing.Log(null), StringComparison.Ordinal);
        Assert.Contains("Image localhost/shithub/missing:1 is not there and can't be pulled", missing.Log(null), StringComparison.Ordinal);
    }

    private FakeJob Enqueue(string services, params ClaimedStep[] steps) => Enqueue(services, job => job, steps);

    private FakeJob Enqueue(string services, Func<ClaimedJob, ClaimedJob> change, params ClaimedStep[] steps)
    {
        var script = JsonEncodedText.Encode(Greeter.ReplaceLineEndings(" ")).ToString();
        return Server.Enqueue(
            job => change(job with { Services = JsonDocument.Parse(services.Replace("$SCRIPT", script, StringComparison.Ordinal)).RootElement }), steps);
    }

    public sealed class AllowingRunner : IAsyncLifetime
    {
        internal FakeServer Server { get; private set; } = null!;

        internal RunningRunner Runner { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var podman = await PodmanFixture.GetAsync();
            await podman.PodmanAsync("tag", PodmanFixture.Image, "localhost/shithub/other:1");
            Server = await FakeServer.StartAsync();
            Runner = await RunningRunner.StartAsync(Server, ("engine.images", "localhost/shithub/*"), ("runner.capacity", "2"));
        }

        public async ValueTask DisposeAsync()
        {
            await Runner.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
