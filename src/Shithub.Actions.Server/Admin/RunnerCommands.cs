using System.CommandLine;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Runners;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin runner …</c>: the runner pool, as the smoke runbook describes it.</summary>
internal static class RunnerCommands
{
    private static readonly Option<long> Id = new("--id") { Description = "The runner's id, see 'runner list'.", Required = true };

    private static readonly Option<string?> Reason = new("--reason") { Description = "Shown to other operators." };

    private static readonly Option<string?> ExpiresIn = new("--expires-in")
    {
        Description = "When the token expires, such as 24h. Without it the token does not expire.",
    };

    public static Command Build() => new("runner", "Register, watch and shut out runners.")
    {
        Register(),
        List(),
        Queue(),
        Drain(),
        Undrain(),
        RotateToken(),
        CleanupStale(),
        Revoke(),
    };

    private static Command Register()
    {
        var name = new Option<string>("--name") { Description = "The runner's name, unique among active runners.", Required = true };
        var labels = new Option<string>("--labels") { Description = "Comma-separated labels that jobs may ask for.", Required = true };
        var capacity = new Option<int>("--capacity") { Description = "How many jobs it runs at once.", DefaultValueFactory = _ => 1 };
        var command = new Command("register", "Register a runner and print its token, this once.") { name, labels, capacity, ExpiresIn };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var given = parse.GetValue(labels)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (RunnerRules.CheckName(parse.GetValue(name)) is { } wrongName)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"--name: {wrongName}");
            if (RunnerRules.CheckLabels(given) is { } wrong)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"--labels: {wrong.Detail}");
            if (RunnerRules.CheckCapacity(parse.GetValue(capacity)) is { } wrongCapacity)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"--capacity: {wrongCapacity}");
            if (!CommandText.TryDuration(parse, ExpiresIn, out var expiresIn, out var exitCode))
                return exitCode;
            var runner = await context.Get<RunnerPool>().RegisterAsync(
                parse.GetValue(name)!, RunnerRules.Normalize(given), parse.GetValue(capacity), expiresIn, cancellation);
            if (runner is null)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused,
                    $"A runner named {parse.GetValue(name)} exists. Choose another name, or revoke that one first (see 'runner list').");
            }

            context.Print(
                runner,
                ("id", CommandText.Of(runner.Id)), ("name", runner.Name), ("labels", string.Join(',', runner.Labels)),
                ("capacity", CommandText.Of(runner.Capacity)), ("token", runner.Token), ("expires", CommandText.Of(runner.ExpiresAt?.UtcDateTime)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The runners and how they stand.");
        CommandContext.SetAction(command, async (context, _, cancellation) =>
        {
            var runners = await context.Get<RunnerList>().ListAsync(context.Settings.Runners.StaleAfter, cancellation);
            context.PrintList(
                runners,
                "No runner is registered. Register one: shithubd admin runner register --name runner-1 --labels ubuntu-latest",
                ("ID", row => CommandText.Of(row.Id)), ("NAME", row => row.Name), ("STATUS", row => row.Status),
                ("JOBS", row => $"{row.ActiveJobs}/{row.Capacity}"), ("LABELS", row => string.Join(',', row.Labels)),
                ("LAST HEARTBEAT", row => CommandText.Of(row.LastHeartbeatAt)), ("HOST", row => row.HostName), ("VERSION", row => row.Version),
                ("REASON", row => row.RevokeReason ?? row.DrainReason ?? (row.NotClaiming is { } why ? $"not claiming: {why}" : null)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Queue()
    {
        var explain = new Option<bool>("--explain") { Description = "Say of each waiting job, the oldest first, why each runner does not take it." };
        var job = new Option<long?>("--job") { Description = "With --explain: only of this job." };
        var command = new Command("queue", "The queued jobs by the labels they ask for.") { explain, job };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (parse.GetValue(explain) || parse.GetValue(job) is not null)
                return await ExplainAsync(context, parse, parse.GetValue(job), cancellation);
            var queue = await context.Get<RunnerList>().QueueAsync(context.Settings.Runners.StaleAfter, cancellation);
            context.PrintList(
                queue,
                "No job is queued.",
                ("LABELS", row => string.Join(',', row.Labels)), ("QUEUED", row => CommandText.Of(row.Queued)),
                ("OLDEST", row => CommandText.Of(row.OldestQueuedAt)), ("MATCHING RUNNERS", row => CommandText.Of(row.MatchingRunners)),
                ("ONLINE", row => CommandText.Of(row.OnlineRunners)));
            return CommandContext.Done;
        });
        return command;
    }

    private static async Task<int> ExplainAsync(CommandContext context, ParseResult parse, long? jobId, CancellationToken cancellation)
    {
        var explain = context.Get<ExplainJob>();
        var explanations = new List<ExplainResponse>();
        foreach (var id in jobId is { } only ? [only] : await explain.WaitingJobsAsync(ExplainedJobsMax, cancellation))
        {
            if (await explain.ExecuteAsync(id, context.Settings.Runners.StaleAfter, cancellation) is { } found)
                explanations.Add(ExplainResponse.Of(found));
        }

        if (jobId is not null && explanations.Count == 0)
            return CommandContext.Fail(parse, CommandContext.Refused, $"There is no job {jobId}.");
        if (context.IsJson)
        {
            context.PrintList(explanations, "");
            return CommandContext.Done;
        }

        var lines = explanations.SelectMany(job => (IEnumerable<ExplainLine>)[
            .. job.Obstacles.Select(obstacle => new ExplainLine(job.JobId, job.Status, "(all)", obstacle.Detail, obstacle.Remedy)),
            .. job.Runners.SelectMany(runner => runner.TakesIt
                ? [new ExplainLine(job.JobId, job.Status, runner.Name, "takes it next", "")]
                : runner.Obstacles.Select(obstacle => new ExplainLine(
                    job.JobId, job.Status, runner.Name, obstacle.Note is null ? obstacle.Detail : $"{obstacle.Detail} ({obstacle.Note})", obstacle.Remedy))),
        ]).ToList();
        context.PrintList(
            lines, "No job waits, or no runner is registered.",
            ("JOB", row => CommandText.Of(row.Job)), ("STATUS", row => row.Status), ("RUNNER", row => row.Runner), ("WHY NOT", row => row.Why),
            ("WHAT WOULD CHANGE IT", row => row.Remedy));
        return CommandContext.Done;
    }

    private static Command Drain()
    {
        var command = new Command("drain", "Let a runner finish its jobs and claim no more.") { Id, Reason };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
            await context.Get<RunnerPool>().DrainAsync(parse.GetValue(Id), parse.GetValue(Reason), cancellation)
                ? Report(context, parse, "draining")
                : NoSuchRunner(parse));
        return command;
    }

    private static Command Undrain()
    {
        var command = new Command("undrain", "Let a drained runner claim again.") { Id };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
            await context.Get<RunnerPool>().UndrainAsync(parse.GetValue(Id), cancellation)
                ? Report(context, parse, "claiming")
                : NoSuchRunner(parse));
        return command;
    }

    private static Command RotateToken()
    {
        var command = new Command("rotate-token", "Replace a runner's token. Its running jobs go on; the old token claims nothing more.")
        {
            Id,
            ExpiresIn,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (!CommandText.TryDuration(parse, ExpiresIn, out var expiresIn, out var exitCode))
                return exitCode;
            if (await context.Get<RunnerPool>().RotateTokenAsync(parse.GetValue(Id), expiresIn, cancellation) is not { } rotated)
                return NoSuchRunner(parse);
            context.Print(
                new RotatedToken(parse.GetValue(Id), rotated.Token, rotated.ExpiresAt),
                ("id", CommandText.Of(parse.GetValue(Id))), ("token", rotated.Token), ("expires", CommandText.Of(rotated.ExpiresAt?.UtcDateTime)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command CleanupStale()
    {
        var olderThan = new Option<string>("--older-than")
        {
            Description = "Mark runners offline that were not heard of for this long, such as 2m.",
            DefaultValueFactory = _ => "2m",
        };
        var command = new Command("cleanup-stale", "Mark stale runners offline. A heartbeat brings them back.") { olderThan };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            if (!CommandText.TryDuration(parse, olderThan!, out var age, out var exitCode))
                return exitCode;
            var stale = await context.Get<RunnerPool>().CleanUpStaleAsync(age!.Value, cancellation);
            context.PrintList(
                stale, "No runner is stale.",
                ("ID", row => CommandText.Of(row.Id)), ("NAME", row => row.Name), ("LAST HEARTBEAT", row => CommandText.Of(row.LastHeartbeatAt)));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Revoke()
    {
        var command = new Command("revoke", "Shut a runner out for good: its tokens fail and its jobs are taken from it.") { Id, Reason };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var taken = await context.Get<RunnerPool>().RevokeAsync(parse.GetValue(Id), parse.GetValue(Reason), cancellation);
            if (taken is null)
                return NoSuchRunner(parse);
            context.Print(
                new Revocation(parse.GetValue(Id), "revoked", [.. taken.Select(job => new TakenJob(job.JobId, RescueRules.MetricName(job.Outcome)))]),
                ("id", CommandText.Of(parse.GetValue(Id))), ("status", "revoked"),
                ("jobs", taken.Count == 0
                    ? "none were running"
                    : string.Join(", ", taken.Select(job => $"{job.JobId} {RescueRules.MetricName(job.Outcome)}"))));
            return CommandContext.Done;
        });
        return command;
    }

    private static int Report(CommandContext context, ParseResult parse, string status)
    {
        context.Print(new RunnerStatus(parse.GetValue(Id), status), ("id", CommandText.Of(parse.GetValue(Id))), ("status", status));
        return CommandContext.Done;
    }

    private static int NoSuchRunner(ParseResult parse) => CommandContext.Fail(
        parse, CommandContext.Refused, $"There is no runner {parse.GetValue(Id)}, or it is revoked. See: shithubd admin runner list");

    private const int ExplainedJobsMax = 20;

    private sealed record ExplainLine(long Job, string Status, string Runner, string Why, string Remedy);

    private sealed record RunnerStatus(long Id, string Status);

    private sealed record RotatedToken(long Id, string Token, DateTimeOffset? ExpiresAt);

    private sealed record Revocation(long Id, string Status, IReadOnlyList<TakenJob> Jobs);

    private sealed record TakenJob(long JobId, string Outcome);
}
