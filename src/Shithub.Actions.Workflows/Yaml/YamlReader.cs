using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Shithub.Actions.Workflows.Yaml;

/// <summary>
/// Builds nodes with positions from YAML events. It stops at the first thing that makes the rest meaningless (bad syntax, a
/// passed limit) and otherwise reports and goes on. Time and memory are bounded by the file's size: an alias costs one
/// reference, and what it would be expanded is counted, not built.
/// </summary>
internal sealed class YamlReader
{
    private static readonly System.Buffers.SearchValues<char> AliasCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly string _source;
    private readonly DiagnosticBag _diagnostics;
    private readonly FlowAnchors _flowAnchors;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode?> _anchors = new(StringComparer.Ordinal);
    private int _nodes;

    private YamlReader(string source, DiagnosticBag diagnostics)
    {
        _source = source;
        _diagnostics = diagnostics;
        _flowAnchors = new FlowAnchors(new Scanner(new StringReader(source), skipComments: true));
        _parser = new Parser(_flowAnchors);
    }

    /// <summary>The document's root, or null where the file has none or cannot be read; then an error is reported.</summary>
    public static YamlNode? Read(string source, DiagnosticBag diagnostics) => CommonYaml.Read(source) ?? ReadAny(source, diagnostics);

    /// <summary>As <see cref="Read(string, DiagnosticBag)"/>, by YamlDotNet, which reads all of YAML and takes several times as long.</summary>
    internal static YamlNode? ReadAny(string source, DiagnosticBag diagnostics) => Read(source, diagnostics, QuotedLines.MaxRepairs);

    private static YamlNode? Read(string source, DiagnosticBag diagnostics, int repairs)
    {
        var before = diagnostics.Count;
        try
        {
            return new YamlReader(source, diagnostics).ReadDocument();
        }
        catch (YamlStoppedException stopped)
        {
            diagnostics.Error(stopped.Code, stopped.Position, DocumentPath.Root, stopped.Message, stopped.Suggestion);
        }
        catch (YamlException exception)
        {
            if (repairs > 0 && diagnostics.Count == before && QuotedLines.Indent(source, exception) is { } indented)
                return Read(indented, diagnostics, repairs - 1);
            YamlErrors.Report(source, exception, diagnostics);
        }

        return null;
    }

    private YamlNode? ReadDocument()
    {
        Expect<StreamStart>();
        if (Next() is not DocumentStart)
        {
            _diagnostics.Error(DiagnosticCodes.Yaml, SourcePosition.Start, DocumentPath.Root, "the file is empty");
            return null;
        }

        var root = ReadNode(Next(), DocumentPath.Root, 1);
        Expect<DocumentEnd>();
        if (Next() is DocumentStart second)
            throw Stopped(DiagnosticCodes.Yaml, second.Start, "a second YAML document starts here; a workflow file has one");
        return root;
    }

    private YamlNode ReadNode(ParsingEvent current, DocumentPath path, int depth)
    {
        if (depth > WorkflowLimits.MaxYamlDepth)
            throw TooDeep(current.Start);

        var flowAnchor = _flowAnchors.Pending?.Value.Value;
        _flowAnchors.Pending = null;
        if (current is AnchorAlias alias)
        {
            return flowAnchor is null
                ? Resolve(alias, depth)
                : throw Stopped(DiagnosticCodes.Yaml, alias.Start, "an alias cannot have an anchor");
        }

        Count(1, current.Start);
        var anchor = current is NodeEvent { Anchor.IsEmpty: false } node ? node.Anchor.Value : flowAnchor;
        if (anchor is not null)
            _anchors[anchor] = null;
        var tagFits = CheckTag(current, path);
        YamlNode result = current switch
        {
            Scalar scalar => ToScalar(scalar, tagFits),
            SequenceStart => ReadSequence(current, path, depth),
            MappingStart => ReadMapping(current, path, depth),
            _ => throw Stopped(DiagnosticCodes.Yaml, current.Start, "this is not YAML"),
        };
        if (anchor is not null)
            _anchors[anchor] = result;
        return result;
    }

