using Xunit;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>One server, one repository and one runner for all tests of a class that need nothing special of them.</summary>
public sealed class SharedRunner : IAsyncLifetime
{
    private readonly TestRepository _repository = new();

    internal FakeServer Server { get; private set; } = null!;

    internal RunningRunner Runner { get; private set; } = null!;

    internal TestRepository Repository => _repository;

    public async ValueTask InitializeAsync()
    {
        Server = await FakeServer.StartAsync(_repository.Root);
        Runner = await RunningRunner.StartAsync(Server);
    }

    public async ValueTask DisposeAsync()
    {
        await Runner.DisposeAsync();
        await Server.DisposeAsync();
        _repository.Dispose();
    }
}
