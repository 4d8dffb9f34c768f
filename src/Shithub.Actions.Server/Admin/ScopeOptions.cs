using System.CommandLine;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary>Options that say whose variables or secrets a command is about: exactly one of <c>--repo</c>, <c>--owner</c> and <c>--site</c>.</summary>
internal static class ScopeOptions
{
    public static Option<string?> Repo { get; } = new("--repo") { Description = "Of this repository, OWNER/NAME." };

    public static Option<string?> Owner { get; } = new("--owner") { Description = "Of this user's or organization's repositories." };

    public static Option<bool> Site { get; } = new("--site") { Description = "Of all repositories." };

    public static Option<string?> Environment { get; } = new("--environment")
    {
        Description = "Only for jobs with this environment; with --repo.",
    };

    /// <returns>Null, with the exit code, where the options are wrong or name what there is not.</returns>
    public static async Task<(CommandScope? Scope, int ExitCode)> FindAsync(
        CommandContext context, ParseResult parse, CancellationToken cancellation)
    {
        var (repo, owner, site) = (parse.GetValue(Repo), parse.GetValue(Owner), parse.GetValue(Site));
        if ((repo is null ? 0 : 1) + (owner is null ? 0 : 1) + (site ? 1 : 0) != 1)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, "Say whose: one of --repo OWNER/NAME, --owner NAME and --site."));
        var environment = parse.CommandResult.Command.Options.Contains(Environment) ? parse.GetValue(Environment) : null;
        if (environment is not null && repo is null)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, "An environment is one of a repository: --environment goes with --repo."));
        if (environment is not null && SecretScope.Complaint(environment) is { } complaint)
            return (null, CommandContext.Fail(parse, CommandContext.WrongUsage, complaint));
        if (site)
            return (new CommandScope(null, null), CommandContext.Done);
        if (repo is not null)
        {
            var repository = await RepositoryCommands.FindAsync(context, parse, repo, cancellation);
            return (repository is null ? null : new CommandScope(null, repository.Id, environment?.ToLowerInvariant()), CommandContext.Refused);
        }

        return await context.Get<Owners>().FindAsync(owner!, cancellation) is { } found
            ? (new CommandScope(found.Id, null), CommandContext.Done)
            : (null, CommandContext.Fail(parse, CommandContext.Refused, $"There is no user or organization {owner}."));
    }
}

/// <summary>At most one of the ids is set, neither means the whole site.</summary>
/// <param name="Environment">In lower case, only with <paramref name="RepoId"/>.</param>
internal sealed record CommandScope(long? OwnerId, long? RepoId, string? Environment = null);
