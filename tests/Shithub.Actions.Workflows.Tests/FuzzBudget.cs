using System.Diagnostics;
using System.Globalization;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// How long a fuzz test goes on: 3 s, or <c>SHITHUB_FUZZ_SECONDS</c> to look for more. <c>SHITHUB_FUZZ_SEED</c> repeats the run
/// whose failure printed it.
/// </summary>
internal sealed class FuzzBudget
{
    private readonly TimeSpan _length;
    private readonly long _start = Stopwatch.GetTimestamp();

    private FuzzBudget(TimeSpan length) => _length = length;

    public bool HasTime => Stopwatch.GetElapsedTime(_start) < _length && !TestContext.Current.CancellationToken.IsCancellationRequested;

    public static Random Start(out int seed, out FuzzBudget budget)
    {
        seed = Setting("SHITHUB_FUZZ_SEED") ?? Random.Shared.Next();
        budget = new FuzzBudget(TimeSpan.FromSeconds(Setting("SHITHUB_FUZZ_SECONDS") ?? 3));
        return new Random(seed);
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
