using System.Globalization;
using System.Text;

namespace Shithub.Actions.Workflows.Expressions;

/// <summary>The first argument of <c>format</c>, cut into pieces.</summary>
internal static class FormatString
{
    /// <param name="Text">Text as it stands; empty for an argument.</param>
    /// <param name="Argument">The number of an argument; null for text.</param>
    public readonly record struct Piece(string Text, int? Argument);

    /// <exception cref="EvaluationException">A brace stands alone, or an argument is not there.</exception>
    public static List<Piece> Parse(string format, int arguments)
    {
        var pieces = new List<Piece>();
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (c is not ('{' or '}'))
            {
                text.Append(c);
            }
            else if (i + 1 < format.Length && format[i + 1] == c)
            {
                text.Append(c);
                i++;
            }
            else
            {
                var end = c == '{' ? format.IndexOf('}', i) : -1;
                if (end < 0)
                    throw Invalid(format);
                if (text.Length > 0)
                    pieces.Add(new Piece(text.ToString(), null));
                text.Clear();
                pieces.Add(new Piece("", ReadNumber(format, i + 1, end, arguments)));
                i = end;
            }
        }

        if (text.Length > 0)
            pieces.Add(new Piece(text.ToString(), null));
        return pieces;
    }

    private static int ReadNumber(string format, int start, int end, int arguments)
    {
        if (!int.TryParse(format.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw Invalid(format);
        return number < arguments
            ? number
            : throw new EvaluationException($"the format string names argument {{{number}}}, which is not there");
    }

    private static EvaluationException Invalid(string format) =>
        new($"the format string '{Yaml.YamlReader.Show(format)}' is not valid; a brace is written '{{{{' or '}}}}'");
}
