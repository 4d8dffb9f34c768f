using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Configuration.Toml;

/// <summary>Walks over a document character by character and knows line and column.</summary>
internal sealed class TomlCursor(string text)
{
    public const char End = '\uFFFF';

    private int _offset;
    private int _line = 1;
    private int _column = 1;

    public bool AtEnd => _offset >= text.Length;

    public TomlPosition Position => new(_line, _column);

    /// <summary>The character here, or <see cref="End"/>; ask <see cref="AtEnd"/> where a U+FFFF in the text matters.</summary>
    public char Current => Peek(0);

    public char Peek(int ahead) => _offset + ahead < text.Length ? text[_offset + ahead] : End;

    public bool At(string expected) => string.CompareOrdinal(text, _offset, expected, 0, expected.Length) == 0;

    /// <summary>At LF or CRLF. A bare carriage return is no line end in TOML.</summary>
    public bool AtNewline => Current == '\n' || (Current == '\r' && Peek(1) == '\n');

    public void Advance(int count = 1)
    {
        for (; count > 0; count--)
        {
            var passed = text[_offset++];
            if (passed == '\n')
                (_line, _column) = (_line + 1, 1);
            else if (!char.IsLowSurrogate(passed))
                _column++;
        }
    }

    public bool Take(char expected)
    {
        if (AtEnd || Current != expected)
            return false;
        Advance();
        return true;
    }

    public void SkipSpaces()
    {
        while (Current is ' ' or '\t')
            Advance();
    }

    public void TakeNewline() => Advance(Current == '\r' ? 2 : 1);

    /// <summary>Spaces and, where one stands here, a comment up to its line end.</summary>
    public void SkipSpacesAndComment()
    {
        SkipSpaces();
        if (Current != '#')
            return;
        while (!AtEnd && !AtNewline)
        {
            RefuseControlCharacter("in a comment");
            Advance();
        }
    }

    /// <summary>Spaces, comments and line ends.</summary>
    public void SkipBlank()
    {
        SkipSpacesAndComment();
        while (AtNewline)
        {
            TakeNewline();
            SkipSpacesAndComment();
        }
    }

    /// <summary>The rest of a line after a header or a value: nothing but spaces and a comment.</summary>
    public void EndLine(string after)
    {
        SkipSpacesAndComment();
        if (AtNewline)
            TakeNewline();
        else if (!AtEnd)
            throw Error($"{Shown} cannot follow {after} on the same line; begin a new line");
    }

    public void RefuseControlCharacter(string where)
    {
        if (AtEnd)
            return;
        if (Current == '\r')
            throw Error($"a carriage return {where} without a line feed after it; end lines with LF or CRLF");
        if (Current is (< ' ' and not '\t') or '\u007F')
            throw Error($"the control character U+{(int)Current:X4} {where}; remove it, or write it as \\u{(int)Current:X4} in a "
                + "\"string\"");
        if (char.IsSurrogate(Current) && !(char.IsHighSurrogate(Current) && char.IsLowSurrogate(Peek(1)))
            && !(char.IsLowSurrogate(Current) && _offset > 0 && char.IsHighSurrogate(text[_offset - 1])))
            throw Error($"half of a surrogate pair (U+{(int)Current:X4}) {where}; remove it");
    }

    /// <summary>What stands here, for a message.</summary>
    public string Shown => AtEnd ? "the end of the file"
        : AtNewline ? "the end of the line"
        : Current is < ' ' or '\u007F' ? $"the control character U+{(int)Current:X4}"
        : char.IsHighSurrogate(Current) ? $"'{Current}{Peek(1)}'"
        : $"'{Current}'";

    [SuppressMessage("Usage", "CA2201", Justification = "It makes the exception; the caller throws it.")]
    public TomlException Error(string message) => new(message, Position);
}
