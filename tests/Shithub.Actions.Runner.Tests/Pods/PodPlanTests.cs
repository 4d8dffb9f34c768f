using Shithub.Actions.Runner.Pods;
using Shithub.Actions.Runner.Sandbox;
using Shithub.Actions.Workflows;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Pods;

/// <summary>What a job may ask for, before any container is made.</summary>
public sealed class PodPlanTests
{
    [Theory]
    [InlineData("postgres:*", "postgres:16", true)]
    [InlineData("postgres", "postgres", true)]
    [InlineData("postgres:latest", "postgres", true)]
    [InlineData("postgres", "postgres:16", false)]
    [InlineData("docker.io/library/*", "postgres:16", true)]
    [InlineData("docker.io/library/*", "acme/postgres:16", false)]
    [InlineData("docker.io/acme/*", "acme/postgres:16", true)]
    [InlineData("ghcr.io/acme/*", "ghcr.io/acme/a/b@sha256:00", true)]
    [InlineData("ghcr.io/acme/*", "ghcr.io/acmeevil/a", false)]
    [InlineData("node:2?", "node:22", true)]
    [InlineData("node:2?", "node:2", false)]
    [InlineData("*", "anything/at:all", true)]
    [InlineData("*:1.0", "a:1.0:1.0", true)]
    public void An_image_is_allowed_if_a_pattern_matches_its_name_as_written_or_in_full(string pattern, string image, bool allowed) =>
        Assert.Equal(allowed, new ImagePolicy([pattern], "default:1").Refuse(image) is null);

    [Fact]
    public void The_default_image_is_always_allowed_and_a_refusal_names_the_setting()
    {
        var policy = new ImagePolicy([], "registry.example/run:1");

        Assert.Null(policy.Refuse("registry.example/run:1"));
        Assert.Contains("engine.images", policy.Refuse("registry.example/run:2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_are_read_as_people_write_them_for_Docker()
    {
        var options = ContainerOptions.Parse(
            """
            --health-cmd "pg_isready -U 'me'" --health-interval=1m30s
            --health-timeout 500ms --health-retries 5 --health-start-period 1.5s --name db --network-alias cache
            """,
            "options");

        Assert.Equal("pg_isready -U 'me'", options.HealthCommand);
        Assert.Equal(TimeSpan.FromSeconds(90), options.HealthInterval);
        Assert.Equal(TimeSpan.FromSeconds(0.5), options.HealthTimeout);
        Assert.Equal(5, options.HealthRetries);
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.HealthStartPeriod);
        Assert.Equal(["cache"], options.Aliases);
        Assert.Contains("--name db has no effect", Assert.Single(options.Remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--privileged", "--privileged is not supported: containers have no privileges here")]
    [InlineData("--user root", "--user is not supported: steps run as the user of engine.user")]
    [InlineData("--network=host", "--network is not supported")]
    [InlineData("-v /:/host", "-v is not supported: write it under 'volumes'")]
    [InlineData("--gpus all", "--gpus is not supported; the options for health checks")]
    [InlineData("--health-cmd", "--health-cmd has no value")]
    [InlineData("--health-interval 10", "'10' is not a duration")]
    [InlineData("--health-retries 0", "'0' is not a whole number")]
    [InlineData("--health-cmd \"a", "a \" that is not closed")]
    [InlineData("--hostname a/b", "'a/b' is not a host name")]
    public void Other_options_are_refused_by_name(string text, string reason) =>
        Assert.Contains(
            reason, Assert.Throws<SandboxException>(() => ContainerOptions.Parse(text, "options")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("5432", "5432:5432/tcp")]
    [InlineData("8080:80", "8080:80/tcp")]
    [InlineData("127.0.0.1:8080:80/tcp", "8080:80/tcp")]
    [InlineData("[::1]::53/udp", "53:53/udp")]
    [InlineData("7000-7001:8000-8001", "7000:8000/tcp 7001:8001/tcp")]
    public void Ports_are_those_of_Docker(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', PortMapping.Parse(text, "ports").Select(port => $"{port.Host}:{port.Container}/{port.Protocol}")));

    [Theory]
    [InlineData("http")]
    [InlineData("70000")]
    [InlineData("1-2:1-3")]
    [InlineData("1-20000:1-20000")]
    [InlineData("54:53/udp")]
    public void What_is_no_port_is_refused(string text) => Assert.Throws<SandboxException>(() => PortMapping.Parse(text, "ports"));

    [Theory]
    [InlineData("/etc:/etc", "a folder of the host")]
    [InlineData("./data:/data", "a folder of the host")]
    [InlineData("data:/github/workspace", "there can be no volume")]
    [InlineData("data:/proc", "there can be no volume")]
    [InlineData("data:/", "there can be no volume")]
    [InlineData("data:/a/../../github", "is not a volume")]
    [InlineData("data:relative", "is not a volume")]
    public void The_host_s_folders_can_not_be_mounted(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<SandboxException>(() => VolumeMount.Parse(text, "volumes")).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_services_that_want_the_same_port_are_told_before_either_is_started()
    {
        var refusal = Assert.Throws<SandboxException>(() => PodPlan.Create(
            new RequestedContainers(null, [Service("one", "5432:5432"), Service("two", "5433:5432")]), new ImagePolicy(["*"], "x")));

        Assert.Contains("'one' and 'two' both use port 5432", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("one network address", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_s_time_to_give_up_is_the_runner_s()
    {
        var options = ContainerOptions.Parse("--health-cmd true --health-interval 5s --health-timeout 1s --health-retries 2 --health-start-period 3s", "");
        var check = HealthCheck.Create(null, options)!;

        Assert.Equal(TimeSpan.FromSeconds(15), check.Patience);
        Assert.InRange(check.PauseAfter(0), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(500));
        Assert.Equal(TimeSpan.FromSeconds(5), check.PauseAfter(1000));
        Assert.Null(HealthCheck.Create(null, ContainerOptions.Parse("", "")));
    }

    private static RequestedContainer Service(string name, string port) => new(
        name, $"jobs.test.services.{name}", "postgres:16", null, new Dictionary<string, string>(), [port], [], "", "", "");
}
