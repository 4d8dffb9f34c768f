using Shithub.Actions.Runner.Tests.Fake;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Escape;

/// <summary>An engine with a runner whose workspaces are small, and a file on the host that no step may see.</summary>
public abstract class EscapeEngine(bool docker) : IAsyncLifetime
{
    internal const int WorkspaceInodes = 3000;

    internal FakeServer Server { get; private set; } = null!;

    internal RunningRunner Runner { get; private set; } = null!;

    internal string Canary { get; } = $"/tmp/shithub-canary-{Guid.NewGuid():N}";

    internal string CanaryText { get; } = Guid.NewGuid().ToString();

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Canary, CanaryText);
        Server = await FakeServer.StartAsync();
        Runner = await StartAsync(Server);
    }

    internal async Task<RunningRunner> StartAsync(FakeServer server, params (string, string)[] more) =>
        await RunningRunner.StartAsync(server, [.. await OptionsAsync(), .. more]);

    internal async Task<(string Path, string Value)[]> OptionsAsync()
    {
        var podman = await PodmanFixture.GetAsync();
        var daemon = docker ? await DockerFixture.GetAsync() : null;
        return
        [
            ("engine.kind", docker ? "docker" : "podman"), ("engine.socket", daemon?.Socket ?? podman.Socket),
            ("runner.workspace_root", daemon?.NewWorkspaceRoot() ?? podman.NewWorkspaceRoot()),
            ("engine.network", daemon is null ? podman.Network : $"st{Guid.NewGuid().ToString("N")[..8]}"), ("engine.workspace_bytes", "64m"), ("engine.workspace_inodes", $"{WorkspaceInodes}"), ("engine.home_size", "16m"), ("engine.tmp_size", "16m"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await Runner.DisposeAsync();
        await Server.DisposeAsync();
        File.Delete(Canary);
        GC.SuppressFinalize(this);
    }
}

public sealed class EscapePodman() : EscapeEngine(docker: false);

public sealed class EscapeDocker() : EscapeEngine(docker: true);
