using System.Text;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Runner.Local;

/// <summary>
/// Reads secrets from a file of <c>NAME=value</c> lines, as dotenv files have them: empty lines and lines that begin with <c>#</c> count for
/// nothing, <c>export</c> may stand in front. A value in single quotes is as it stands; in double quotes, <c>\n</c>, <c>\r</c>, <c>\t</c>,
/// <c>\"</c> and <c>\\</c> are what they are in most languages. A quoted value may go over several lines.
/// </summary>
internal static partial class SecretFile
{
    private const int BytesMax = 1024 * 1024;

    /// <exception cref="RunnerException">The file can't be read, or a line is none of these; no value is repeated in the message.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > BytesMax) throw new RunnerException($"{path} has more than 1 MiB.", ExitCodes.Usage);
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"The secret file {path} can't be read: {e.Message}", ExitCodes.Usage);
        }
    }

    public static IReadOnlyDictionary<string, string> Parse(string text, string path)
    {
        var secrets = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            var first = at + 1;
            var line = lines[at].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            var match = Assignment().Match(lines[at]);
            if (!match.Success) throw Wrong(first, "is not NAME=value");
            var name = match.Groups["name"].Value;
            if (name.StartsWith("GITHUB_", StringComparison.OrdinalIgnoreCase) && !name.Equals("GITHUB_TOKEN", StringComparison.OrdinalIgnoreCase))
                throw Wrong(first, "has a name that begins with GITHUB_, which secrets can't have");
            var value = match.Groups["value"].Value;
            if (value.Length > 0 && value[0] is '\'' or '"')
            {
                var quote = value[0];
                var quoted = new StringBuilder(value[1..]);
                int end;
                while ((end = FindEnd(quoted, quote)) < 0)
                {
                    if (++at >= lines.Length) throw Wrong(first, $"has a {quote} that is not closed");
                    quoted.Append('\n').Append(lines[at]);
                }

                var rest = quoted.ToString(end + 1, quoted.Length - end - 1).Trim();
                if (rest.Length > 0 && rest[0] != '#') throw Wrong(first, $"goes on after the closing {quote}");
                value = quoted.ToString(0, end);
                if (quote == '"') value = Unescape(value);
            }
            else
            {
                // A comment begins after a blank, so that a value may have a # in it.
                var comment = value.IndexOf(" #", StringComparison.Ordinal);
                value = (comment < 0 ? value : value[..comment]).Trim();
            }

            if (!secrets.TryAdd(name, value)) throw Wrong(first, $"gives {name} again; case makes no difference");
        }

        return secrets;

        RunnerException Wrong(int line, string what) => new($"{path}:{line}: the line {what}.", ExitCodes.Usage);
    }

    /// <summary>Where the quote closes, or -1.</summary>
    private static int FindEnd(StringBuilder text, char quote)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == quote) return at;
            if (quote == '"' && text[at] == '\\') at++;
        }

        return -1;
    }

    private static string Unescape(string text) => Escape().Replace(text, match => match.Value[1] switch
    {
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        var c => c.ToString(),
    });

    [GeneratedRegex(@"\A\s*(?:export\s+)?(?<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?<value>.*?)\s*\z", RegexOptions.Singleline)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\\[nrt""\\$]")]
    private static partial Regex Escape();
}
