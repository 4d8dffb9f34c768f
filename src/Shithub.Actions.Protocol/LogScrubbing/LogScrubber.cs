using System.Buffers;

namespace Shithub.Actions.Protocol.LogScrubbing;

/// <summary>
/// Hides masked values in a stream of bytes. However the stream is cut into chunks, the output is the same: each longest run of
/// bytes that are covered by masks, overlapping or touching, becomes one <c>***</c>. Bytes that may be the beginning of a mask are
/// withheld until that is decided, at most as many as the longest mask has. Not safe for use by several threads at once.
/// </summary>
public sealed class LogScrubber(MaskAutomaton masks)
{
    private readonly ArrayBufferWriter<byte> _held = new();

    /// <summary>Covered stretches of the withheld bytes, in order, neither overlapping nor touching; positions in the whole stream.</summary>
    private readonly List<(long Start, long End)> _covered = [];

    private MaskAutomaton _masks = masks;
    private long _heldStart;
    private int _state;
    private bool _inRun;

    public LogScrubber(IEnumerable<string> masks)
        : this(new MaskAutomaton(masks))
    {
    }

    /// <summary>How many times <c>***</c> was written.</summary>
    public long Replacements { get; private set; }

    /// <summary>How many bytes are withheld because a mask may begin with them.</summary>
    public int Held => _held.WrittenCount;

    /// <summary>
    /// Goes on with more masks: <paramref name="masks"/> must hide all that the present ones hide. They hold for what is withheld and
    /// for what comes; what was written already stays as it is.
    /// </summary>
    public void Use(MaskAutomaton masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (ReferenceEquals(masks, _masks)) return;
        _masks = masks;
        Reread();
    }

    /// <summary>Takes the next chunk and writes what is decided by now.</summary>
    public void Write(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (TryPass(chunk))
            output.Write(chunk);
        else
            WriteDecided(output);
    }

    /// <summary>Takes the next chunk, without a copy of one in which there is nothing to hide.</summary>
    /// <returns>True: the chunk as it is is what is decided by now. False: that is to be had from <see cref="WriteDecided"/>.</returns>
    public bool TryPass(ReadOnlySpan<byte> chunk)
    {
        var position = _heldStart + _held.WrittenCount;
        var sure = 0;
        for (var i = 0; i < chunk.Length; i++)
        {
            if (_state == MaskAutomaton.Root && i >= sure)
            {
                i = _masks.Starts.Next(chunk, i, out sure);
                if (i == chunk.Length) break;
            }

            _state = _masks.Next(_state, chunk[i]);
            var match = _masks.MatchLength(_state);
            if (match == 0) continue;
            Cover(position + i + 1 - match, position + i + 1);
            _state = _masks.WithoutEnd(_state);
        }

        if (_state == MaskAutomaton.Root && _held.WrittenCount == 0 && _covered.Count == 0)
        {
            _heldStart += chunk.Length;
            _inRun &= chunk.IsEmpty;
            return true;
        }

        _held.Write(chunk);
        return false;
    }

    /// <summary>Writes what is decided by now, after a chunk that <see cref="TryPass"/> did not let pass.</summary>
    public void WriteDecided(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Release(_held.WrittenCount - _masks.Depth(_state), output);
    }

    /// <summary>The stream is at its end, or pauses where no mask may reach across: writes what was withheld.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Release(_held.WrittenCount, output);
        _state = MaskAutomaton.Root;
        _inRun = false;
    }

    /// <summary>
    /// What another scrubber with the same masks needs to go on from here. It holds withheld bytes in clear: do not store it
    /// where the log itself must not hold a secret.
    /// </summary>
    public LogScrubberState Save() => new(
        _held.WrittenSpan.ToArray(),
        _covered.Count > 0 && _covered[0].Start <= _heldStart ? (int)(_covered[0].End - _heldStart) : 0,
        _inRun);

    /// <summary>Goes on where <see cref="Save"/> was called. Only for a scrubber that has taken nothing yet.</summary>
    public void Restore(LogScrubberState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (_heldStart > 0 || _held.WrittenCount > 0)
            throw new InvalidOperationException("A scrubber that has taken bytes cannot be restored to another one's state.");

        // A mask that reaches into the withheld bytes began before them.
        if (state.Covered > 0) Cover(-1, state.Covered);
        _held.Write(state.Held.Span);
        _inRun = state.InRun;
        Reread();
    }

    /// <summary>
    /// The withheld bytes are by definition the automaton's state: reading them again gives it back, and the masks within them. What
    /// a mask that began before them covers stays covered.
    /// </summary>
    private void Reread()
    {
        _covered.RemoveAll(stretch => stretch.Start >= _heldStart);
        _state = MaskAutomaton.Root;
        var position = _heldStart;
        foreach (var value in _held.WrittenSpan)
        {
            _state = _masks.Next(_state, value);
            position++;
            var match = _masks.MatchLength(_state);
            if (match == 0) continue;
            Cover(position - match, position);
            _state = _masks.WithoutEnd(_state);
        }
    }

    private void Cover(long start, long end)
    {
        while (_covered.Count > 0 && _covered[^1].End >= start)
        {
            start = Math.Min(start, _covered[^1].Start);

            // Only while bytes are read again can an earlier cover reach further than a later one.
            end = Math.Max(end, _covered[^1].End);
            _covered.RemoveAt(_covered.Count - 1);
        }

        _covered.Add((start, end));
    }

    /// <summary>Writes the first <paramref name="count"/> withheld bytes, with stars for the covered ones.</summary>
    private void Release(int count, IBufferWriter<byte> output)
    {
        if (count == 0) return;
        var held = _held.WrittenSpan;
        var done = 0;
        var used = 0;
        foreach (var (start, end) in _covered)
        {
            var from = (int)Math.Clamp(start - _heldStart, 0, count);
            var to = (int)Math.Clamp(end - _heldStart, 0, count);
            if (from == to) break;
            if (from > done)
            {
                output.Write(held[done..from]);
                _inRun = false;
            }

            if (!_inRun)
            {
                output.Write("***"u8);
                Replacements++;
                _inRun = true;
            }

            done = to;
            if (end - _heldStart <= count) used++;
        }

        if (count > done)
        {
            output.Write(held[done..count]);
            _inRun = false;
        }

        _covered.RemoveRange(0, used);
        var rest = held[count..].ToArray();
        _held.ResetWrittenCount();
        _held.Write(rest);
        _heldStart += count;
    }
}
