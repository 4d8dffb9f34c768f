using Shithub.Actions.Runner.Engine;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Engine;

public sealed class OciRuntimeTests
{
    [Theory]
    [InlineData("1.1.11", true, true)]
    [InlineData("1.1.12", false, true)]
    [InlineData("1.2.7", false, true)]
    [InlineData("1.2.8", false, false)]
    [InlineData("1.3.0-rc.1", false, true)]
    [InlineData("1.3.2", false, true)]
    [InlineData("1.3.3", false, false)]
    [InlineData("1.4.0-rc.2", false, true)]
    [InlineData("1.4.0-rc.3", false, false)]
    [InlineData("1.4.0", false, false)]
    [InlineData("2.0.0", false, false)]
    public void Versions_of_runc_with_known_holes_are_warned_about(string version, bool workingDirectory, bool masked)
    {
        var warning = OciRuntime.Read("runc", version)!.Warning() ?? "";

        Assert.Equal(workingDirectory, warning.Contains("CVE-2024-21626", StringComparison.Ordinal));
        Assert.Equal(masked, warning.Contains("CVE-2025-31133", StringComparison.Ordinal));
    }

    [Fact]
    public void A_distributions_package_may_be_patched_and_the_warning_says_so()
    {
        var runtime = OciRuntime.Read("OCI Runtime (runc)", "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev")!;

        Assert.Equal(("runc", "1.1.5+ds1", "1.1.5+ds1-1+deb12u1"), (runtime.Name, runtime.Version, runtime.Package));
        Assert.Contains("1.1.5+ds1-1+deb12u1 may be patched", runtime.Warning(), StringComparison.Ordinal);
        Assert.Null(OciRuntime.Read("OCI Runtime (crun)", "crun version 1.8")!.Warning());
        Assert.Null(OciRuntime.Read("Conmon", "conmon version 2.1.6"));
    }

    [Fact]
    public void An_engine_without_root_is_refused_where_it_can_not_limit_or_fence()
    {
        var rootless = new EngineInfo(false, false, true, "1", true, null);
        Assert.Contains("runs without root and can't limit memory, processes, processors (cgroup v1)", rootless.Refusal("Podman 4.3.1", true), StringComparison.Ordinal);
        var limited = new EngineInfo(true, true, true, "2", null, ["name=seccomp,profile=default", "name=rootless"]);
        Assert.Contains("where this runner's fence does not reach", limited.Refusal("Docker 20.10", true), StringComparison.Ordinal);
        Assert.Null(limited.Refusal("Docker 20.10", false));
        Assert.Null(new EngineInfo(true, true, true, "1", false, []).Refusal("Podman 4.3.1", true));
    }
}
