using System.Diagnostics;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

internal static class Until
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Looks until the condition holds; fails the test when it takes far too long.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Deadline, "The condition did not come true.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The result of something that a signal must bring about.</summary>
    public static Task<T> SignalledAsync<T>(Task<T> task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
