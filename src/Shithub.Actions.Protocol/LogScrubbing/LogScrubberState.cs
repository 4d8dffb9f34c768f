namespace Shithub.Actions.Protocol.LogScrubbing;

/// <summary>Where a <see cref="LogScrubber"/> stands between two chunks.</summary>
/// <param name="Held">Withheld bytes, in clear.</param>
/// <param name="Covered">How many of the first of them are covered by a mask that began earlier.</param>
/// <param name="InRun">The last byte written belonged to a covered run, whose stars are written already.</param>
public sealed record LogScrubberState(ReadOnlyMemory<byte> Held, int Covered, bool InRun);
