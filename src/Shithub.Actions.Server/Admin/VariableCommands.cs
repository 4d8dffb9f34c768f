using System.CommandLine;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin variable …</c>: the context <c>vars</c> of workflows.</summary>
internal static class VariableCommands
{
    private static readonly Option<string?> Repo = new("--repo") { Description = "Of this repository, OWNER/NAME." };
    private static readonly Option<string?> OwnerOption = new("--owner") { Description = "Of this user's or organization's repositories." };
    private static readonly Option<bool> Site = new("--site") { Description = "Of all repositories." };
    private static readonly Argument<string> Name = new("name") { Description = "The variable's name." };

    public static Command Build() => new("variable", "Set, list and delete configuration variables. The nearest scope wins.")
    {
        Set(),
        List(),
        Delete(),
    };

    private static Command Set()
    {
        var value = new Argument<string>("value") { Description = "Its value. Anybody who may run a workflow can read it: it is no secret." };
        var command = new Command("set", "Set a variable.") { Name, value, Repo, OwnerOption, Site };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (Variables.Complaint(parse.GetValue(Name)!, parse.GetValue(value)!) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            await context.Get<Variables>().SetAsync(scope, parse.GetValue(Name)!, parse.GetValue(value)!, cancellation);
            context.Print(
                new { name = parse.GetValue(Name), value = parse.GetValue(value) },
                ("name", parse.GetValue(Name)), ("value", parse.GetValue(value)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The variables of one scope.") { Repo, OwnerOption, Site };
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
        var command = new Command("delete", "Delete a variable.") { Name, Repo, OwnerOption, Site };
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
        var (repo, owner, site) = (parse.GetValue(Repo), parse.GetValue(OwnerOption), parse.GetValue(Site));
        if ((repo is null ? 0 : 1) + (owner is null ? 0 : 1) + (site ? 1 : 0) != 1)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, "Say whose: one of --repo OWNER/NAME, --owner NAME and --site."));
        if (site)
            return (VariableScope.Site, CommandContext.Done);
        if (repo is not null)
        {
            var repository = await RepositoryCommands.FindAsync(context, parse, repo, cancellation);
            return (repository is null ? null : VariableScope.OfRepository(repository.Id), CommandContext.Refused);
        }

        return await context.Get<Owners>().FindAsync(owner!, cancellation) is { } found
            ? (VariableScope.OfOwner(found.Id), CommandContext.Done)
            : (null, CommandContext.Fail(parse, CommandContext.Refused, $"There is no user or organization {owner}."));
    }
}
