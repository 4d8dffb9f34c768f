using Xunit;

namespace Shithub.Actions.Configuration.Tests;

public sealed class RunnerSettingsTests
{
    private const string Runbook = """
        [server]
        base_url = "https://shithub.example"

        [runner]
        token = "<printed-token>"
        labels = ["self-hosted", "linux", "ubuntu-latest", "x64"]
        capacity = 1
        poll_interval = "5s"
        workspace_root = "/var/lib/shithubd-runner/workspaces"
        workspace_ttl = "24h"
        network_allowlist = [
          "api.github.com",
          "auth.docker.io",
          "codeload.github.com",
          "github.com",
          "objects.githubusercontent.com",
          "production.cloudflare.docker.com",
          "registry-1.docker.io",
          "*.githubusercontent.com",
        ]

        [engine]
        kind = "docker"
        default_image = "ghcr.io/shithub/runner-nix:1.0"
        network = "shithub-actions"
        memory = "2g"
        cpus = "2"
        seccomp_profile = "/etc/shithubd-runner/seccomp.json"
        user = "65534:65534"
        pids_limit = 512
        dns_servers = ["172.30.0.1"]
        """;

    private const string Minimal = """
        server.base_url = "https://shithub.example"
        runner.token = "t0ken"
        """;

    [Fact]
    public void The_runbooks_file_is_read_as_it_stands()
    {
        using var given = Given.Toml(Runbook);
        var settings = given.Runner();

        Assert.Equal("https://shithub.example/", settings.Server.BaseUrl.AbsoluteUri);
        Assert.Equal("<printed-token>", settings.Runner.Token.Reveal());
        Assert.Equal(["self-hosted", "linux", "ubuntu-latest", "x64"], settings.Runner.Labels);
        Assert.Equal(1, settings.Runner.Capacity);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Runner.PollInterval);
        Assert.Equal("/var/lib/shithubd-runner/workspaces", settings.Runner.WorkspaceRoot);
        Assert.Equal(TimeSpan.FromDays(1), settings.Runner.WorkspaceTtl);
        Assert.Equal(8, settings.Runner.NetworkAllowlist.Count);
        Assert.Equal(EngineKind.Docker, settings.Engine.Kind);
        Assert.Equal("/var/run/docker.sock", settings.Engine.Socket);
        Assert.Equal("ghcr.io/shithub/runner-nix:1.0", settings.Engine.DefaultImage);
        Assert.Equal("shithub-actions", settings.Engine.Network);
        Assert.Equal(2L << 30, settings.Engine.MemoryBytes);
        Assert.Equal(2m, settings.Engine.Cpus);
        Assert.Equal("/etc/shithubd-runner/seccomp.json", settings.Engine.SeccompProfile);
        Assert.Equal("65534:65534", settings.Engine.User);
        Assert.Equal(512, settings.Engine.PidsLimit);
        Assert.Equal(["172.30.0.1"], settings.Engine.DnsServers);
    }

    [Fact]
    public void Address_and_token_are_enough()
    {
        using var full = Given.Toml(Runbook);
        using var minimal = Given.Toml(Minimal);
        var (expected, settings) = (full.Runner(), minimal.Runner());

        Assert.Equal(expected.Runner.NetworkAllowlist, settings.Runner.NetworkAllowlist);
        Assert.Equal(expected.Engine.DnsServers, settings.Engine.DnsServers);
        Assert.Equal(expected.Engine.MemoryBytes, settings.Engine.MemoryBytes);
        Assert.Equal(expected.Runner.WorkspaceRoot, settings.Runner.WorkspaceRoot);
        Assert.Equal(Environment.MachineName, settings.Runner.Name);
        Assert.Equal(Environment.MachineName, settings.Runner.HostName);
        Assert.Equal(TimeSpan.FromHours(1), settings.Runner.DrainTimeout);
        Assert.Equal(512L << 20, settings.Engine.TmpBytes);
        Assert.Equal(EngineKind.Auto, settings.Engine.Kind);
        Assert.Null(settings.Engine.Socket);
        Assert.Null(settings.Engine.SeccompProfile);
        Assert.Equal(["self-hosted", "linux", "ubuntu-latest"], settings.Runner.Labels.Take(3));
    }

    [Fact]
    public void The_runbooks_command_line_sets_what_it_names()
    {
        using var given = new Given();
        string[] line =
        [
            "--server-url", "https://shithub.example", "--token", "t0ken", "--labels", "self-hosted,linux,ubuntu-latest,x64",
            "--workspace-root", "/srv/work", "--network", "shithub-actions", "--dns-servers", "172.30.0.1",
        ];
        foreach (var pair in line.Chunk(2))
            given.Option(RunnerSettings.Table.Options.Single(option => option.Name == pair[0]).Path, pair[1]);
        var settings = given.Runner();

        Assert.Equal("https://shithub.example/", settings.Server.BaseUrl.AbsoluteUri);
        Assert.Equal(["self-hosted", "linux", "ubuntu-latest", "x64"], settings.Runner.Labels);
        Assert.Equal("/srv/work", settings.Runner.WorkspaceRoot);
    }

    [Fact]
    public void Each_option_has_its_setting()
    {
        Assert.Equal(
            [
                ("--capacity", "runner.capacity"), ("--dns-servers", "engine.dns_servers"), ("--engine", "engine.kind"),
                ("--engine-socket", "engine.socket"), ("--image", "engine.default_image"), ("--labels", "runner.labels"),
                ("--network", "engine.network"), ("--server-url", "server.base_url"), ("--token", "runner.token"),
                ("--token-file", "runner.token_file"), ("--workspace-root", "runner.workspace_root"),
            ],
            RunnerSettings.Table.Options.Select(option => (option.Name, option.Path)).Order());
    }

    [Theory]
    [InlineData("docker", "/var/run/docker.sock")]
    [InlineData("podman", "/run/podman/podman.sock")]
    [InlineData("Podman", "/run/podman/podman.sock")]
    public void The_engines_socket_follows_from_its_kind(string kind, string socket)
    {
        using var given = Given.Toml(Minimal).Option("engine.kind", kind);
        Assert.Equal(socket, given.Runner().Engine.Socket);
        given.Option("engine.socket", "unix:///tmp/engine.sock");
        Assert.Equal("/tmp/engine.sock", given.Runner().Engine.Socket);
    }

    [Fact]
    public void Labels_are_lower_cased_and_each_is_kept_once()
    {
        using var given = Given.Toml(Minimal).Option("runner.labels", "Linux, x64 ,linux,,GPU_1.a-b");
        Assert.Equal(["linux", "x64", "gpu_1.a-b"], given.Runner().Runner.Labels);
    }

    [Theory]
    [InlineData("", "1 to 64 values")]
    [InlineData("a b", "letters, digits, dots, dashes or underscores")]
    [InlineData("größe", "letters, digits, dots, dashes or underscores")]
    public void A_label_that_no_workflow_can_name_is_refused(string labels, string remedy)
    {
        using var given = Given.Toml(Minimal).Option("runner.labels", labels);
        var error = Assert.Single(given.RunnerErrors());
        Assert.StartsWith("--labels: runner.labels is ", error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_at_most_64_labels_of_at_most_100_characters()
    {
        using var given = Given.Toml(Minimal).Option("runner.labels", string.Join(',', Enumerable.Range(1, 64)) + "," + new string('a', 100));
        Assert.Contains("1 to 64 values, not 65", Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
        given.Option("runner.labels", new string('a', 101));
        Assert.Contains("1 to 100", Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
        given.Option("runner.labels", new string('a', 100));
        Assert.Single(given.Runner().Runner.Labels);
    }

    [Theory]
    [InlineData("engine.network", "host", "has no fence")]
    [InlineData("engine.network", "container:web", "name of a network")]
    [InlineData("engine.user", "0:0", "not root's 0")]
    [InlineData("engine.user", "root", "in numbers")]
    [InlineData("engine.dns_servers", "172.30.0.1,resolver", "has the value \"resolver\", which must be an IP address")]
    [InlineData("engine.kind", "dokcer", "did you mean docker?")]
    [InlineData("engine.kind", "1", "must be one of auto, docker, podman")]
    [InlineData("engine.socket", "docker.sock", "begin it with /")]
    [InlineData("engine.default_image", "--privileged", "must be an image reference")]
    [InlineData("engine.seccomp_profile", "unconfined", "begin it with /")]
    [InlineData("engine.memory", "2gg", "write for example \"64k\", \"512m\" or \"2g\"")]
    [InlineData("engine.memory", "1k", "from 32m to 16t")]
    [InlineData("engine.cpus", "two", "for example \"1.5\"")]
    [InlineData("engine.cpus", "0", "from 0.01 to 1024")]
    [InlineData("engine.pids_limit", "0", "from 16 to 1000000")]
    [InlineData("runner.capacity", "many", "must be a whole number from 1 to 1000")]
    [InlineData("runner.capacity", "99999999999999999999", "must be a whole number from 1 to 1000")]
    [InlineData("runner.poll_interval", "5", "write for example \"30s\"")]
    [InlineData("runner.workspace_root", "work", "begin it with /")]
    [InlineData("runner.network_allowlist", "https://github.com", "must be a host name")]
    [InlineData("runner.network_allowlist", "*", "must be a host name")]
    [InlineData("runner.network_subnet", "172.30.0.0/24", "must be an IPv4 address in a subnet of /16 to /29")]
    [InlineData("runner.network_subnet", "172.30.0.1", "must be an IPv4 address in a subnet of /16 to /29")]
    [InlineData("runner.network_subnet", "172.30.0.1/8", "must be an IPv4 address in a subnet of /16 to /29")]
    [InlineData("runner.network_private", "0.0.0.0/0", "a range of /8 or less")]
    [InlineData("runner.upstream_dns", "192.0.2.53#0", "address#port")]
    [InlineData("engine.dns_servers", "192.0.2.53", "the only resolver is that of runner.network_subnet, 172.30.0.1")]
    [InlineData("engine.network_fence", "maybe", "must be one of on, off")]
    [InlineData("server.base_url", "shithub.example", "write for example \"https://shithub.example\"")]
    [InlineData("server.base_url", "ftp://shithub.example", "write for example \"https://shithub.example\"")]
    [InlineData("server.base_url", "https://u:p@shithub.example", "without user")]
    public void A_value_that_cannot_be_meant_is_refused_with_a_remedy(string path, string value, string remedy)
    {
        using var given = Given.Toml(Minimal).Option(path, value);
        var error = Assert.Single(given.RunnerErrors());
        Assert.Contains(path, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
    }
}