    private YamlNode Resolve(AnchorAlias alias, int depth)
    {
        var name = alias.Value.Value;
        if (!_anchors.TryGetValue(name, out var node))
        {
            // Most of them are meant to be patterns.
            var isPattern = name.AsSpan().IndexOfAnyExcept(AliasCharacters) >= 0;
            throw Stopped(
                DiagnosticCodes.Yaml, alias.Start, $"the alias '*{Show(name)}' has no anchor '&{Show(name)}' before it",
                isPattern ? $"write '*{Show(name)}' in quotes if it is a value" : null);
        }

        if (node is null)
            throw Stopped(DiagnosticCodes.Yaml, alias.Start, $"the alias '*{Show(name)}' stands inside the node that it names");
        Count(node.Size, alias.Start);
        if (depth + node.Height - 1 > WorkflowLimits.MaxYamlDepth)
            throw TooDeep(alias.Start);
        return node;
    }

    private YamlScalar ToScalar(Scalar scalar, bool tagFits)
    {
        if (!tagFits)
        {
            // Reported already: what follows finds the text that the author saw, and nothing else wrong with it.
            return new YamlScalar(
                ToPosition(scalar.Start), scalar.Tag.Value + scalar.Value, ScalarKind.String, true, _source, (int)scalar.Start.Index,
                Math.Min((int)scalar.End.Index, _source.Length));
        }

        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        var kind = tag.Length == 0 || scalar.Tag.IsNonSpecific
            ? scalar.Style == ScalarStyle.Plain && tag != "!" ? CoreSchema.Resolve(scalar.Value) : ScalarKind.String
            : tag == "tag:yaml.org,2002:str" ? ScalarKind.String : CoreSchema.Resolve(scalar.Value);
        return new YamlScalar(
            ToPosition(scalar.Start), scalar.Value, kind, scalar.Style == ScalarStyle.Plain, _source,
            (int)scalar.Start.Index, Math.Min((int)scalar.End.Index, _source.Length));
    }

    private YamlSequence ReadSequence(ParsingEvent start, DocumentPath path, int depth)
    {
        var items = new List<YamlNode>();
        var (size, height) = (1, 1);
        for (var current = Next(); !IsEnd<SequenceEnd>(current); current = Next())
        {
            var item = ReadNode(current, path.Index(items.Count), depth + 1);
            items.Add(item);
            size += item.Size;
            height = Math.Max(height, item.Height + 1);
        }

        return new YamlSequence(ToPosition(start.Start), items, size, height);
    }

    private YamlMapping ReadMapping(ParsingEvent start, DocumentPath path, int depth)
    {
        var entries = new List<YamlEntry>();
        Dictionary<string, SourcePosition>? seen = null;
        var (size, height) = (1, 1);
        for (var current = Next(); !IsEnd<MappingEnd>(current); current = Next())
        {
            var keyPosition = ToPosition(current.Start);
            var key = ReadNode(current, path, depth + 1) as YamlScalar;
            var keyPath = key is null ? path : path.Key(key.Text);
            var value = ReadNode(Next(), keyPath, depth + 1);
            size += value.Size + 1;
            height = Math.Max(height, value.Height + 1);

            if (key is null)
            {
                _diagnostics.Error(DiagnosticCodes.Yaml, keyPosition, path, "a key must be a string, not a list or a mapping");
            }
            else if (key is { Text: "<<", IsPlain: true })
            {
                _diagnostics.Error(
                    DiagnosticCodes.Yaml, keyPosition, path, "merge keys ('<<') are not part of the workflow language",
                    "repeat the keys, or use an anchor for the whole value");
            }
            else if (FindEarlier(entries, ref seen, key) is { } earlier)
            {
                _diagnostics.Error(
                    DiagnosticCodes.Duplicate, keyPosition, keyPath,
                    $"the key '{Show(key.Text)}' is already defined on line {earlier.Line}");
            }
            else
            {
                entries.Add(new YamlEntry(key, value));
            }
        }

        return new YamlMapping(ToPosition(start.Start), entries, size, height);
    }

    /// <summary>Where the mapping has the key already. Most mappings are so small that looking costs less than an index.</summary>
    private static SourcePosition? FindEarlier(List<YamlEntry> entries, ref Dictionary<string, SourcePosition>? seen, YamlScalar key)
    {
        const int Few = 8;
        if (entries.Count < Few)
        {
            foreach (var entry in entries)
            {
                if (entry.Key.Text == key.Text)
                    return entry.Key.Position;
            }

            return null;
        }

        seen ??= entries.ToDictionary(entry => entry.Key.Text, entry => entry.Key.Position, StringComparer.Ordinal);
        return seen.TryAdd(key.Text, key.Position) ? null : seen[key.Text];
    }

