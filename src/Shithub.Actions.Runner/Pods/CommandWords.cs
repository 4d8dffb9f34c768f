using System.Text;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>Splits a command line into words as a POSIX shell does that expands nothing: blanks, quotes and backslashes.</summary>
internal static class CommandWords
{
    /// <param name="where">Where it stands in the workflow, for the message.</param>
    /// <exception cref="SandboxException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Split(string text, string where)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char quote = default;
        for (var at = 0; at < text.Length; at++)
        {
            var c = text[at];
            if (quote == '\'')
            {
                if (c == quote) quote = default;
                else word!.Append(c);
            }
            else if (c == '\\' && at + 1 < text.Length && (quote == default || text[at + 1] is '"' or '\\' or '$' or '`' or '\n'))
            {
                word ??= new StringBuilder();
                if (text[++at] != '\n') word.Append(text[at]);
            }
            else if (quote == '"')
            {
                if (c == quote) quote = default;
                else word!.Append(c);
            }
            else if (c is '\'' or '"')
            {
                word ??= new StringBuilder();
                quote = c;
            }
            else if (c is ' ' or '\t' or '\n' or '\r')
            {
                if (word is not null) words.Add(word.ToString());
                word = null;
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }

        if (quote != default) throw new SandboxException($"{where} has a {quote} that is not closed.");
        if (word is not null) words.Add(word.ToString());
        return words;
    }
}
