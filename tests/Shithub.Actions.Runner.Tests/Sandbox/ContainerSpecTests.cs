using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Sandbox;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

public sealed class ContainerSpecTests
{
    [Fact]
    public async Task The_engine_is_told_what_the_settings_file_says()
    {
        var folder = Directory.CreateTempSubdirectory("shithub-spec-").FullName;
        var profile = Path.Combine(folder, "seccomp.json");
        var file = Path.Combine(folder, "config.toml");
        await File.WriteAllTextAsync(profile, """{"defaultAction":"SCMP_ACT_ERRNO"}""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            file,
            $"""
            [server]
            base_url = "https://shithub.example"
            [runner]
            token = "t"
            [engine]
            kind = "docker"
            default_image = "ghcr.io/shithub/runner-nix:1.0"
            network = "shithub-actions"
            memory = "2g"
            cpus = "1.5"
            seccomp_profile = "{profile}"
            user = "65534:65534"
            pids_limit = 512
            tmp_size = "64m"
            dns_servers = ["172.30.0.1"]
            """,
            TestContext.Current.CancellationToken);
        var settings = RunnerSettings.Load(file, new Dictionary<string, string>(), new Dictionary<string, string>()).Engine;

        var docker = await ContainerSpec.LoadAsync(settings, isPodman: false, "/work", TestContext.Current.CancellationToken);
        var podman = await ContainerSpec.LoadAsync(settings, isPodman: true, "/work", TestContext.Current.CancellationToken);
        var request = docker.ToRequest("/work/1/mount", "/work", 1, 2);

        Assert.Equal("ghcr.io/shithub/runner-nix:1.0", request.Image);
        Assert.Equal("65534:65534", request.User);
        Assert.Equal("/work", request.Labels["shithub.runner"]);
        Assert.Equal("2", request.Labels["shithub.attempt"]);
        var host = request.HostConfig;
        Assert.Equal("shithub-actions", host.NetworkMode);
        Assert.Equal(["/work/1/mount:/github:rw"], host.Binds);
        Assert.Equal(["172.30.0.1"], host.Dns);
        Assert.Equal(["ALL"], host.CapDrop);
        Assert.True(host.ReadonlyRootfs);
        Assert.False(host.Privileged);
        Assert.Equal((2L << 30, 2L << 30), (host.Memory, host.MemorySwap));
        Assert.Equal(1_500_000_000, host.NanoCpus);
        Assert.Equal(512, host.PidsLimit);
        Assert.Contains("size=67108864", host.Tmpfs["/tmp"], StringComparison.Ordinal);
        Assert.Equal(["no-new-privileges", """seccomp={"defaultAction":"SCMP_ACT_ERRNO"}"""], host.SecurityOpt);
        Assert.Equal(["no-new-privileges", $"seccomp={profile}"], podman.ToRequest("/m", "/work", 1, 2).HostConfig.SecurityOpt);
        Directory.Delete(folder, recursive: true);
    }
}