    private bool IsEnd<T>(ParsingEvent current)
        where T : ParsingEvent
    {
        if (current is not T)
            return false;
        return _flowAnchors.Pending is not { } anchor ? true : throw Stopped(DiagnosticCodes.Yaml, anchor.Start, "an anchor has no value after it");
    }

    /// <summary>Whether the node has no tag, or one that says what the node is anyway; for others there is an error.</summary>
    private bool CheckTag(ParsingEvent current, DocumentPath path)
    {
        if (current is not NodeEvent { Tag.IsEmpty: false } node || node.Tag.IsNonSpecific)
            return true;
        var fits = node.Tag.Value switch
        {
            "tag:yaml.org,2002:map" => current is MappingStart,
            "tag:yaml.org,2002:seq" => current is SequenceStart,
            "tag:yaml.org,2002:str" => current is Scalar,
            "tag:yaml.org,2002:null" => current is Scalar { Value: var text } && CoreSchema.Resolve(text) == ScalarKind.Null,
            "tag:yaml.org,2002:bool" => current is Scalar { Value: var text } && CoreSchema.Resolve(text) == ScalarKind.Boolean,
            "tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" =>
                current is Scalar { Value: var text } && CoreSchema.Resolve(text) == ScalarKind.Number,
            _ => false,
        };
        if (!fits)
        {
            _diagnostics.Error(
                DiagnosticCodes.Yaml, ToPosition(current.Start), path, $"the tag '{Show(node.Tag.Value)}' is not supported here",
                node.Tag.Value.Contains('(', StringComparison.Ordinal) ? "a value that starts with '!' is a tag: write ${{ !… }}, or quotes around it" : null);
        }

        return fits;
    }

    private void Count(int nodes, in Mark at)
    {
        _nodes += nodes;
        if (_nodes > WorkflowLimits.MaxYamlNodes)
        {
            throw Stopped(
                DiagnosticCodes.Limit, at,
                $"the file has more than {WorkflowLimits.MaxYamlNodes} YAML nodes when its aliases are expanded");
        }
    }

    private ParsingEvent Next()
    {
        try
        {
            if (_parser.MoveNext())
                return _parser.Current!;
        }
        catch (Exception exception) when (exception is not (YamlException or OutOfMemoryException))
        {
            // YamlDotNet 16.3 lets others through: ArgumentException for the escape "\UFFFFFFFF", InvalidOperationException for
            // some plain scalars in flow collections. Whatever it is, the file is not YAML, somewhere after the last event.
            throw Stopped(
                DiagnosticCodes.Yaml, _parser.Current?.End ?? Mark.Empty, "this is not YAML from here on", "a '{', a '[' or a quote may not be closed");
        }

        throw new YamlStoppedException(DiagnosticCodes.Yaml, SourcePosition.Start, "the file ends too early");
    }

    private void Expect<T>()
        where T : ParsingEvent
    {
        if (Next() is not T)
            throw Stopped(DiagnosticCodes.Yaml, _parser.Current!.Start, "this is not YAML");
    }

    private static YamlStoppedException TooDeep(in Mark at) =>
        Stopped(DiagnosticCodes.Limit, at, $"more than {WorkflowLimits.MaxYamlDepth} levels of YAML inside each other");

    private static YamlStoppedException Stopped(string code, in Mark at, string message, string? suggestion = null) =>
        new(code, ToPosition(at), message, suggestion);

    private static SourcePosition ToPosition(in Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    /// <summary>A name from the file as a message may show it: short, and on one line.</summary>
    internal static string Show(string text)
    {
        var line = text.AsSpan();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0)
            line = line[..end];
        return line.Length > 60 ? string.Concat(line[..60], "…") : end >= 0 ? string.Concat(line, "…") : text;
    }

    private sealed class YamlStoppedException(string code, SourcePosition position, string message, string? suggestion = null)
        : Exception(message)
    {
        public string Code { get; } = code;

        public string? Suggestion { get; } = suggestion;

        public SourcePosition Position { get; } = position;
    }
}
