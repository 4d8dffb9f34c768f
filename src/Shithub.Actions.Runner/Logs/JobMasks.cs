using System.Buffers;
using System.Text;
using Shithub.Actions.Protocol.LogScrubbing;

namespace Shithub.Actions.Runner.Logs;

/// <summary>
/// What no log of the job shows: the values the claim names, and those that steps add while they run (<c>::add-mask::</c>), which hold
/// in all logs of the job from then on.
/// </summary>
internal sealed class JobMasks
{
    /// <summary>Each value added builds the automaton anew, so that the product of these two bounds the work.</summary>
    private const int AddedMax = 500;

    private const int AddedBytesMax = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly List<string> _values;
    private readonly HashSet<string> _added = new(StringComparer.Ordinal);
    private readonly List<string> _addedInOrder = [];
    private int _addedBytes;

    public JobMasks(IEnumerable<string> values)
    {
        _values = [.. values];
        Current = new MaskAutomaton(_values);
    }

    public MaskAutomaton Current { get; private set; }

    /// <summary>Values that steps added, without the first <paramref name="count"/> of them.</summary>
    public IReadOnlyList<string> AddedAfter(int count)
    {
        lock (_gate)
            return count == _addedInOrder.Count ? [] : _addedInOrder[count..];
    }

    /// <summary>Whether a text has something in it that a log would not show.</summary>
    public bool AreIn(string text) => Scrub(text).Replacements > 0;

    /// <summary>The text as a log would show it.</summary>
    public string Hide(string text)
    {
        var (replacements, shown) = Scrub(text);
        return replacements == 0 ? text : Encoding.UTF8.GetString(shown.WrittenSpan);
    }

    private (long Replacements, ArrayBufferWriter<byte> Shown) Scrub(string text)
    {
        var scrubber = new LogScrubber(Current);
        var shown = new ArrayBufferWriter<byte>();
        scrubber.Write(Encoding.UTF8.GetBytes(text), shown);
        scrubber.Flush(shown);
        return (scrubber.Replacements, shown);
    }

    /// <returns>False if there are too many: then nothing is added.</returns>
    public bool Add(params IEnumerable<string> values)
    {
        lock (_gate)
        {
            var fresh = values.Where(value => !string.IsNullOrWhiteSpace(value) && !_added.Contains(value)).Distinct().ToList();
            if (fresh.Count == 0) return true;
            var bytes = fresh.Sum(Encoding.UTF8.GetByteCount);
            if (_added.Count + fresh.Count > AddedMax || _addedBytes + bytes > AddedBytesMax) return false;
            _added.UnionWith(fresh);
            _addedBytes += bytes;
            _values.AddRange(fresh);
            _addedInOrder.AddRange(fresh);
            Current = new MaskAutomaton(_values);
            return true;
        }
    }
}
