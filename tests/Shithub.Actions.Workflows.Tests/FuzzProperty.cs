using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// A property that FsCheck tries on inputs of its making for as long as <see cref="FuzzBudget"/> says. A failure has the smallest input that
/// was found, and the seed that repeats the run with <c>SHITHUB_FUZZ_SEED</c>.
/// </summary>
internal static class FuzzProperty
{
    /// <summary>Inputs between two looks at the clock.</summary>
    private const int Batch = 50;

    public static void Hold<T>(Gen<T> inputs, Func<T, IEnumerable<T>> shrink, Action<T> check)
    {
        FuzzBudget.Start(out var seed, out var budget);
        for (var round = 0UL; budget.HasTime; round++)
        {
            // An odd gamma is what FsCheck's generator asks for.
            var replay = new Replay(new Rnd((ulong)(uint)seed + round, 1UL), FSharpOption<int>.None);
            try
            {
                Prop.ForAll(Arb.From(inputs, shrink), check)
                    .Check(Config.QuickThrowOnFailure.WithMaxTest(Batch).WithEndSize(Batch).WithQuietOnSuccess(true).WithReplay(FSharpOption<Replay>.Some(replay)));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>The same list with one element less: enough for FsCheck to find what a failure needs.</summary>
    public static IEnumerable<T[]> WithoutOne<T>(T[] elements) =>
        Enumerable.Range(0, elements.Length).Select(left => elements.Where((_, index) => index != left).ToArray());
}
