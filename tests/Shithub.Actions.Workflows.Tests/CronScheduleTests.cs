using System.Globalization;

namespace Shithub.Actions.Workflows.Tests;

public class CronScheduleTests
{
    private static CronSchedule Cron(string text)
    {
        Assert.True(CronSchedule.TryParse(text, out var schedule, out var error), error);
        return schedule;
    }

    private static string Error(string text)
    {
        Assert.False(CronSchedule.TryParse(text, out _, out var error));
        return error;
    }

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    /// <summary>The next times after one, in UTC.</summary>
    private static List<string> Next(string cron, string after, int count, string zone = "UTC")
    {
        var schedule = Cron(cron);
        var times = new List<string>();
        var time = At(after);
        while (times.Count < count && schedule.NextAfter(time, TimeZoneInfo.FindSystemTimeZoneById(zone)) is { } next)
        {
            times.Add(next.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
            time = next;
        }

        return times;
    }

    [Theory]
    [InlineData("15 * * * *", "2026-01-01 00:15", "2026-01-01 01:15")] // 15 * * * * runs at every minute 15 of every hour of every day.
    [InlineData("2,10 4,5 * * *", "2026-01-01 04:02", "2026-01-01 04:10")] // at minute 2 and 10 of the 4th and 5th hour of every day
    [InlineData("30 4-6 * * *", "2026-01-01 04:30", "2026-01-01 05:30")] // at minute 30 of the 4th, 5th, and 6th hour
    [InlineData("20/15 * * * *", "2026-01-01 00:20", "2026-01-01 00:35")] // every 15 minutes starting from minute 20 through 59
    public void The_operators_of_GitHub_s_table(string cron, string first, string second) =>
        Assert.Equal([first, second], Next(cron, "2025-12-31T23:59:30Z", 2));

    [Theory]
    [InlineData("0 0 1 1 *", "2026-01-01 00:00")]
    [InlineData("0 0 29 2 *", "2028-02-29 00:00")]
    [InlineData("0 0 * JUN-aug *", "2026-06-01 00:00")]
    [InlineData("0 9 * * MON-FRI", "2026-01-01 09:00")]
    [InlineData("0 0 * * 7", "2026-01-04 00:00")]
    [InlineData("0 0 * * 0", "2026-01-04 00:00")]
    [InlineData("0 0 * * sun", "2026-01-04 00:00")]
    [InlineData("0 0 * * 5-7", "2026-01-02 00:00")]
    [InlineData("*/7 23 31 12 *", "2026-12-31 23:00")]
    [InlineData("59 23 31 12 3", "2026-12-02 23:59")]
    public void The_next_time(string cron, string expected) => Assert.Equal([expected], Next(cron, "2025-12-31T23:59:59Z", 1));

    [Fact]
    public void Where_both_day_fields_are_restricted_one_is_enough() =>
        Assert.Equal(["2026-01-05 00:00", "2026-01-12 00:00", "2026-01-13 00:00"], Next("0 0 13 * MON", "2026-01-01T00:00:00Z", 3));

    [Fact]
    public void A_star_with_a_step_restricts_nothing_for_the_other_day_field() =>
        Assert.Equal(["2026-01-05 00:00", "2026-01-19 00:00"], Next("0 0 */2 * MON", "2026-01-01T00:00:00Z", 2));

    [Fact]
    public void The_time_itself_is_over() => Assert.Equal(["2026-01-01 01:00"], Next("0 * * * *", "2026-01-01T00:00:00Z", 1));

    [Fact]
    public void A_time_zone_moves_it()
    {
        Assert.Equal(["2026-01-01 08:30"], Next("30 9 * * *", "2026-01-01T00:00:00Z", 1, "Europe/Berlin"));
        Assert.Equal(["2026-07-01 07:30"], Next("30 9 * * *", "2026-07-01T00:00:00Z", 1, "Europe/Berlin"));
        Assert.Equal(["2026-01-01 03:45"], Next("30 9 * * *", "2026-01-01T00:00:00Z", 1, "Asia/Kathmandu"));
    }

    [Fact]
    public void An_hour_that_clocks_skip_comes_once_when_they_go_on()
    {
        // In Berlin 2:00 to 3:00 of 29 March 2026 do not exist.
        Assert.Equal(
            ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"], Next("30 2 * * *", "2026-03-28T00:00:00Z", 3, "Europe/Berlin"));
        Assert.Equal(
            ["2026-03-29 00:30", "2026-03-29 00:45", "2026-03-29 01:00", "2026-03-29 01:15"],
            Next("*/15 * * * *", "2026-03-29T00:15:00Z", 4, "Europe/Berlin"));
    }

    [Fact]
    public void An_hour_that_clocks_show_twice_comes_once()
    {
        // In New York 1:00 to 2:00 of 1 November 2026 come twice: at 5:00 and at 6:00 UTC.
        Assert.Equal(
            ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"], Next("30 1 * * *", "2026-10-31T00:00:00Z", 3, "America/New_York"));
        Assert.Equal(["2026-11-01 05:00", "2026-11-01 07:00"], Next("0 * * * *", "2026-11-01T04:30:00Z", 2, "America/New_York"));
        // Asked in the second of the two, what was due in the first is over.
        Assert.Equal(["2026-11-01 07:00"], Next("*/30 * * * *", "2026-11-01T06:10:00Z", 1, "America/New_York"));
    }

    [Fact]
    public void A_day_that_a_time_zone_skips_comes_when_clocks_go_on() =>
        // Samoa had no 30 December 2011.
        Assert.Equal(["2011-12-30 10:00", "2011-12-30 22:00"], Next("0 0,12 * * *", "2011-12-29T23:00:00Z", 2, "Pacific/Apia"));

    [Theory]
    [InlineData("* * * *", "it has 4 fields, not five: minute, hour, day of the month, month, day of the week")]
    [InlineData("0 0 0 * * *", "it has 6 fields, not five: minute, hour, day of the month, month, day of the week")]
    [InlineData("@daily", "'@daily' and the like are not known; write five fields such as '0 0 * * *'")]
    [InlineData("60 * * * *", "'60' is no minute (0-59)")]
    [InlineData("0 24 * * *", "'24' is no hour (0-23)")]
    [InlineData("0 0 0 * *", "'0' is no day of the month (1-31)")]
    [InlineData("0 0 * 13 *", "'13' is no month (1-12 or JAN-DEC)")]
    [InlineData("0 0 * * 8", "'8' is no day of the week (0-7 or SUN-SAT)")]
    [InlineData("0 0 * * MONDAY", "'MONDAY' is no day of the week (0-7 or SUN-SAT)")]
    [InlineData("5-1 * * * *", "the range '5-1' goes backwards")]
    [InlineData("*/0 * * * *", "'*/0' has no step from 1 to 59 after its '/'")]
    [InlineData("1,,2 * * * *", "its minute has an empty item")]
    [InlineData("0 0 L * *", "'L' is no day of the month (1-31)")]
    [InlineData("0 0 30 2 *", "no month that it names has such a day")]
    [InlineData("0 0 31 4,6,9,11 *", "no month that it names has such a day")]
    public void What_is_no_schedule_is_said(string cron, string expected) => Assert.Equal(expected, Error(cron));

    [Fact]
    public void The_next_time_is_what_a_clock_on_the_wall_shows_first()
    {
        var random = FuzzBudget.Start(out var seed, out _);
        string[] zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"];
        // Around the days on which clocks change somewhere.
        DateTimeOffset[] starts = [At("2026-03-07T00:00Z"), At("2026-03-28T00:00Z"), At("2026-10-03T00:00Z"), At("2026-10-24T00:00Z"), At("2026-10-31T00:00Z")];
        for (var i = 0; i < 60; i++)
        {
            var (minutes, minuteText) = Pick(random, 0, 59);
            var (hours, hourText) = Pick(random, 0, 4);
            var zone = TimeZoneInfo.FindSystemTimeZoneById(zones[random.Next(zones.Length)]);
            var from = starts[random.Next(starts.Length)].AddMinutes(random.Next(24 * 60));
            bool Fits(DateTime wall) => minutes.Contains(wall.Minute) && hours.Contains(wall.Hour);
            var expected = Enumerable.Range(1, 3 * 24 * 60).Select(minute => from.AddMinutes(minute)).First(time => ShowsFirst(time, zone, Fits));
            var text = $"{minuteText} {hourText} * * *";
            Assert.True(
                Cron(text).NextAfter(from, zone) == expected,
                $"seed {seed}: {text} in {zone.Id} after {from:o} is {expected:o}, not {Cron(text).NextAfter(from, zone):o}");
        }
    }

    private static bool ShowsFirst(DateTimeOffset time, TimeZoneInfo zone, Func<DateTime, bool> fits)
    {
        var wall = TimeZoneInfo.ConvertTime(time, zone);
        if (zone.IsAmbiguousTime(wall.DateTime) && wall.Offset != zone.GetAmbiguousTimeOffsets(wall.DateTime).Max())
            return false;
        for (var skipped = TimeZoneInfo.ConvertTime(time.AddMinutes(-1), zone).DateTime.AddMinutes(1); skipped < wall.DateTime; skipped = skipped.AddMinutes(1))
        {
            if (fits(skipped))
                return true;
        }

        return fits(wall.DateTime);
    }

    private static (HashSet<int> Numbers, string Text) Pick(Random random, int min, int max)
    {
        var (first, last, step) = (random.Next(min, max + 1), max, random.Next(1, max));
        return random.Next(3) switch
        {
            0 => ([first], $"{first}"),
            1 => ([.. Enumerable.Range(first, last - first + 1)], $"{first}-{last}"),
            _ => ([.. Enumerable.Range(first, last - first + 1).Where(number => (number - first) % step == 0)], $"{first}-{last}/{step}"),
        };
    }
}
