using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Shithub.Actions.Protocol.LogScrubbing;

/// <summary>
/// The shapes in which tools print a value: as it is, line by line, in base64 at any place of a longer text, percent-encoded, in JSON,
/// quoted for a shell.
/// </summary>
internal static class MaskForms
{
    /// <summary>Encoded forms of shorter values are too likely to be something else.</summary>
    private const int ShortestEncoded = 4;

    /// <summary>In characters. Of longer values only the most common forms are hidden: each takes memory for each character.</summary>
    private const int Longest = 4096;

    /// <summary>Where <c>base64</c> and PEM break lines.</summary>
    private static readonly int[] LineLengths = [76, 64];

    /// <returns>Distinct, as UTF-8; none for a blank value.</returns>
    public static IEnumerable<string> Of(string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return [];
        var forms = new HashSet<string>(StringComparer.Ordinal) { value };
        if (value.Length >= ShortestEncoded)
            AddEncoded(value, forms);
        if (value.Contains('\n', StringComparison.Ordinal))
        {
            foreach (var line in value.Split('\n').Select(line => line.Trim()).Where(line => line.Length >= MaskAutomaton.ShortestLine))
            {
                if (forms.Add(line))
                    AddEncoded(line, forms);
            }
        }

        return forms;
    }

    private static void AddEncoded(string value, HashSet<string> forms)
    {
        AddBase64(Encoding.UTF8.GetBytes(value), forms);
        AddUrl(value, forms);
        AddJson(value, forms);
        AddShell(value, forms);
    }

    /// <summary>
    /// Three bytes make four characters, so there are three ways for a value to lie in a longer text. The characters at its ends that
    /// neighbours have a share in are left out: at most five bits of the value are in them at either end.
    /// </summary>
    private static void AddBase64(byte[] value, HashSet<string> forms)
    {
        for (var before = 0; before < 3; before++)
        {
            var bytes = new byte[before + value.Length];
            value.CopyTo(bytes, before);
            var encoded = Convert.ToBase64String(bytes);
            var start = (before * 8 + 5) / 6;
            var inside = encoded[start..(bytes.Length * 8 / 6)];
            AddBase64(inside, forms);
            // At the end of a text the last character is the value's own.
            AddBase64(encoded[start..].TrimEnd('='), forms);
            if (before > 0)
                continue;
            foreach (var length in LineLengths.Where(length => inside.Length > length))
            {
                // Of a text that begins with the value, as 'base64 < key' makes it.
                foreach (var line in inside.Chunk(length).Where(line => line.Length >= MaskAutomaton.ShortestLine))
                    AddBase64(new string(line), forms);
            }
        }
    }

    private static void AddBase64(string text, HashSet<string> forms)
    {
        if (text.Length < ShortestEncoded)
            return;
        forms.Add(text);
        forms.Add(text.Replace('+', '-').Replace('/', '_'));
    }

    private static void AddUrl(string value, HashSet<string> forms)
    {
        // What stays beside letters, digits and '-._': with RFC 3986, JavaScript, Python, HTML forms, .NET.
        string[] left = value.Length > Longest ? ["~"] : ["~", "~!'()*", "~/", "*", "!()*"];
        foreach (var kept in left)
        {
            foreach (var hex in new[] { "X2", "x2" })
            {
                var encoded = Percent(value, kept, hex);
                forms.Add(encoded);
                forms.Add(encoded.Replace("%20", "+", StringComparison.Ordinal));
            }
        }
    }

    private static string Percent(string value, string left, string hex)
    {
        var text = new StringBuilder();
        foreach (var octet in Encoding.UTF8.GetBytes(value))
        {
            var character = (char)octet;
            if (char.IsAsciiLetterOrDigit(character) || "-._".Contains(character, StringComparison.Ordinal) || left.Contains(character, StringComparison.Ordinal))
                text.Append(character);
            else
                text.Append('%').Append(octet.ToString(hex, CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private static void AddJson(string value, HashSet<string> forms)
    {
        var plain = Json(value);
        forms.Add(plain);
        // Everything but ASCII escaped, as Python does.
        forms.Add(Ascii(plain, "x4"));
        if (value.Length > Longest)
            return;
        // The same in upper case; slashes escaped, as PHP does; what HTML could mistake escaped, as Go and .NET do.
        forms.Add(Ascii(plain, "X4"));
        forms.Add(plain.Replace("/", "\\/", StringComparison.Ordinal));
        forms.Add(Ascii(plain, "x4").Replace("/", "\\/", StringComparison.Ordinal));
        forms.Add(plain.Replace("&", "\\u0026", StringComparison.Ordinal).Replace("<", "\\u003c", StringComparison.Ordinal)
            .Replace(">", "\\u003e", StringComparison.Ordinal));
        forms.Add(JavaScriptEncoder.Default.Encode(value));
        forms.Add(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value));
    }

    private static string Json(string value)
    {
        var text = new StringBuilder();
        foreach (var character in value)
        {
            text.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture),
                _ => character.ToString(),
            });
        }

        return text.ToString();
    }

    private static string Ascii(string json, string hex)
    {
        var text = new StringBuilder();
        foreach (var unit in json)
        {
            if (char.IsAscii(unit))
                text.Append(unit);
            else
                text.Append("\\u").Append(((int)unit).ToString(hex, CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private static void AddShell(string value, HashSet<string> forms)
    {
        // Inside of single quotes, as 'set -x' prints and as other tools do.
        forms.Add(value.Replace("'", "'\\''", StringComparison.Ordinal));
        forms.Add(value.Replace("'", "'\"'\"'", StringComparison.Ordinal));
        // $'…', which bash takes for what has control characters.
        forms.Add(AnsiC(value));
        if (value.Length > Longest)
            return;
        // Inside of double quotes.
        forms.Add(Escape(value, character => "$`\"\\".Contains(character, StringComparison.Ordinal)));
        forms.Add(Escape(value, character => "$`\"\\!".Contains(character, StringComparison.Ordinal)));
        // Without quotes, as printf %q of bash does, and Python and Ruby with a few characters more.
        forms.Add(Escape(value, character => " !\"#$&'()*,;<>?[\\]^`{|}~".Contains(character, StringComparison.Ordinal)));
        forms.Add(Escape(value, character => character < 128 && !char.IsAsciiLetterOrDigit(character) && !"_-.,:+/@".Contains(character, StringComparison.Ordinal)));
    }

    private static string Escape(string value, Func<char, bool> isSpecial)
    {
        var text = new StringBuilder();
        foreach (var character in value)
            text.Append(isSpecial(character) ? "\\" : "").Append(character);
        return text.ToString();
    }

    private static string AnsiC(string value)
    {
        var text = new StringBuilder();
        foreach (var character in value)
        {
            text.Append(character switch
            {
                '\\' => "\\\\",
                '\'' => "\\'",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\a' => "\\a",
                '\b' => "\\b",
                '\e' => "\\E",
                '\f' => "\\f",
                '\v' => "\\v",
                < ' ' or '\x7f' => "\\" + Convert.ToString(character, 8).PadLeft(3, '0'),
                _ => character.ToString(),
            });
        }

        return text.ToString();
    }
}
