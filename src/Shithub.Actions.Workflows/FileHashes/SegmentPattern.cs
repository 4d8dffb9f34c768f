namespace Shithub.Actions.Workflows.FileHashes;

/// <summary>
/// One segment of a <see cref="FilePattern"/>: <c>*</c>, <c>?</c>, <c>[…]</c> and <c>\</c> before a character that is meant
/// as it stands. A match takes at most pattern times name steps.
/// </summary>
internal sealed class SegmentPattern
{
    private readonly List<Token> _tokens;

    private SegmentPattern(List<Token> tokens) => _tokens = tokens;

    private enum TokenKind
    {
        Character,
        Any,
        Run,
        Set,
    }

    private sealed record Token(TokenKind Kind, char Character = '\0', bool Negated = false, IReadOnlyList<(char From, char To)>? Ranges = null)
    {
        public bool Fits(char c) => Kind switch
        {
            TokenKind.Character => c == Character,
            TokenKind.Set => Ranges!.Any(range => c >= range.From && c <= range.To) != Negated,
            _ => true,
        };
    }

    /// <summary>The one name that it matches; null where it may match several.</summary>
    public string? Literal => _tokens.All(token => token.Kind == TokenKind.Character)
        ? string.Concat(_tokens.Select(token => token.Character)) : null;

    public static SegmentPattern Parse(string text)
    {
        var tokens = new List<Token>();
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '*':
                    if (tokens is not [.., { Kind: TokenKind.Run }])
                        tokens.Add(new Token(TokenKind.Run));
                    break;
                case '?':
                    tokens.Add(new Token(TokenKind.Any));
                    break;
                case '\\' when i + 1 < text.Length:
                    tokens.Add(new Token(TokenKind.Character, text[++i]));
                    break;
                case '[' when ParseSet(text, i) is var (set, end):
                    tokens.Add(set);
                    i = end;
                    break;
                default:
                    tokens.Add(new Token(TokenKind.Character, text[i]));
                    break;
            }
        }

        return new SegmentPattern(tokens);
    }

    public bool Matches(string name)
    {
        var (token, at, run, back) = (0, 0, -1, 0);
        while (at < name.Length)
        {
            if (token < _tokens.Count && _tokens[token].Kind == TokenKind.Run)
            {
                (run, back) = (token++, at);
            }
            else if (token < _tokens.Count && _tokens[token].Fits(name[at]))
            {
                token++;
                at++;
            }
            else if (run >= 0)
            {
                // The last run takes one character more; what an earlier one takes makes no difference then.
                token = run + 1;
                at = ++back;
            }
            else
            {
                return false;
            }
        }

        while (token < _tokens.Count && _tokens[token].Kind == TokenKind.Run)
            token++;
        return token == _tokens.Count;
    }

    /// <summary>Null where the bracket is not closed: then it stands for itself.</summary>
    private static (Token Set, int End)? ParseSet(string text, int start)
    {
        var i = start + 1;
        var negated = i < text.Length && text[i] is '!' or '^';
        if (negated)
            i++;
        var ranges = new List<(char, char)>();
        for (var first = true; i < text.Length; first = false)
        {
            if (text[i] == ']' && !first)
                return (ranges is [var (from, to)] && from == to && !negated
                    ? new Token(TokenKind.Character, from) : new Token(TokenKind.Set, Negated: negated, Ranges: ranges), i);
            var low = ReadCharacter(text, ref i);
            var high = low;
            if (i + 1 < text.Length && text[i] == '-' && text[i + 1] != ']')
            {
                i++;
                high = ReadCharacter(text, ref i);
            }

            ranges.Add((low, high));
        }

        return null;
    }

    private static char ReadCharacter(string text, ref int i)
    {
        if (text[i] == '\\' && i + 1 < text.Length)
            i++;
        return text[i++];
    }
}
