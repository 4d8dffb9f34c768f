using System.CommandLine;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin actions …</c></summary>
internal static class ActionsCommands
{
    public static Command Build() => new("actions", "Work on workflows.")
    {
        Parse(),
        EvalCommand.Build(),
        PlanCommand.Build(),
        MigrateWorkflowsCommand.Build(),
        Approve(),
        Switch("enable", "Let jobs run again.", enabled: true),
        Switch("disable", "Hold queued jobs back and start no new runs. Jobs that run go on.", enabled: false),
    };

    private static Command Approve()
    {
        var run = new Option<long>("--run") { Description = "The run's id.", Required = true };
        var head = new Option<string?>("--head-sha") { Description = "The commit that you have looked at: a run of another one is refused." };
        var command = new Command("approve", "Let the run of a pull request from somebody without write access go. It gets no secrets.") { run, head };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var id = parse.GetValue(run);
            var outcome = await context.Get<ApproveRun>().ExecuteAsync(id, null, parse.GetValue(head), cancellation);
            if (outcome.Result == ApprovalResult.Refused)
                return CommandContext.Fail(parse, CommandContext.Refused, outcome.Detail!);
            var found = (await context.Get<ReadRuns>().FindAsync(id, cancellation))!;
            context.Print(
                new { run_id = id, found.HeadSha, status = found.Status, approved_at = found.ApprovedAt },
                ("run", CommandText.Of(id)), ("commit", found.HeadSha), ("status", found.Status), ("approved", CommandText.Of(found.ApprovedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Switch(string name, string description, bool enabled)
    {
        var owner = new Option<string?>("--owner") { Description = "Of this user or organization; for one repository see 'repo disable-actions'." };
        var site = new Option<bool>("--site") { Description = "Of everybody." };
        var command = new Command(name, description) { owner, site };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var policy = context.Get<ActionsPolicy>();
            var ownerName = parse.GetValue(owner);
            if ((ownerName is null) == !parse.GetValue(site))
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "Say whose: either --owner NAME or --site.");
            if (ownerName is null)
            {
                await policy.SetSiteAsync(enabled, cancellation);
            }
            else
            {
                if (await context.Get<Owners>().FindAsync(ownerName, cancellation) is not { } found)
                    return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user or organization {ownerName}.");
                await policy.SetOwnerAsync(found.Id, enabled, cancellation);
            }

            context.Print(
                new { scope = ownerName ?? "site", actions_enabled = enabled },
                ("scope", ownerName ?? "site"), ("actions", enabled ? "enabled" : "disabled"));
            return CommandContext.Done;
        });
        return command;
    }

    /// <summary>Needs no server and no settings. Exit codes: 0 the workflow is good, 1 the file can't be read, 2 it has errors.</summary>
    private static Command Parse()
    {
        var file = new Argument<string>("file") { Description = "A workflow file; - for standard input." };
        var command = new Command(
            "parse", "Check a workflow file: its problems on standard error, its canonical JSON on standard output. "
            + "Exit code 1: it can't be read, 2: it has errors.")
        {
            file,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            var path = parse.GetValue(file)!;
            byte[] bytes;
            try
            {
                bytes = await CommandFile.ReadAsync(path, WorkflowLimits.MaxFileBytes, cancellation);
            }
            catch (Exception error) when (CommandFile.IsUnreadable(error))
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{path} can't be read: {error.Message}");
            }

            var result = WorkflowReader.Parse(path, bytes);
            foreach (var diagnostic in result.Diagnostics)
                parse.InvocationConfiguration.Error.WriteLine(diagnostic);
            if (result.Workflow is not { } workflow)
                return CommandContext.Refused;
            parse.InvocationConfiguration.Output.WriteLine(WorkflowJson.Write(workflow));
            return CommandContext.Done;
        });
        return command;
    }
}
