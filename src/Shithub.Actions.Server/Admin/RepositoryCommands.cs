using System.CommandLine;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin repo …</c></summary>
internal static class RepositoryCommands
{
    private static readonly Argument<string> FullName = new("repository") { Description = "OWNER/NAME." };

    public static Command Build() => new("repo", "Create, list and delete repositories, and say who may do what with them.")
    {
        Create(),
        Fork(),
        List(),
        Set(),
        Delete(),
        AddCollaborator(),
        RemoveCollaborator(),
        SetActions("enable-actions", "Let the repository's jobs run.", enabled: true),
        SetActions("disable-actions", "Hold the repository's queued jobs back and start no new runs.", enabled: false),
    };

    /// <summary>The repository that OWNER/NAME means, or null after saying that there is none.</summary>
    public static async Task<Repository?> FindAsync(
        CommandContext context, ParseResult parse, string fullName, CancellationToken cancellation)
    {
        if (fullName.Split('/') is [var owner, var name]
            && await context.Get<RepositoryStore>().FindAsync(owner, name, cancellation) is { } repository)
            return repository;
        CommandContext.Fail(
            parse, CommandContext.Refused, $"There is no repository {fullName}; name it as OWNER/NAME. See: shithubd admin repo list");
        return null;
    }

    private static Command Fork()
    {
        var owner = new Argument<string>("owner") { Description = "The user or organization to fork it for." };
        var name = new Option<string?>("--name") { Description = "The fork's name; the original's where it is left out." };
        var command = new Command("fork", "Copy a repository for somebody who proposes changes from there.") { FullName, owner, name };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } source)
                return CommandContext.Refused;
            var forkName = parse.GetValue(name) ?? source.Name;
            if (RepositoryName.Complaint(forkName) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            if (await context.Get<Owners>().FindAsync(parse.GetValue(owner)!, cancellation) is not { } target)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user or organization {parse.GetValue(owner)}.");
            if (await context.Get<RepositoryStore>().ForkAsync(source, target.Id, forkName, cancellation) is not { } fork)
                return CommandContext.Fail(parse, CommandContext.Refused, $"{target.Name} has a repository named {forkName}.");
            context.Print(
                new { id = fork.Id, repository = fork.FullName, fork_of = source.FullName },
                ("id", CommandText.Of(fork.Id)), ("repository", fork.FullName), ("fork of", source.FullName));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Create()
    {
        var isPublic = new Option<bool>("--public") { Description = "Everybody may read it." };
        var branch = new Option<string>("--default-branch") { Description = "Its default branch.", DefaultValueFactory = _ => "trunk" };
        var command = new Command("create", "Create an empty repository.") { FullName, isPublic, branch };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (parse.GetValue(FullName)!.Split('/') is not [var ownerName, var name])
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "Name the repository as OWNER/NAME.");
            if (RepositoryName.Complaint(name) is { } complaint)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            if (!RefName.IsBranchOrTag(RefName.Branches + parse.GetValue(branch)))
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "--default-branch: a branch name that git accepts, without refs/heads/.");
            if (await context.Get<Owners>().FindAsync(ownerName, cancellation) is not { } owner)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"There is no user or organization {ownerName}. Create one: shithubd admin user create {ownerName}");
            }

            try
            {
                var made = await context.Get<RepositoryStore>().CreateAsync(
                    owner.Id, name, !parse.GetValue(isPublic), parse.GetValue(branch)!, cancellation);
                if (made is null)
                    return CommandContext.Fail(parse, CommandContext.Refused, $"{owner.Name} has a repository {name}. Choose another name.");
                var response = RepositoryResponse.Of(made, context.Get<PublicUrl>());
                context.Print(
                    response, ("id", CommandText.Of(made.Id)), ("repository", made.FullName), ("private", CommandText.Of(made.IsPrivate)),
                    ("clone url", response.CloneUrl));
                return CommandContext.Done;
            }
            catch (GitException error)
            {
                return CommandContext.Fail(parse, CommandContext.Refused, error.Message);
            }
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The repositories.");
        CommandContext.SetAction(command, async (context, _, cancellation) =>
        {
            var url = context.Get<PublicUrl>();
            var found = await context.Get<RepositoryStore>().ListAsync(null, int.MaxValue, cancellation);
            context.PrintList(
                found.Select(repository => RepositoryResponse.Of(repository, url)).ToList(),
                "There is no repository. Create one: shithubd admin repo create OWNER/NAME",
                ("ID", row => CommandText.Of(row.Id)), ("REPOSITORY", row => row.FullName), ("PRIVATE", row => CommandText.Of(row.Private)),
                ("BRANCH", row => row.DefaultBranch), ("ACTIONS", row => row.ActionsEnabled ? "enabled" : "disabled"));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Set()
    {
        var github = new Option<string>("--github-workflows")
        {
            Description = "on: where a commit has no .shithub/workflows, the files in .github/workflows are its workflows. off: they are not.",
        }.AcceptOnlyFromAmong("on", "off");
        var command = new Command("set", "Change a repository's settings.") { FullName, github };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (parse.GetValue(github) is not { } given)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "Say what to set: --github-workflows on or off.");
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            await context.Get<RepositoryStore>().SetGitHubWorkflowsAsync(repository.Id, given == "on", cancellation);
            context.Print(
                new { repository = repository.FullName, github_workflows = given == "on" },
                ("repository", repository.FullName), ("github workflows", given));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a repository with its runs. There is no way back.") { FullName };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            await context.Get<RepositoryStore>().DeleteAsync(repository.Id, cancellation);
            context.Print(new { repository = repository.FullName, deleted = true }, ("repository", repository.FullName), ("deleted", "yes"));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command AddCollaborator()
    {
        var user = new Argument<string>("user") { Description = "The user's name." };
        var permission = new Option<string>("--permission") { Description = "read, write or admin.", DefaultValueFactory = _ => "write" }
            .AcceptOnlyFromAmong("read", "write", "admin");
        var command = new Command("add-collaborator", "Give a user a permission on a repository.") { FullName, user, permission };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            if (await context.Get<Owners>().FindAsync(parse.GetValue(user)!, cancellation) is not { Kind: Owner.User } found)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {parse.GetValue(user)}. See: shithubd admin user list");
            await context.Get<Collaborators>().SetAsync(
                repository.Id, found.Id, PermissionNames.Parse(parse.GetValue(permission)!)!.Value, cancellation);
            context.Print(
                new { repository = repository.FullName, user = found.Name, permission = parse.GetValue(permission) },
                ("repository", repository.FullName), ("user", found.Name), ("permission", parse.GetValue(permission)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command RemoveCollaborator()
    {
        var user = new Argument<string>("user") { Description = "The user's name." };
        var command = new Command("remove-collaborator", "Take a user's permission on a repository back.") { FullName, user };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            if (await context.Get<Owners>().FindAsync(parse.GetValue(user)!, cancellation) is not { } found
                || !await context.Get<Collaborators>().RemoveAsync(repository.Id, found.Id, cancellation))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"{parse.GetValue(user)} is no collaborator of {repository.FullName}.");
            }

            context.Print(
                new { repository = repository.FullName, user = found.Name, permission = "none" },
                ("repository", repository.FullName), ("user", found.Name), ("permission", "none"));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command SetActions(string name, string description, bool enabled)
    {
        var command = new Command(name, description) { FullName };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await FindAsync(context, parse, parse.GetValue(FullName)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            await context.Get<ActionsPolicy>().SetRepositoryAsync(repository.Id, enabled, cancellation);
            context.Print(
                new { repository = repository.FullName, actions_enabled = enabled },
                ("repository", repository.FullName), ("actions", enabled ? "enabled" : "disabled"));
            return CommandContext.Done;
        });
        return command;
    }
}
