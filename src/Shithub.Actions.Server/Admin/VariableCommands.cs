using System.CommandLine;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin variable …</c>: the context <c>vars</c> of workflows.</summary>
internal static class VariableCommands
{
    private static readonly Argument<string> Name = new("name") { Description = "The variable's name." };

    public static Command Build() => new("variable", "Set, list and delete configuration variables. The nearest scope wins: environment, repository, owner, site.")
    {
        Set(),
        List(),
        Delete(),
    };

    private static Command Set()
    {
        var value = new Argument<string>("value") { Description = "Its value. Anybody who may run a workflow can read it: it is no secret." };
        var command = new Command("set", "Set a variable.") { Name, value, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (Variables.Complaint(parse.GetValue(Name)!, parse.GetValue(value)!) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            if (!await context.Get<Variables>().SetAsync(scope, parse.GetValue(Name)!, parse.GetValue(value)!, cancellation))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"There are {Variables.PerScopeMax} variables here already; delete one that is not needed any more.");
            }

            context.Print(
                new { name = parse.GetValue(Name), value = parse.GetValue(value) },
                ("name", parse.GetValue(Name)), ("value", parse.GetValue(value)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The variables of one scope.") { ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            context.PrintList(
                await context.Get<Variables>().ListAsync(scope, cancellation),
                "There is no variable here.",
                ("NAME", row => row.Name), ("VALUE", row => row.Value), ("UPDATED", row => CommandText.Of(row.UpdatedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a variable.") { Name, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            if (!await context.Get<Variables>().DeleteAsync(scope, parse.GetValue(Name)!, cancellation))
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no variable {parse.GetValue(Name)} here. See: shithubd admin variable list");
            context.Print(new { name = parse.GetValue(Name), deleted = true }, ("name", parse.GetValue(Name)), ("deleted", "yes"));
            return CommandContext.Done;
        });
        return command;
    }

    private static async Task<(VariableScope? Scope, int ExitCode)> FindScopeAsync(
        CommandContext context, ParseResult parse, CancellationToken cancellation)
    {
        var (scope, exitCode) = await ScopeOptions.FindAsync(context, parse, cancellation);
        return (scope is null ? null : new VariableScope(scope.OwnerId, scope.RepoId, scope.Environment), exitCode);
    }
}
