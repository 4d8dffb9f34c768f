using System.CommandLine;
using System.Text.Json;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin audit …</c></summary>
internal static class AuditCommands
{
    public static Command Build() => new("audit", "See who decided what.") { List() };

    private static Command List()
    {
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Only what came before the entry with this id: the next page." };
        var actor = new Option<string?>("--actor") { Description = "Only by this user or operator." };
        var verb = new Option<string?>("--verb") { Description = "Only this, such as runner.drain." };
        var command = new Command("list", "The audit log, newest first.") { limit, before, actor, verb };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (parse.GetValue(limit) is < 1 or > ReadAudit.PageMax)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"--limit is 1 to {ReadAudit.PageMax}.");
            var entries = await context.Get<ReadAudit>().ListAsync(
                parse.GetValue(before), parse.GetValue(actor), parse.GetValue(verb), parse.GetValue(limit), cancellation);
            context.PrintList(
                [.. entries.Select(Entry.Of)], "Nothing was decided.",
                ("ID", row => CommandText.Of(row.Id)), ("AT", row => CommandText.Of(row.At)), ("WHO", row => $"{row.ActorName} ({row.ActorKind})"),
                ("FROM", row => row.Origin), ("VERB", row => row.Verb), ("ON", row => $"{row.ObjectType} {row.ObjectName ?? CommandText.Of(row.ObjectId ?? 0)}"), ("DETAILS", row => row.Details.GetRawText()));
            return CommandContext.Done;
        });
        return command;
    }

    private sealed record Entry(
        long Id, DateTime At, string ActorKind, long? ActorId, string ActorName, long? TokenId, string Verb, string ObjectType, long? ObjectId,
        string? ObjectName, string? Origin, string? Client, JsonElement Details)
    {
        public static Entry Of(AuditRow row) => new(
            row.Id, row.At, row.ActorKind, row.ActorId, row.ActorName, row.TokenId, row.Verb, row.ObjectType, row.ObjectId, row.ObjectName,
            row.Origin, row.Client, JsonDocument.Parse(row.Details).RootElement);
    }
}
