using System.CommandLine;
using System.Globalization;
using Shithub.Actions.Configuration.Values;

namespace Shithub.Actions.Server.Admin;

/// <summary>How commands read and write numbers, times and durations.</summary>
internal static class CommandText
{
    /// <summary>What is longer was not meant, and some of it no clock holds.</summary>
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(3653);

    public static string Of(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Of(bool value) => value ? "yes" : "no";

    public static string? Of(DateTime? time) => time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads an optional duration such as <c>24h</c>.</summary>
    /// <returns>False with the exit code where it is given and is none.</returns>
    public static bool TryDuration(ParseResult parse, Option<string?> option, out TimeSpan? duration, out int exitCode)
    {
        duration = null;
        exitCode = CommandContext.Done;
        if (parse.GetValue(option) is not { } text)
            return true;
        if (Durations.TryParse(text, out var parsed) && parsed > TimeSpan.Zero && parsed <= LongestDuration)
        {
            duration = parsed;
            return true;
        }

        exitCode = CommandContext.Fail(
            parse, CommandContext.WrongUsage, $"{option.Name}: '{text}' is not a duration of at most ten years; write 90s, 2m, 24h or 7d.");
        return false;
    }
}
