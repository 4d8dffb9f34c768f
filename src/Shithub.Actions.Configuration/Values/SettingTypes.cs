using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Shithub.Actions.Configuration.Toml;

namespace Shithub.Actions.Configuration.Values;

/// <summary>The kinds of value that settings have.</summary>
internal static class SettingTypes
{
    public static SettingType<bool> Boolean { get; } = new(
        "boolean",
        text => text.ToLowerInvariant() switch
        {
            "true" => true,
            "false" => false,
            _ => throw new SettingValueException("must be true or false"),
        },
        value => value is TomlBoolean boolean ? boolean.Value : throw new SettingValueException("must be true or false, without quotes"),
        text => text);

    public static SettingType<int> WholeNumber(int min, int max)
    {
        var problem = $"must be a whole number from {min} to {max}";
        int InRange(long number) => number >= min && number <= max ? (int)number : throw new SettingValueException(problem);
        return new SettingType<int>(
            $"whole number, {min} to {max}",
            text => InRange(long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number : throw new SettingValueException(problem)),
            value => InRange(value is TomlInteger integer ? integer.Value : throw new SettingValueException(problem + ", without quotes")),
            text => text);
    }

    /// <summary>A decimal fraction; in TOML a string, as Docker's command line takes it, or a number.</summary>
    public static SettingType<decimal> Decimal(decimal min, decimal max)
    {
        var problem = string.Create(CultureInfo.InvariantCulture, $"must be a number from {min} to {max}, for example \"1.5\"");
        decimal FromText(string text) =>
            decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max
                ? number : throw new SettingValueException(problem);
        return new SettingType<decimal>(
            string.Create(CultureInfo.InvariantCulture, $"number, {min} to {max}"),
            FromText,
            value => FromText(value switch
            {
                TomlString text => text.Value,
                TomlInteger integer => integer.Value.ToString(CultureInfo.InvariantCulture),
                TomlFloat number => number.Value.ToString(CultureInfo.InvariantCulture),
                _ => throw new SettingValueException(problem),
            }),
            Quoted);
    }

    public static SettingType<TimeSpan> Duration(string min, string max)
    {
        var (shortest, longest) = (Durations.Parse(min), Durations.Parse(max));
        return Text($"duration, {min} to {max}", text =>
            Durations.TryParse(text, out var duration) && duration >= shortest && duration <= longest ? duration
                : throw new SettingValueException($"must be a duration from {min} to {max}; write for example \"30s\", \"1h30m\" or \"7d\""));
    }

    /// <summary>In TOML a string with a unit, or a number of bytes.</summary>
    public static SettingType<long> Size(string min, string max)
    {
        var (smallest, largest) = (Sizes.Parse(min), Sizes.Parse(max));
        var problem = $"must be a size from {min} to {max}; write for example \"64k\", \"512m\" or \"2g\"";
        long InRange(long bytes) => bytes >= smallest && bytes <= largest ? bytes : throw new SettingValueException(problem);
        long FromText(string text) => InRange(Sizes.TryParse(text, out var bytes) ? bytes : throw new SettingValueException(problem));
        return new SettingType<long>($"size, {min} to {max}", FromText, value => value switch
        {
            TomlInteger integer => InRange(integer.Value),
            TomlString text => FromText(text.Value),
            _ => throw new SettingValueException(problem),
        }, Quoted);
    }

