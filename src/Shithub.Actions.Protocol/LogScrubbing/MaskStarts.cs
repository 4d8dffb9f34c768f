using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Shithub.Actions.Protocol.LogScrubbing;

/// <summary>
/// Finds where in a text a mask may begin, without looking at every byte: four bytes at every <c>stride</c>-th place are looked up in a
/// bitmap that has all of each mask's first groups of four, so that whatever begins between two places shows at the second. It may say
/// that a mask begins where none does, never the other way round. With a mask too short for groups it looks for first bytes instead.
/// </summary>
internal sealed class MaskStarts
{
    private const int Group = 4;
    private const int StrideMax = 4;

    /// <summary>Bits for each group: at this density one lookup in 32 is wrong.</summary>
    private const int BitsPerGroup = 32;

    /// <summary>4 KiB to 128 KiB: in the caches nearest to the core.</summary>
    private const int BitsLogMin = 15;

    private const int BitsLogMax = 20;

    private readonly SearchValues<byte>? _firstBytes;
    private readonly ulong[] _bitmap = [];
    private readonly int _shift;
    private readonly int _stride;

    public MaskStarts(IReadOnlyCollection<byte[]> masks)
    {
        var shortest = masks.Count == 0 ? 0 : masks.Min(mask => mask.Length);
        _stride = Math.Min(StrideMax, shortest - Group + 1);
        if (_stride < 1)
        {
            _firstBytes = SearchValues.Create([.. masks.Select(mask => mask[0]).Distinct()]);
            return;
        }

        var wanted = BitOperations.Log2((uint)Math.Min(masks.Count, int.MaxValue / BitsPerGroup / StrideMax) * (uint)(BitsPerGroup * _stride)) + 1;
        var bitsLog = Math.Clamp(wanted, BitsLogMin, BitsLogMax);
        _shift = 32 - bitsLog;
        _bitmap = new ulong[1 << (bitsLog - 6)];
        foreach (var mask in masks)
        {
            for (var offset = 0; offset < _stride; offset++)
            {
                var slot = Slot(MemoryMarshal.Read<uint>(mask.AsSpan(offset)));
                _bitmap[slot >> 6] |= 1UL << (int)(slot & 63);
            }
        }
    }

    /// <summary>The first place from <paramref name="start"/> on at which a mask may begin: none begins before it.</summary>
    /// <param name="sure">The automaton has to read up to here, even if it is at its root earlier.</param>
    /// <returns>The text's length when none begins in it.</returns>
    public int Next(ReadOnlySpan<byte> text, int start, out int sure)
    {
        if (_firstBytes is not null)
        {
            var next = text[start..].IndexOfAny(_firstBytes);
            sure = next < 0 ? text.Length : start + next + 1;
            return next < 0 ? text.Length : start + next;
        }

        ref var first = ref MemoryMarshal.GetReference(text);
        ref var bitmap = ref MemoryMarshal.GetArrayDataReference(_bitmap);
        var (stride, shift) = (_stride, _shift);
        var place = start + stride - 1;
        var last = text.Length - Group;
        for (; place <= last; place += stride)
        {
            // Within the text: place + 4 <= its length.
            var slot = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, place)) * Multiplier >> shift;
            if ((Unsafe.Add(ref bitmap, slot >> 6) >> (int)(slot & 63) & 1) != 0)
            {
                sure = place + 1;
                return place - stride + 1;
            }
        }

        // What begins in the rest may go on in the next chunk.
        sure = text.Length;
        return Math.Min(place - stride + 1, text.Length);
    }

    private const uint Multiplier = 0x9E3779B1;

    private uint Slot(uint group) => group * Multiplier >> _shift;
}
