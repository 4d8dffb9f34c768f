using System.CommandLine;
using System.Globalization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Environments;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin environment …</c>: what holds jobs back that name an environment.</summary>
internal static class EnvironmentCommands
{
    private static readonly Argument<string> Name = new("name") { Description = "The environment's name; case makes no difference." };

    private static readonly Option<string> Repo = new("--repo") { Description = "Of this repository, OWNER/NAME.", Required = true };

    public static Command Build() => new("environment", "Rules for jobs that name an environment: reviewers, waits, branches.")
    {
        Set("create", "Make an environment.", mustExist: false),
        Set("set", "Set an environment's rules; what is left out is no rule.", mustExist: true),
        List(),
        Delete(),
        Review(),
    };

    private static Command Set(string verb, string description, bool mustExist)
    {
        var wait = new Option<int>("--wait-minutes") { Description = "A job waits this long before it starts." };
        var reviewers = new Option<string[]>("--reviewer") { Description = "One of these users has to approve. Repeatable." };
        var branches = new Option<string[]>("--branch")
        {
            Description = "Only these may use it: patterns of branches, or of refs in full, such as refs/tags/v*. Repeatable.",
        };
        var command = new Command(verb, description) { Name, Repo, wait, reviewers, branches };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var name = parse.GetValue(Name)!;
            var (minutes, patterns) = (parse.GetValue(wait), parse.GetValue(branches) ?? []);
            var complaint = SecretScope.Complaint(name)
                ?? (minutes is < 0 or > EnvironmentStore.WaitMinutesMax ? $"--wait-minutes is 0 to {EnvironmentStore.WaitMinutesMax}." : null)
                ?? (patterns.Length > EnvironmentRules.PatternsMax ? $"--branch: at most {EnvironmentRules.PatternsMax} patterns." : null)
                ?? patterns.Select(EnvironmentRules.Complaint).FirstOrDefault(found => found is not null);
            if (complaint is not null)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
            if (await RepositoryCommands.FindAsync(context, parse, parse.GetValue(Repo)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            var store = context.Get<EnvironmentStore>();
            if (await store.FindAsync(repository.Id, name, cancellation) is null == mustExist)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    mustExist
                        ? $"{repository.FullName} has no environment {name}. Make it: shithubd admin environment create"
                        : $"{repository.FullName} has an environment {name}. Change it: shithubd admin environment set");
            }

            var (ids, unknown) = await EnvironmentEndpoints.FindReviewersAsync(context.Get<Owners>(), parse.GetValue(reviewers) ?? [], cancellation);
            if (unknown is not null)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {unknown}. See: shithubd admin user list");
            if (ids.Count > EnvironmentStore.ReviewersMax
                || !await store.SetAsync(repository.Id, name, minutes, patterns.Length == 0 ? null : patterns, ids, cancellation))
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"An environment has at most {EnvironmentStore.ReviewersMax} reviewers, a repository {EnvironmentStore.PerRepositoryMax} environments.");
            }

            var row = (await store.FindAsync(repository.Id, name, cancellation))!;
            context.Print(
                new { repository = repository.FullName, row.Name, row.WaitMinutes, row.Branches, row.Reviewers },
                ("environment", row.Name), ("wait minutes", Number(row)), ("branches", Text(row.Branches)), ("reviewers", Text(row.Reviewers)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "A repository's environments.") { Repo };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await RepositoryCommands.FindAsync(context, parse, parse.GetValue(Repo)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            context.PrintList(
                await context.Get<EnvironmentStore>().ListAsync(repository.Id, cancellation),
                "There is no environment here.",
                ("NAME", row => row.Name), ("WAIT", Number), ("BRANCHES", row => Text(row.Branches)), ("REVIEWERS", row => Text(row.Reviewers)),
                ("UPDATED", row => CommandText.Of(row.UpdatedAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete an environment's rules. Its secrets and variables stay; jobs that wait go on waiting.") { Name, Repo };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await RepositoryCommands.FindAsync(context, parse, parse.GetValue(Repo)!, cancellation) is not { } repository)
                return CommandContext.Refused;
            if (!await context.Get<EnvironmentStore>().DeleteAsync(repository.Id, parse.GetValue(Name)!, cancellation))
                return CommandContext.Fail(parse, CommandContext.Refused, $"{repository.FullName} has no environment {parse.GetValue(Name)}.");
            context.Print(new { name = parse.GetValue(Name), deleted = true }, ("environment", parse.GetValue(Name)), ("deleted", "yes"));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Review()
    {
        var run = new Option<long>("--run") { Description = "The run's id.", Required = true };
        var user = new Option<string>("--user") { Description = "The reviewer whose word it is.", Required = true };
        var reject = new Option<bool>("--reject") { Description = "Fail the jobs instead." };
        var command = new Command("review", "Approve the jobs of a run that wait for an environment.") { Name, run, user, reject };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (await context.Get<Owners>().FindAsync(parse.GetValue(user)!, cancellation) is not { } reviewer)
                return CommandContext.Fail(parse, CommandContext.Refused, $"There is no user {parse.GetValue(user)}.");
            var outcome = await context.Get<ReviewEnvironment>().ExecuteAsync(
                parse.GetValue(run), parse.GetValue(Name)!, reviewer.Id, reviewer.Name, !parse.GetValue(reject), null, cancellation);
            if (outcome.Result != ReviewResult.Done)
            {
                return CommandContext.Fail(parse, CommandContext.Refused, outcome.Result switch
                {
                    ReviewResult.NotAReviewer => $"{reviewer.Name} is no reviewer of the environment {parse.GetValue(Name)}.",
                    ReviewResult.NothingWaits => $"No job of run {parse.GetValue(run)} waits for a review of {parse.GetValue(Name)}.",
                    _ => "It was decided otherwise before.",
                });
            }

            var decision = parse.GetValue(reject) ? "rejected" : "approved";
            context.Print(
                new { run_id = parse.GetValue(run), environment = parse.GetValue(Name), decision, outcome.Jobs },
                ("run", CommandText.Of(parse.GetValue(run))), ("environment", parse.GetValue(Name)), ("decision", decision));
            return CommandContext.Done;
        });
        return command;
    }

    private static string Number(EnvironmentRow row) => row.WaitMinutes.ToString(CultureInfo.InvariantCulture);

    private static string? Text(string[]? values) => values is null or [] ? null : string.Join(", ", values);
}