    public static SettingType<T> OneOf<T>() where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(name => name.ToLowerInvariant()).ToArray();
        return Text($"one of {string.Join(", ", names)}", text => names.Contains(text.ToLowerInvariant())
            ? Enum.Parse<T>(text, ignoreCase: true)
            : throw new SettingValueException($"must be one of {string.Join(", ", names)}"
                + (Binding.Nearest.To(text, names) is { } nearest ? $"; did you mean {nearest}?" : "")));
    }

    public static SettingType<string> Matching(string name, Regex pattern, string problem) =>
        Text(name, text => pattern.IsMatch(text) ? text : throw new SettingValueException(problem));

    /// <summary>A path that does not depend on where the program was started.</summary>
    public static SettingType<string> AbsolutePath { get; } = Text("absolute path", ToAbsolutePath);

    public static SettingType<string> SocketPath { get; } = Text("absolute path", text =>
        ToAbsolutePath(text.StartsWith("unix://", StringComparison.Ordinal) ? text["unix://".Length..] : text));

    /// <summary>Ends in <c>/</c>, so that relative addresses extend it.</summary>
    public static SettingType<Uri> Url { get; } = Text("http or https URL", text =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        && url is { UserInfo: "", Query: "", Fragment: "" }
            ? url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/")
            : throw new SettingValueException("must be a URL without user, query or fragment; "
                + "write for example \"https://shithub.example\""));

    public static SettingType<IReadOnlyList<ListenAddress>> Listen { get; } = List(
        "host:port or unix:/path, or a list of them", 1, 16, item =>
        ListenAddress.TryParse(item, out var address) ? address!
            : throw new SettingValueException("must be host:port or unix:/path; write for example \"127.0.0.1:8080\""));

    /// <summary>The name of a file with a secret in it.</summary>
    public static SettingType<string> FilePath { get; } = Text("path", text =>
        text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? text : throw new SettingValueException("must name a file"));

    /// <summary>.NET also takes "1" and "10.1" for addresses; those are slips here.</summary>
    public static string ToIpAddress(string text) =>
        IPAddress.TryParse(text, out var ip) && (text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3)
        ? ip.ToString() : throw new SettingValueException("must be an IP address; write for example \"172.30.0.1\"");

    /// <summary>Kept secret whole: its password is inside it.</summary>
    public static SettingType<Secret> Database { get; } = Text("database address", text =>
        new Secret(PostgresUrl.ToConnectionString(text)));

    public static SettingType<string> HostName { get; } = Text("text, 1 to 255 characters", text =>
        text.Length is > 0 and <= 255 && !text.Any(char.IsControl) && !string.IsNullOrWhiteSpace(text)
            ? text : throw new SettingValueException("must have 1 to 255 characters and no line ends"));

    public static SettingType<Secret> Secret(string name, Action<string> check) => Text(name, text =>
    {
        check(text);
        return new Secret(text);
    });

    /// <summary>In TOML an array of strings, or one string for a list of one; in text comma separated.</summary>
    public static SettingType<IReadOnlyList<T>> List<T>(string name, int min, int max, Func<string, T> item)
    {
        IReadOnlyList<T> Checked(IReadOnlyList<string> items)
        {
            if (items.Count < min || items.Count > max)
                throw new SettingValueException($"must have {min} to {max} values, not {items.Count}");
            return [.. items.Select(text => Item(text, item)).Distinct()];
        }
        return new SettingType<IReadOnlyList<T>>(
            name,
            text => Checked(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
            value => value switch
            {
                TomlString text => Checked([text.Value]),
                TomlArray array => Checked([.. array.Items.Select(element => element is TomlString text ? text.Value
                    : throw new SettingValueException("must be a list of strings; write for example [\"a\", \"b\"]"))]),
                _ => throw new SettingValueException("must be a list of strings; write for example [\"a\", \"b\"]"),
            },
            text => $"[{string.Join(", ", text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Quoted))}]");
    }

    private static T Item<T>(string text, Func<string, T> item)
    {
        try
        {
            return item(text);
        }
        catch (SettingValueException problem)
        {
            throw new SettingValueException($"has the value \"{Binding.Shown.Text(text)}\", which {problem.Message}");
        }
    }

    public static SettingType<T> Text<T>(string name, Func<string, T> fromText) => new(
        name,
        fromText,
        value => value is TomlString text ? fromText(text.Value) : throw new SettingValueException("must be text in quotes"),
        Quoted);

    private static string ToAbsolutePath(string text) => text.StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal)
        ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(text))
        : throw new SettingValueException("must be an absolute path; begin it with /");

    private static string Quoted(string text) => $"\"{text}\"";
}
