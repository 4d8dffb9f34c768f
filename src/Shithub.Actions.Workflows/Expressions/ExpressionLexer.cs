namespace Shithub.Actions.Workflows.Expressions;

internal enum TokenKind
{
    End,
    Literal,
    Name,
    Symbol,
}

/// <param name="Offset">Where it starts, counted from the start of the expression.</param>
/// <param name="Value">A literal's value.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Offset, ExpressionValue? Value = null);

/// <summary>An expression that is not one.</summary>
/// <param name="offset">Where in the expression.</param>
internal sealed class ExpressionSyntaxException(
    string message, int offset, string? suggestion = null, string code = DiagnosticCodes.Expression) : Exception(message)
{
    public int Offset { get; } = offset;

    public string? Suggestion { get; } = suggestion;

    public string Code { get; } = code;
}

/// <summary>Cuts an expression into tokens.</summary>
internal static class ExpressionLexer
{
    private static readonly string[] Symbols =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", ",", "*"];

    public static List<Token> Tokenize(string text)
    {
        // Most have five characters a token or more.
        var tokens = new List<Token>((text.Length / 5) + 3);
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
            {
                tokens.Add(new Token(TokenKind.End, "", at));
                return tokens;
            }

            var token = text[at] switch
            {
                '\'' => ReadString(text, at),
                '"' => throw new ExpressionSyntaxException(
                    "a string in an expression is written in single quotes", at, "use '…', and '' for a quote inside it"),
                '-' or '+' or (>= '0' and <= '9') => ReadNumber(text, at),
                '.' when StartsNumber(text, at, tokens) => ReadNumber(text, at),
                '_' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') => ReadName(text, at, AfterDot(tokens)),
                _ => ReadSymbol(text, at),
            };
            tokens.Add(token);
            at = token.Kind == TokenKind.Literal && text[at] == '\'' ? EndOfString(text, at) : at + token.Text.Length;
        }
    }

    private static bool AfterDot(List<Token> tokens) => tokens.Count > 0 && tokens[^1] is { Kind: TokenKind.Symbol, Text: "." };

    private static bool StartsNumber(string text, int at, List<Token> tokens)
    {
        var afterOperand = tokens.Count > 0 && (tokens[^1].Kind == TokenKind.Name || tokens[^1].Text is ")" or "]" or "*");
        return !afterOperand && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]);
    }

    private static int EndOfString(string text, int start)
    {
        for (var at = start + 1; at < text.Length; at++)
        {
            if (text[at] != '\'')
                continue;
            if (at + 1 == text.Length || text[at + 1] != '\'')
                return at + 1;
            at++;
        }

        throw new ExpressionSyntaxException("the string that starts here has no closing quote", start);
    }

    private static Token ReadString(string text, int start)
    {
        var raw = text[start..EndOfString(text, start)];
        var value = raw[1..^1].Replace("''", "'", StringComparison.Ordinal);
        return new Token(TokenKind.Literal, raw, start, new StringValue(value));
    }

    private static Token ReadNumber(string text, int start)
    {
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or '+' or '-' or '_'))
            end++;
        var raw = text[start..end];
        var value = Coercion.ParseNumber(raw);
        if (double.IsNaN(value))
            throw Unexpected(raw, start);
        return new Token(TokenKind.Literal, raw, start, new NumberValue(value));
    }

    private static Token ReadName(string text, int start, bool afterDot)
    {
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '-'))
            end++;
        var name = text[start..end];
        ExpressionValue? literal = name switch
        {
            _ when afterDot => null,
            "true" => new BooleanValue(true),
            "false" => new BooleanValue(false),
            "null" => ExpressionValue.Null,
            "NaN" => new NumberValue(double.NaN),
            "Infinity" => new NumberValue(double.PositiveInfinity),
            _ => null,
        };
        return new Token(literal is null ? TokenKind.Name : TokenKind.Literal, name, start, literal);
    }

    private static Token ReadSymbol(string text, int start)
    {
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, start, symbol, 0, symbol.Length) == 0)
                return new Token(TokenKind.Symbol, symbol, start);
        }

        throw text[start] switch
        {
            '=' => Unexpected("=", start, "compare with '=='"),
            '&' => Unexpected("&", start, "'and' is '&&'"),
            '|' => Unexpected("|", start, "'or' is '||'"),
            _ => Unexpected(char.IsSurrogate(text[start]) ? "…" : text[start].ToString(), start),
        };
    }

    public static ExpressionSyntaxException Unexpected(string symbol, int offset, string? suggestion = null) =>
        new($"unexpected '{Yaml.YamlReader.Show(symbol)}' in the expression", offset, suggestion);
}
