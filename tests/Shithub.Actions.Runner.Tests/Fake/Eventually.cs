using System.Diagnostics;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>Waits for what happens in another process or thread without a signal, up to a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task BecomesAsync<T>(T expected, Func<Task<T>> look)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var found = await look();
            if (Equals(found, expected)) return;
            if (waited.Elapsed > Patience) Assert.Equal(expected, found);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
