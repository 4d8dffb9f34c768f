using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace Shithub.Actions.Workflows.Yaml;

/// <summary>
/// Takes anchors inside of <c>{ }</c> and <c>[ ]</c> out of the stream of tokens, for whoever builds the nodes: YamlDotNet 16.3 refuses
/// <c>{a: &amp;x 1, b: 2}</c>. Its parser asks for a token only when it is about to make the event of that token, so that the next
/// event of a node after an anchor was taken is the one that the anchor names.
/// </summary>
internal sealed class FlowAnchors(IScanner scanner) : IScanner
{
    private int _depth;

    /// <summary>The anchor that was taken and that no node has got yet.</summary>
    public Anchor? Pending { get; set; }

    public Mark CurrentPosition => scanner.CurrentPosition;

    public Token? Current => scanner.Current;

    public bool MoveNext()
    {
        ConsumeCurrent();
        return MoveNextWithoutConsuming();
    }

    public bool MoveNextWithoutConsuming()
    {
        while (scanner.MoveNextWithoutConsuming())
        {
            if (_depth == 0 || scanner.Current is not Anchor anchor)
                return true;
            if (Pending is not null)
                throw new SemanticErrorException(anchor.Start, anchor.End, "Two anchors before one value.");
            Pending = anchor;
            scanner.ConsumeCurrent();
        }

        return false;
    }

    public void ConsumeCurrent()
    {
        _depth += scanner.Current switch
        {
            FlowMappingStart or FlowSequenceStart => 1,
            FlowMappingEnd or FlowSequenceEnd => -1,
            _ => 0,
        };
        scanner.ConsumeCurrent();
    }
}
