using System.Diagnostics.CodeAnalysis;

namespace Shithub.Actions.Workflows;

/// <summary>
/// A schedule in the five fields of POSIX <c>crontab</c>: minute, hour, day of the month, month, day of the week. With names
/// (<c>JAN</c>, <c>MON</c>, also in lower case), ranges, lists and steps, as GitHub takes them; its <c>@daily</c> and the like it does
/// not. Where both day fields are restricted, one of them is enough, as POSIX says.
/// </summary>
public sealed class CronSchedule
{
    /// <summary>From 29 February 2096 to the next one are eight years.</summary>
    private const int YearsToSearch = 9;

    private readonly CronField _minutes;
    private readonly CronField _hours;
    private readonly CronField _days;
    private readonly CronField _months;
    private readonly CronField _weekdays;

    private CronSchedule(string text, CronField[] fields)
    {
        Text = text;
        (_minutes, _hours, _days, _months, _weekdays) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
    }

    /// <summary>The five fields with single spaces between them.</summary>
    public string Text { get; }

    /// <summary>Parses a schedule; if it is none, <paramref name="error"/> says why.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out CronSchedule? schedule, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        schedule = null;
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (text.Length > 1000)
        {
            error = "it is too long";
            return false;
        }

        if (parts is [var nickname] && nickname.StartsWith('@'))
        {
            error = $"'{nickname}' and the like are not known; write five fields such as '0 0 * * *'";
            return false;
        }

        if (parts.Length != 5)
        {
            error = $"it has {parts.Length} fields, not five: minute, hour, day of the month, month, day of the week";
            return false;
        }

        var fields = new CronField[5];
        for (var i = 0; i < 5; i++)
        {
            if (!CronField.TryParse(parts[i], CronField.Kinds[i], out fields[i], out error))
                return false;
        }

        var result = new CronSchedule(string.Join(' ', parts), fields);
        if (!result.EverComes())
        {
            error = "no month that it names has such a day";
            return false;
        }

        schedule = result;
        error = null;
        return true;
    }

    /// <summary>
    /// The first time after <paramref name="instant"/>, or null if none comes within nine years. A time that clocks skip, when summer
    /// time begins, comes when they go on; one that they show twice comes the first time. So each date and time comes once.
    /// </summary>
    public DateTimeOffset? NextAfter(DateTimeOffset instant, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        // Clocks may have gone back across a date: begin where the walls of a day before cannot be missed, and skip what is past.
        var wall = TruncateToMinute(TimeZoneInfo.ConvertTime(instant, zone).DateTime).AddDays(-1);
        var end = wall.Year + YearsToSearch > 9999 ? DateTime.MaxValue : wall.AddYears(YearsToSearch);
        while (NextWall(wall, end) is { } next)
        {
            var at = ToInstant(next, zone);
            if (at > instant)
                return at;
            wall = next;
        }

        return null;
    }

    private bool EverComes()
    {
        // Either day field may be enough, so only a restricted day of the month that stands alone can fail.
        if (!_days.IsRestricted || _weekdays.IsRestricted)
            return true;
        ReadOnlySpan<int> longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (var month = 1; month <= 12; month++)
        {
            if (_months.Contains(month) && _days.Next(1) is { } first && first <= longest[month - 1])
                return true;
        }

        return false;
    }

    /// <summary>The first time on the wall after <paramref name="after"/>.</summary>
    private DateTime? NextWall(DateTime after, DateTime end)
    {
        var time = after.AddMinutes(1);
        while (time < end)
        {
            if (!_months.Contains(time.Month))
                time = new DateTime(time.Year, time.Month, 1).AddMonths(1);
            else if (!IsDay(time))
                time = time.Date.AddDays(1);
            else if (_hours.Next(time.Hour) is not { } hour)
                time = time.Date.AddDays(1);
            else if (hour > time.Hour)
                time = time.Date.AddHours(hour);
            else if (_minutes.Next(time.Minute) is { } minute)
                return time.Date.AddHours(hour).AddMinutes(minute);
            else
                time = time.Date.AddHours(time.Hour + 1);
        }

        return null;
    }

    private bool IsDay(DateTime day)
    {
        var byDate = _days.Contains(day.Day);
        var byWeekday = _weekdays.Contains((int)day.DayOfWeek);
        return _days.IsRestricted && _weekdays.IsRestricted ? byDate || byWeekday : byDate && byWeekday;
    }

    private static DateTimeOffset ToInstant(DateTime wall, TimeZoneInfo zone)
    {
        if (zone.IsInvalidTime(wall))
        {
            while (zone.IsInvalidTime(wall))
                wall = wall.AddMinutes(1);
        }

        var offset = zone.IsAmbiguousTime(wall) ? zone.GetAmbiguousTimeOffsets(wall).Max() : zone.GetUtcOffset(wall);
        return new DateTimeOffset(wall, offset);
    }

    private static DateTime TruncateToMinute(DateTime time) => new(time.Year, time.Month, time.Day, time.Hour, time.Minute, 0);
}
