using System.Globalization;

namespace Shithub.Actions.Server.Web;

/// <summary>Durations for people, and for the script that lets them run on.</summary>
public static class Elapsed
{
    /// <returns>Such as <c>12s</c>, <c>3m 05s</c>, <c>2h 04m</c>.</returns>
    public static string Text(TimeSpan duration)
    {
        var seconds = Math.Max(0, (long)duration.TotalSeconds);
        return seconds switch
        {
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m {seconds % 60:00}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h {seconds / 60 % 60:00}m"),
        };
    }

    /// <returns>Such as <c>just now</c>, <c>5 minutes ago</c>, <c>3 days ago</c>.</returns>
    public static string Age(TimeSpan age) => age.TotalSeconds switch
    {
        < 60 => "just now",
        < 3600 => Ago((int)age.TotalMinutes, "minute"),
        < 86400 => Ago((int)age.TotalHours, "hour"),
        _ => Ago((int)age.TotalDays, "day"),
    };

    private static string Ago(int count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")} ago");
}
