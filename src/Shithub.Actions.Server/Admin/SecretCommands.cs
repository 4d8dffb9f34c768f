using System.CommandLine;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin secret …</c>: the context <c>secrets</c> of workflows. Nothing shows a value.</summary>
internal static class SecretCommands
{
    private static readonly Argument<string> Name = new("name") { Description = "The secret's name; case makes no difference." };

    public static Command Build()
    {
        var command = new Command(
            "secret",
            "Set, list and delete secrets, and replace the key they are sealed with. The nearest scope wins: environment, repository, owner, site.")
        {
            Set(),
            List(),
            Delete(),
            RotateKeyCommand.Build(),
        };
        command.Aliases.Add("secrets");
        return command;
    }

    private static Command Set()
    {
        var file = new Option<string?>("--file")
        {
            Description = "Read the value from this file instead of standard input or a prompt. Line ends after it do not count.",
        };
        var command = new Command("set", "Set a secret. The value is never an argument: others would see it in the list of processes.")
        {
            Name, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment, file,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var name = parse.GetValue(Name)!;
            if (WorkflowSecrets.NameComplaint(name) is { } ofName)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, ofName);
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            var (value, problem) = await SecretInput.ReadAsync(parse.GetValue(file), cancellation);
            problem ??= WorkflowSecrets.ValueComplaint(value!);
            if (problem is not null)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, problem);
            var change = await context.Get<WorkflowSecrets>().SetAsync(scope, name, value!, cancellation);
            if (change == SecretChange.TooMany)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"There are {WorkflowSecrets.PerScopeMax} secrets here already; delete one that is not needed any more.");
            }

            var created = change == SecretChange.Created;
            context.Print(
                new { name = name.ToUpperInvariant(), environment = scope.Environment, created },
                ("name", name.ToUpperInvariant()), ("environment", scope.Environment), ("created", CommandText.Of(created)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The names of the secrets of one scope.")
        {
            ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            context.PrintList(
                await context.Get<WorkflowSecrets>().ListAsync(scope, cancellation),
                "There is no secret here.",
                ("NAME", row => row.Name), ("ENVIRONMENT", row => row.Environment), ("UPDATED", row => CommandText.Of(row.UpdatedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a secret. Logs stay scrubbed of what jobs were given before.")
        {
            Name, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, ScopeOptions.Environment,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindScopeAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            if (!await context.Get<WorkflowSecrets>().DeleteAsync(scope, parse.GetValue(Name)!, cancellation))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"There is no secret {parse.GetValue(Name)} here. See: shithubd admin secret list");
            }

            var name = parse.GetValue(Name)!.ToUpperInvariant();
            context.Print(new { name, deleted = true }, ("name", name), ("deleted", "yes"));
            return CommandContext.Done;
        });
        return command;
    }

    private static async Task<(SecretScope? Scope, int ExitCode)> FindScopeAsync(
        CommandContext context, ParseResult parse, CancellationToken cancellation)
    {
        var (scope, exitCode) = await ScopeOptions.FindAsync(context, parse, cancellation);
        return (scope is null ? null : new SecretScope(scope.OwnerId, scope.RepoId, scope.Environment), exitCode);
    }
}
