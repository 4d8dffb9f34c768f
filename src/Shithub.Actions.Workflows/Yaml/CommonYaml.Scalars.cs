using System.Text;

namespace Shithub.Actions.Workflows.Yaml;

// Scalars: plain, quoted, and the blocks after '|' and '>'.
internal sealed partial class CommonYaml
{
    private const string Indicators = "?:,[]{}#&*!|>%@`";

    private static readonly System.Buffers.SearchValues<char> EndsPlain = System.Buffers.SearchValues.Create(":#\n\t");
    private static readonly System.Buffers.SearchValues<char> EndsPlainInFlow = System.Buffers.SearchValues.Create(":#\n\t,[]{}");
    private static readonly System.Buffers.SearchValues<char> EndsDoubleQuoted = System.Buffers.SearchValues.Create("\"\\\n");

    private readonly StringBuilder _text = new();

    /// <summary>Reads a scalar of one line, or the first line of a plain one.</summary>
    private YamlScalar? ReadScalar(bool isInFlow) => _source[_at] switch
    {
        '\'' => ReadSingleQuoted(),
        '"' => ReadDoubleQuoted(),
        '-' when IsBlank(_at + 1) || (isInFlow && ",[]{}".Contains(_source[_at + 1])) => null,
        var c when Indicators.Contains(c) => null,
        _ => ReadPlain(isInFlow),
    };

    private YamlScalar? ReadPlain(bool isInFlow)
    {
        var (start, position) = (_at, Position);
        return GoOverPlain(isInFlow) is { } end ? ToScalar(_source[start..end], isPlain: true, start, end, position) : null;
    }

    /// <summary>Goes to what ends the text in this line, and returns where its last character that is no space ends.</summary>
    private int? GoOverPlain(bool isInFlow)
    {
        var start = _at;
        while (true)
        {
            var found = _source.AsSpan(_at).IndexOfAny(isInFlow ? EndsPlainInFlow : EndsPlain);
            _at = found < 0 ? _source.Length : _at + found;
            if (IsAtEnd)
                break;
            var c = _source[_at];
            if (c is '\t' or '[' or '{' || (c == ':' && isInFlow && _at + 1 < _source.Length && ",[]{}".Contains(_source[_at + 1])))
                return null;
            var isText = (c == ':' && !IsBlank(_at + 1)) || (c == '#' && _source[_at - 1] != ' ');
            if (!isText)
                break;
            _at++;
        }

        return start + _source.AsSpan(start, _at - start).TrimEnd(' ').Length;
    }

    /// <summary>Goes on with a plain scalar in the lines below that are indented more than what it is in.</summary>
    private YamlScalar? ReadFurtherLines(YamlScalar first, int indent)
    {
        var end = first.SourceEnd;
        _text.Clear();
        while (!IsAtEnd && _source[_at] == '\n')
        {
            var breaks = 0;
            while (!IsAtEnd && _source[_at] is '\n' or ' ')
            {
                if (_source[_at] == ' ')
                {
                    _at++;
                    continue;
                }

                GoToNextLine();
                breaks++;
            }

            if (IsAtEnd || Column <= indent || _source[_at] == '#')
                break;
            if (_text.Length == 0)
                _text.Append(first.Text);
            _text.Append(breaks == 1 ? ' ' : '\n', Math.Max(1, breaks - 1));
            var start = _at;
            if (GoOverPlain(isInFlow: false) is not { } pieceEnd || IsColon())
                return null;
            _text.Append(_source, start, pieceEnd - start);
            end = pieceEnd;
        }

        if (_text.Length == 0)
            return first;
        _nodes--;
        return ToScalar(_text.ToString(), isPlain: true, first.SourceIndex, end, first.Position);
    }

