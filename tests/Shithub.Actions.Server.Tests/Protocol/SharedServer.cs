using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>
/// One server for the tests of a class, which keep apart by repositories and labels of their own. Its clock stands still, so that what
/// wakes a waiting call is a signal and no lease is swept but by the test.
/// </summary>
public sealed class SharedServer : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Server = await TestServer.StartAsync(new StoppedTime(), ("runners.max_retries", "3"));

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}
