using System.CommandLine;
using Shithub.Actions.Server.Queue;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin job …</c></summary>
internal static class JobCommands
{
    public static Command Build() => new("job", "Move jobs in the queue.") { Prioritize() };

    private static Command Prioritize()
    {
        var id = new Option<long>("--id") { Description = "The job's id.", Required = true };
        var undo = new Option<bool>("--undo") { Description = "Back in line." };
        var command = new Command(
            "prioritize", "Send a job ahead of everybody's. It still waits for what it needs, and switches and caps still hold it back.")
        {
            id,
            undo,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var priority = parse.GetValue(undo) ? 0 : PrioritizeJob.Express;
            if (!await context.Get<PrioritizeJob>().ExecuteAsync(parse.GetValue(id), cancellation, priority))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"There is no job {parse.GetValue(id)} that waits. See: shithubd admin runner queue --explain");
            }

            context.Print(
                new { id = parse.GetValue(id), priority }, ("id", CommandText.Of(parse.GetValue(id))),
                ("place", parse.GetValue(undo) ? "in line" : "ahead of all"));
            return CommandContext.Done;
        });
        return command;
    }
}
