using System.CommandLine;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin secret …</c>: the context <c>secrets</c> of workflows. Nothing shows a value.</summary>
internal static class SecretCommands
{
    private static readonly Argument<string> Name = new("name") { Description = "The secret's name; case makes no difference." };

    private static readonly Option<string?> Environment = new("--environment")
    {
        Description = "Only for jobs with this environment; with --repo.",
    };

    public static Command Build() =>
        new("secret", "Set, list and delete secrets. The nearest scope wins: environment, repository, owner, site.")
        {
            Set(),
            List(),
            Delete(),
        };

    private static Command Set()
    {
        var file = new Option<string?>("--file")
        {
            Description = "Read the value from this file instead of standard input or a prompt. Line ends after it do not count.",
        };
        var command = new Command("set", "Set a secret. The value is never an argument: others would see it in the list of processes.")
        {
            Name, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, Environment, file,
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
            ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, Environment,
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
            Name, ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, Environment,
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
        var environment = parse.GetValue(Environment);
        if (environment is not null && parse.GetValue(ScopeOptions.Repo) is null)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, "An environment is one of a repository: --environment goes with --repo."));
        if (environment is not null && SecretScope.Complaint(environment) is { } complaint)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, complaint));
        var (scope, exitCode) = await ScopeOptions.FindAsync(context, parse, cancellation);
        return (scope is null ? null : new SecretScope(scope.OwnerId, scope.RepoId, environment?.ToLowerInvariant()), exitCode);
    }
}
