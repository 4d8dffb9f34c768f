using System.Text;

namespace Shithub.Actions.Protocol.LogScrubbing;

/// <summary>
/// An Aho-Corasick automaton over UTF-8 bytes. It is immutable once built, so that all logs of a job share one.
/// Children are kept as sibling lists, since masks are long chains and a table would take 1 KiB for each of their bytes; the few states
/// with many children have a table. Most of a log never gets as far: <see cref="MaskStarts"/> finds where a mask may begin.
/// </summary>
public sealed class MaskAutomaton
{
    /// <summary>Lines of a multi-line mask shorter than this are not masked by themselves: <c>}</c> would black out half a log.</summary>
    public const int ShortestLine = 4;

    internal const int Root = 0;
    private const int None = -1;

    /// <summary>A state with as many children has a table of them.</summary>
    private const int ChildrenMany = 4;

    /// <summary>4 MiB of tables at most: with the lists behind them the rest is slower, not wrong.</summary>
    private const int TablesMax = 4096;

    private Node[] _nodes = new Node[256];
    private int _count = 1;
    private readonly int[] _rootChildren = new int[256];

    /// <summary>Child by byte, or <see cref="None"/>; a state's <c>Child</c> of -2 and below names its table.</summary>
    private readonly List<int[]> _tables = [];

    /// <param name="masks">
    /// The values to hide. Empty and blank ones are ignored. Of a value with several lines each line is hidden too, since tools
    /// print keys with other line ends or indentation than they were stored with; and so is each in the forms that tools give it: base64,
    /// percent-encoded, as JSON, quoted for a shell (<see cref="MaskForms"/>).
    /// </param>
    public MaskAutomaton(IEnumerable<string> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        _nodes[Root] = new Node { Child = None, Sibling = None };
        var forms = masks.SelectMany(MaskForms.Of).Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes).ToList();
        foreach (var form in forms)
            Add(form);
        LinkSuffixes();
        for (var value = 0; value < 256; value++) _rootChildren[value] = Math.Max(Root, Child(Root, (byte)value));
        MakeTables();
        Starts = new MaskStarts(forms);
    }

    /// <summary>How many states there are: a measure of the memory it takes.</summary>
    public int Nodes => _count;

    /// <summary>Where a mask may begin while the automaton is at its root.</summary>
    internal MaskStarts Starts { get; }

    /// <summary>Whether one of the masks is in the text.</summary>
    /// <param name="goesOn">Then also whether the end of the text begins one.</param>
    public bool IsIn(ReadOnlySpan<byte> text, bool goesOn)
    {
        var (state, sure) = (Root, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (state == Root && i >= sure)
            {
                i = Starts.Next(text, i, out sure);
                if (i == text.Length) break;
            }

            state = Next(state, text[i]);
            if (MatchLength(state) > 0) return true;
        }

        return goesOn && state != Root;
    }

    /// <summary>The state after <paramref name="value"/>: the longest end of the input that begins some mask.</summary>
    internal int Next(int state, byte value)
    {
        while (state != Root)
        {
            var child = Child(state, value);
            if (child != None) return child;
            state = _nodes[state].Suffix;
        }

        return _rootChildren[value];
    }

    /// <summary>
    /// At the end of a mask that no other goes on from, only a shorter end of the input can become one: the mask itself need not be
    /// withheld.
    /// </summary>
    internal int WithoutEnd(int state)
    {
        while (state != Root && _nodes[state].Child == None) state = _nodes[state].Suffix;
        return state;
    }

    /// <summary>How many of the last bytes may still be the beginning of a mask.</summary>
    internal int Depth(int state) => _nodes[state].Depth;

    /// <summary>Length of the longest mask that ends here; 0 if none does.</summary>
    internal int MatchLength(int state) => _nodes[state].MatchLength;

    private int Child(int state, byte value)
    {
        var child = _nodes[state].Child;
        if (child < None) return _tables[-2 - child][value];
        while (child != None && _nodes[child].Value != value) child = _nodes[child].Sibling;
        return child;
    }

    private void MakeTables()
    {
        for (var state = 0; state < _count && _tables.Count < TablesMax; state++)
        {
            var children = 0;
            for (var child = _nodes[state].Child; child != None; child = _nodes[child].Sibling) children++;
            if (children < ChildrenMany) continue;
            var table = new int[256];
            Array.Fill(table, None);
            for (var child = _nodes[state].Child; child != None; child = _nodes[child].Sibling) table[_nodes[child].Value] = child;
            _nodes[state].Child = -2 - _tables.Count;
            _tables.Add(table);
        }
    }

    private void Add(byte[] mask)
    {
        var state = Root;
        foreach (var value in mask)
        {
            var child = Child(state, value);
            if (child == None)
            {
                if (_count == _nodes.Length) Array.Resize(ref _nodes, 2 * _count);
                child = _count++;
                _nodes[child] = new Node { Value = value, Child = None, Sibling = _nodes[state].Child, Depth = _nodes[state].Depth + 1 };
                _nodes[state].Child = child;
            }

            state = child;
        }

        _nodes[state].MatchLength = mask.Length;
    }

    /// <summary>Breadth first, so that a node's suffix, which is shorter, is complete when the node needs it.</summary>
    private void LinkSuffixes()
    {
        var open = new Queue<int>([Root]);
        while (open.TryDequeue(out var state))
        {
            for (var child = _nodes[state].Child; child != None; child = _nodes[child].Sibling)
            {
                ref var node = ref _nodes[child];
                node.Suffix = state == Root ? Root : SuffixOf(_nodes[state].Suffix, node.Value);
                if (node.MatchLength == 0) node.MatchLength = _nodes[node.Suffix].MatchLength;
                open.Enqueue(child);
            }
        }
    }

    private int SuffixOf(int candidate, byte value)
    {
        while (true)
        {
            var child = Child(candidate, value);
            if (child != None) return child;
            if (candidate == Root) return Root;
            candidate = _nodes[candidate].Suffix;
        }
    }

    /// <summary>A value and no object: a long secret has a million of them.</summary>
    private struct Node
    {
        public int Child;
        public int Sibling;
        public int Depth;
        public int Suffix;
        public int MatchLength;
        public byte Value;
    }
}
