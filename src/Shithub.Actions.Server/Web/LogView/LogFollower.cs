using System.Runtime.CompilerServices;
using Shithub.Actions.Server.Runs;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>Lines that are new to a viewer.</summary>
/// <param name="Log">0 for the job's own log, 1 for that of the first step. Null: all logs begin anew, the viewer's lines are of an earlier attempt.</param>
/// <param name="Cursor">What the viewer has after these.</param>
public readonly record struct LogBatch(int? Log, IReadOnlyList<LogLine> Lines, LogCursor Cursor);

/// <summary>Follows all logs of one job for one viewer, holding no more than a window of one of them.</summary>
/// <param name="start">What the viewer has, or null for nothing.</param>
public sealed class LogFollower(LogNews news, LogCursor? start)
{
    private int _attempt = start?.Attempt ?? -1;
    private LogPosition[] _lines = [.. start?.Positions ?? []];
    // Further than the lines: the beginning of a line that has not ended was read, and is read again when there is more of it.
    private (int Seq, int Offset)[] _read = [.. (start?.Positions ?? []).Select(position => (position.Seq, position.Offset))];

    /// <summary>All lines that are stored now and were not given before.</summary>
    public async IAsyncEnumerable<LogBatch> ReadAsync(JobRow job, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (job.Attempt == 0)
            yield break;
        if (job.Attempt != _attempt)
        {
            _attempt = job.Attempt;
            _lines = [.. Enumerable.Repeat(LogPosition.Start, 1 + job.Steps.Count)];
            _read = new (int, int)[_lines.Length];
            yield return new LogBatch(null, [], Cursor());
        }

        long?[] steps = [null, .. job.Steps.Select(step => (long?)step.Id)];
        foreach (var log in await news.FindAsync(job.Id, _attempt, steps, _read, cancellation))
        {
            var lines = new LineAssembler(_lines[log]);
            _read[log] = (_lines[log].Seq, _lines[log].Offset);
            while (await news.ReadAsync(job.Id, _attempt, steps[log], _read[log].Seq, _read[log].Offset, cancellation) is { Count: > 0 } window)
            {
                foreach (var piece in window)
                {
                    lines.Add(piece.Seq, piece.Offset, piece.Bytes);
                    if (piece.IsLast)
                        lines.EndChunk(piece.Seq, piece.Length);
                    _read[log] = piece.IsLast ? (piece.Seq + 1, 0) : (piece.Seq, piece.Offset + piece.Bytes.Length);
                }

                _lines[log] = lines.Position;
                if (lines.Take() is { Count: > 0 } taken)
                    yield return new LogBatch(log, taken, Cursor());
            }
        }
    }

    private LogCursor Cursor() => new(_attempt, [.. _lines]);
}
