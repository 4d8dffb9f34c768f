using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Sandbox;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

public sealed class FenceTests
{
    /// <summary>What the script prints where everything holds.</summary>
    private const string Sound = """
        Uid:65534 65534 65534 65534
        Gid:65534 65534 65534 65534
        Groups:65534
        CapInh:0000000000000000
        CapPrm:0000000000000000
        CapEff:0000000000000000
        CapBnd:0000000000000000
        CapAmb:0000000000000000
        NoNewPrivs:1
        Seccomp:2
        root:ro,relatime,lowerdir=/x
        tmp:tmpfs
        home:tmpfs
        memory:268435456
        pids:64
        cpu:200000 100000
        bash:yes
        """;

    private static readonly EngineSettings Settings = RunnerSettings.Load(
        "/dev/null",
        new Dictionary<string, string>(),
        new Dictionary<string, string>
        {
            ["server.base_url"] = "http://localhost",
            ["runner.token"] = "t",
            ["engine.memory"] = "256m",
            ["engine.pids_limit"] = "64",
            ["engine.cpus"] = "2",
        }).Engine;

    [Fact]
    public void A_sound_fence_has_no_holes()
    {
        var fence = Fence.Read(Sound, Settings);
        Assert.Empty(fence.Holes);
        Assert.True(fence.HasBash);
    }

    [Theory]
    [InlineData("Uid:65534 65534 65534 65534", "Uid:0 0 0 0", "uid 0")]
    [InlineData("Uid:65534 65534 65534 65534", "Uid:65534 0 65534 65534", "uid 65534 0")]
    [InlineData("Gid:65534 65534 65534 65534", "Gid:0 0 0 0", "gid 0")]
    [InlineData("Groups:65534", "Groups:65534 27", "more groups")]
    [InlineData("CapEff:0000000000000000", "CapEff:00000000a80425fb", "CapEff")]
    [InlineData("CapBnd:0000000000000000", "CapBnd:00000000a80425fb", "CapBnd")]
    [InlineData("NoNewPrivs:1", "NoNewPrivs:0", "no-new-privileges")]
    [InlineData("Seccomp:2", "Seccomp:0", "seccomp")]
    [InlineData("root:ro,relatime,lowerdir=/x", "root:rw,relatime,lowerdir=/ro", "writable")]
    [InlineData("tmp:tmpfs", "tmp:overlay", "/tmp")]
    [InlineData("memory:268435456", "memory:max", "memory")]
    [InlineData("memory:268435456", "memory:9223372036854771712", "memory")]
    [InlineData("pids:64", "pids:max", "processes")]
    [InlineData("cpu:200000 100000", "cpu:max 100000", "processors")]
    [InlineData("cpu:200000 100000", "cpu:-1 100000", "processors")]
    [InlineData("bash:yes", "socket:/var/run/docker.sock", "socket")]
    public void A_hole_is_named(string holds, string found, string named)
    {
        var hole = Assert.Single(Fence.Read(Sound.Replace(holds, found, StringComparison.Ordinal), Settings).Holes);
        Assert.Contains(named, hole, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_not_found_does_not_hold()
    {
        var lines = Sound.Split('\n').Where(line => line != "bash:yes").ToList();
        Assert.All(lines, line => Assert.NotEmpty(Fence.Read(Sound.Replace(line, "", StringComparison.Ordinal), Settings).Holes));
    }
}