    private YamlScalar? ReadSingleQuoted()
    {
        var (position, start) = (Position, _at++);
        var hasQuotes = false;
        while (true)
        {
            var found = _source.AsSpan(_at).IndexOfAny('\'', '\n');
            if (found < 0 || _source[_at + found] == '\n')
                return null;
            _at += found + 1;
            if (IsAtEnd || _source[_at] != '\'')
                break;
            hasQuotes = true;
            _at++;
        }

        var text = _source[(start + 1)..(_at - 1)];
        return ToScalar(hasQuotes ? text.Replace("''", "'", StringComparison.Ordinal) : text, isPlain: false, start, _at, position);
    }

    private YamlScalar? ReadDoubleQuoted()
    {
        var (position, start) = (Position, _at++);
        _text.Clear();
        while (true)
        {
            var found = _source.AsSpan(_at).IndexOfAny(EndsDoubleQuoted);
            if (found < 0 || _source[_at + found] == '\n')
                return null;
            _text.Append(_source, _at, found);
            _at += found + 1;
            if (_source[_at - 1] == '"')
                return ToScalar(_text.ToString(), isPlain: false, start, _at, position);
            if (IsAtEnd || Unescape(_source[_at++]) is not { } meant)
                return null;
            _text.Append(meant);
        }
    }

    private static char? Unescape(char c) => c switch
    {
        '\\' or '"' => c,
        'n' => '\n',
        't' => '\t',
        _ => null,
    };

    /// <summary>Reads a scalar after <c>|</c> or <c>&gt;</c> whose first line with text says how far it is indented.</summary>
    private YamlScalar? ReadBlock(int indent)
    {
        var (start, position) = (_at, Position);
        var isFolded = _source[_at++] == '>';
        var chomping = !IsAtEnd && _source[_at] is '-' or '+' ? _source[_at++] : ' ';
        if (!EndsLine())
            return null;
        GoToLineBreak();
        if (IsAtEnd)
            return null;
        GoToNextLine();
        var emptyLines = 0;
        for (; !IsAtEnd && _source[_at] == '\n'; emptyLines++)
            GoToNextLine();
        GoOverSpaces();
        var width = Column;
        if (width <= indent || IsAtEnd || _source[_at] == '\n')
            return null;
        _at = _lineStart;
        ReadBlockLines(width, emptyLines, isFolded, chomping);
        return ToScalar(_text.ToString(), isPlain: false, start, _at, position);
    }

    /// <summary>Collects the lines of a block, and goes to the line after it.</summary>
    private void ReadBlockLines(int width, int emptyLines, bool isFolded, char chomping)
    {
        _text.Clear();
        var (hasBreak, isAfterBlank) = (false, false);
        while (GoIntoBlockLine(width, ref emptyLines))
        {
            // Lines that are indented more keep the breaks around them.
            var isBlank = _source[_at] is ' ' or '\t';
            if (isFolded && hasBreak && !isAfterBlank && !isBlank)
                _text.Append(' ', emptyLines == 0 ? 1 : 0);
            else
                _text.Append('\n', hasBreak ? 1 : 0);
            _text.Append('\n', emptyLines);
            (emptyLines, isAfterBlank) = (0, isBlank);
            var start = _at;
            GoToLineBreak();
            _text.Append(_source, start, _at - start);
            hasBreak = !IsAtEnd;
            if (hasBreak)
                GoToNextLine();
        }

        if (chomping != '-' && hasBreak)
            _text.Append('\n');
        if (chomping == '+')
            _text.Append('\n', emptyLines);
    }

    /// <summary>Goes over empty lines to the text of the block's next line; false where the block ends, at the start of the line after it.</summary>
    private bool GoIntoBlockLine(int width, ref int emptyLines)
    {
        while (!IsAtEnd)
        {
            while (Column < width && !IsAtEnd && _source[_at] == ' ')
                _at++;
            if (!IsAtEnd && _source[_at] == '\n')
            {
                GoToNextLine();
                emptyLines++;
                continue;
            }

            if (Column == width && !IsAtEnd)
                return true;
            _at = _lineStart;
            break;
        }

        return false;
    }
}
