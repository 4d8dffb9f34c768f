using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Reads <c>on.schedule</c>.</summary>
internal sealed class ScheduleReader(NodeReader reader)
{
    private const string Form = "write '- cron: ''30 5 * * 1''' lines below it";

    public IReadOnlyList<ScheduleTrigger> Read(Field options, SourcePosition at)
    {
        if (options.IsNull)
        {
            reader.MissingKey(at, options.Path, "'schedule' has no times", Form);
            return [];
        }

        if (options.Value is not YamlSequence sequence)
        {
            reader.WrongType(options.Value, options.Path, "a list", Form);
            return [];
        }

        if (sequence.Items.Count == 0)
            reader.Invalid(sequence, options.Path, $"'{options.Path}' is an empty list");
        return [.. NodeReader.Items(options, sequence).Select(ReadEntry).OfType<ScheduleTrigger>()];
    }

    private ScheduleTrigger? ReadEntry(Field entry)
    {
        if (reader.Mapping(entry.Value, entry.Path, Form) is not { } mapping)
            return null;
        string? cron = null;
        string? zone = null;
        foreach (var field in reader.Fields(mapping, entry.Path, KeySet.Schedule))
        {
            if (field.Name == "cron")
                cron = ReadCron(field);
            else
                zone = ReadTimeZone(field);
        }

        if (mapping.Find("cron") is null)
            reader.MissingKey(mapping.Position, entry.Path, "an entry of 'schedule' has no 'cron'", Form);
        return cron is null ? null : new ScheduleTrigger(cron, zone, mapping.Position);
    }

    private string? ReadCron(Field field)
    {
        if (reader.PlainText(field) is not { } text)
            return null;
        if (CronSchedule.TryParse(text, out var schedule, out var error))
            return schedule.Text;
        reader.Invalid(
            field.Value, field.Path, $"'{YamlReader.Show(text)}' is not a cron schedule: {error}",
            text.StartsWith("$cron-", StringComparison.Ordinal) ? "this stands for a time in GitHub's templates; write one such as '30 5 * * 1'" : null);
        return null;
    }

    private string? ReadTimeZone(Field field)
    {
        if (reader.PlainText(field) is not { } name)
            return null;
        // Windows' names ('Pacific Standard Time') are found too where the system has a table of them; a file must mean the same everywhere.
        if (name.Contains('/') || name is "UTC" or "GMT")
        {
            if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out _))
                return name;
        }

        reader.Invalid(
            field.Value, field.Path, $"'{YamlReader.Show(name)}' is no time zone of the IANA database",
            (reader.Diagnostics.IsFull ? null : NearestName.Suggest(name, TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id)))
            ?? "write one such as 'Europe/Berlin' or 'UTC'");
        return null;
    }
}
