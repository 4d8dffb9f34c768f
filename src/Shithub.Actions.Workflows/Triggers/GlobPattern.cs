using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A pattern of GitHub's 'Filter pattern cheat sheet': <c>*</c> (not <c>/</c>), <c>**</c>, <c>?</c> and <c>+</c> after a
/// character (zero or one, one or more), <c>[a-z]</c>, <c>\</c> before a special character, <c>!</c> in front to exclude.
/// </summary>
/// <remarks>
/// It is matched by a simulated automaton: time is at most the pattern's length times the text's, for every pattern.
/// <c>**/</c> at the start or after <c>/</c> matches also nothing, so <c>**/README.md</c> matches <c>README.md</c>.
/// </remarks>
public sealed class GlobPattern
{
    /// <param name="Set">The characters it takes: sorted pairs of first and last.</param>
    /// <param name="Optional">It may be left out.</param>
    /// <param name="Repeated">It may come again.</param>
    /// <param name="Skip">Tokens to leave out when it is left out: 1, or all of a folder prefix for the token before it.</param>
    private readonly record struct Token(string Set, bool Optional, bool Repeated, int Skip = 1)
    {
        public bool Takes(char c)
        {
            for (var i = 0; i < Set.Length; i += 2)
            {
                if (c >= Set[i] && c <= Set[i + 1])
                    return true;
            }

            return false;
        }
    }

    private const string AnyCharacter = "\0\uffff";
    private const string NoSlash = "\0.0\uffff";

    private readonly Token[] _tokens;

    private GlobPattern(string text, bool isExclusion, Token[] tokens) =>
        (Text, IsExclusion, _tokens) = (text, isExclusion, tokens);

    /// <summary>As the file has it, with its <c>!</c>.</summary>
    public string Text { get; }

    /// <summary>Whether it starts with <c>!</c>.</summary>
    public bool IsExclusion { get; }

    /// <summary>Parses a pattern; if it is none, <paramref name="error"/> says why.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out GlobPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        pattern = null;
        var tokens = new List<Token>();
        var isExclusion = text.StartsWith('!');
        error = text.Length == (isExclusion ? 1 : 0) ? "it is empty" : null;
        for (var at = isExclusion ? 1 : 0; at < text.Length && error is null;)
            error = ReadToken(text, ref at, tokens);
        if (error is not null)
            return false;
        pattern = new GlobPattern(text, isExclusion, [.. tokens]);
        return true;
    }

    /// <summary>Whether the whole of <paramref name="text"/> matches, the <c>!</c> apart. Case counts.</summary>
    public bool IsMatch(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var work = 0L;
        return IsMatch(text, ref work);
    }

    /// <param name="work">Grows by the steps that the match took.</param>
    internal bool IsMatch(string text, ref long work)
    {
        // State i: everything before token i has matched. Only states that are alive cost anything.
        var (current, next) = (new StateSet(_tokens.Length + 1), new StateSet(_tokens.Length + 1));
        Enter(0, current);
        foreach (var c in text)
        {
            next.Clear();
            work += current.States.Count;
            foreach (var state in current.States)
            {
                if (state == _tokens.Length || !_tokens[state].Takes(c))
                    continue;
                Enter(state + 1, next);
                if (_tokens[state].Repeated)
                    Enter(state, next);
            }

            if (next.States.Count == 0)
                return false;
            (current, next) = (next, current);
        }

        return current.Contains(_tokens.Length);
    }

    public override string ToString() => Text;

    /// <summary>Adds a state and those that are reached from it by leaving tokens out.</summary>
    private void Enter(int state, StateSet states)
    {
        // Iterative: a pattern of 60,000 optional characters is a long chain, not a deep one.
        do
        {
            while (states.Add(state) && state < _tokens.Length && _tokens[state].Optional)
            {
                if (_tokens[state].Skip > 1)
                    states.Pending.Push(state + _tokens[state].Skip);
                state++;
            }
        }
        while (states.Pending.TryPop(out state));
    }

    private static string? ReadToken(string text, ref int at, List<Token> tokens)
    {
        var c = text[at++];
        switch (c)
        {
            case '*':
                var twice = at < text.Length && text[at] == '*';
                while (at < text.Length && text[at] == '*')
                    at++;
                var opensFolder = tokens.Count == 0 || tokens[^1] is { Set: "//", Optional: false, Repeated: false };
                var isFolders = twice && opensFolder && at < text.Length && text[at] == '/';
                // Takes nothing itself: either '**' and '/' follow, or neither. '**' alone must not lose its '/' midway.
                if (isFolders)
                    tokens.Add(new Token("", Optional: true, Repeated: false, Skip: 3));
                tokens.Add(new Token(twice ? AnyCharacter : NoSlash, Optional: true, Repeated: true));
                return null;
            case '?' or '+' when tokens.Count > 0:
                var before = tokens[^1];
                tokens[^1] = c == '?' ? before with { Optional = true } : before with { Repeated = true };
                return null;
            case '?' or '+':
                return $"'{c}' has nothing before it";
            case '[':
                return ReadSet(text, ref at, tokens);
            case '\\':
                if (at == text.Length)
                    return "it ends with '\\'";
                tokens.Add(Single(text[at++]));
                return null;
            default:
                tokens.Add(Single(c));
                return null;
        }
    }

    private static string? ReadSet(string text, ref int at, List<Token> tokens)
    {
        var end = text.IndexOf(']', at);
        if (end < 0)
            return "'[' has no ']' after it";
        var content = text[at..end];
        at = end + 1;
        if (content.Length == 0)
            return "'[]' is empty";
        if (content[0] is '^' or '!')
            return "patterns have no negated sets";
        var set = new List<char>();
        for (var i = 0; i < content.Length; i++)
        {
            var isRange = i + 2 < content.Length && content[i + 1] == '-';
            var (first, last) = (content[i], isRange ? content[i + 2] : content[i]);
            if (first > last)
                return $"the range '{first}-{last}' goes backwards";
            set.Add(first);
            set.Add(last);
            i += isRange ? 2 : 0;
        }

        tokens.Add(new Token(string.Concat(set), Optional: false, Repeated: false));
        return null;
    }

    private static Token Single(char c) => new(string.Concat(c, c), Optional: false, Repeated: false);

    private sealed class StateSet(int capacity)
    {
        private readonly bool[] _isIn = new bool[capacity];

        public List<int> States { get; } = [];

        public Stack<int> Pending { get; } = new();

        public bool Contains(int state) => _isIn[state];

        public bool Add(int state)
        {
            if (_isIn[state])
                return false;
            _isIn[state] = true;
            States.Add(state);
            return true;
        }

        public void Clear()
        {
            foreach (var state in States)
                _isIn[state] = false;
            States.Clear();
        }
    }
}
