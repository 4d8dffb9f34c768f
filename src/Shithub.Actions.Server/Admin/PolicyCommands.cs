using System.CommandLine;
using System.Globalization;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin policy …</c>: switches and caps of the site, of owners and of repositories.</summary>
internal static class PolicyCommands
{
    private const string NoCap = "none";

    public static Command Build() => new("policy", "See and set who may run how much.") { Show(), Set() };

    private static Command Show()
    {
        var command = new Command("show", "A policy as its scope has it; what is not set, the wider scope decides.")
        {
            ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            Print(context, scope, await context.Get<ActionsPolicy>().GetAsync(scope, cancellation));
            return CommandContext.Done;
        });
        return command;
    }

    private static Command Set()
    {
        var enabled = new Option<bool?>("--enabled") { Description = "false is a hard stop that queued jobs obey too." };
        var running = CapOption("--max-running", "Jobs that run at once: of an owner, all its repositories together; of the site, of each owner that has no cap of its own.");
        var ofRepositories = CapOption("--max-running-per-repository", "Of the site or an owner: jobs that each repository without a cap of its own runs at once.");
        var queued = CapOption("--max-queued", "Jobs of a repository that wait or are queued. A run that would pass it ends at once and says so.");
        var triggers = CapOption("--max-triggers-per-hour", "Events of one actor that start runs. A run beyond it ends at once and says so.");
        var command = new Command("set", "Change a policy. Caps are numbers, or 'none' to leave it to the wider scope.")
        {
            ScopeOptions.Repo, ScopeOptions.Owner, ScopeOptions.Site, enabled, running, ofRepositories, queued, triggers,
        };
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            var (scope, exitCode) = await FindAsync(context, parse, cancellation);
            if (scope is null)
                return exitCode;
            foreach (var option in (Option<string?>[])[running, ofRepositories, queued, triggers])
            {
                if (parse.GetValue(option) is { } text && !TryCap(text, out _))
                    return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{option.Name}: '{text}' is neither a number from 0 nor '{NoCap}'.");
            }

            CapChange Cap(Option<string?> option) => parse.GetValue(option) is { } text && TryCap(text, out var cap) ? CapChange.To(cap) : default;
            var change = new PolicyChange
            {
                Enabled = parse.GetValue(enabled),
                MaxRunning = Cap(running),
                MaxRunningPerRepository = Cap(ofRepositories),
                MaxQueued = Cap(queued),
                MaxTriggersPerHour = Cap(triggers),
            };
            if (!change.Fits(scope))
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "A repository has --max-running only.");
            var policy = await context.Get<ActionsPolicy>().ChangeAsync(scope, old => change.Of(scope, old), cancellation);
            Print(context, scope, policy);
            return CommandContext.Done;
        });
        return command;
    }

    private static Option<string?> CapOption(string name, string description) => new(name) { Description = description, HelpName = "N|none" };

    private static bool TryCap(string text, out int? cap)
    {
        cap = null;
        if (string.Equals(text, NoCap, StringComparison.OrdinalIgnoreCase))
            return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        cap = number;
        return true;
    }

    private static async Task<(PolicyScope? Scope, int ExitCode)> FindAsync(
        CommandContext context, ParseResult parse, CancellationToken cancellation)
    {
        // Without a scope it is the site's.
        if (parse.GetValue(ScopeOptions.Repo) is null && parse.GetValue(ScopeOptions.Owner) is null)
            return (PolicyScope.Site, CommandContext.Done);
        var (scope, exitCode) = await ScopeOptions.FindAsync(context, parse, cancellation);
        return scope switch
        {
            null => (null, exitCode),
            { RepoId: { } repo } => (PolicyScope.OfRepository(repo, parse.GetValue(ScopeOptions.Repo)), exitCode),
            _ => (PolicyScope.OfOwner(scope.OwnerId!.Value, parse.GetValue(ScopeOptions.Owner)), exitCode),
        };
    }

    private static void Print(CommandContext context, PolicyScope scope, PolicyRow policy)
    {
        var name = scope.Name ?? "site";
        if (scope.RepoId is not null)
        {
            context.Print(
                new { scope = name, policy.Enabled, policy.MaxRunning, policy.MaxQueued, policy.MaxTriggersPerHour },
                ("scope", name), ("actions", Switch(policy)), ("max running", Text(policy.MaxRunning)), ("max queued", Text(policy.MaxQueued)),
                ("max triggers per actor and hour", Text(policy.MaxTriggersPerHour)));
            return;
        }

        var running = scope.OwnerId is null ? policy.OwnerMaxRunning : policy.MaxRunning;
        context.Print(
            new
            {
                scope = name,
                policy.Enabled,
                max_running = running,
                max_running_per_repository = policy.RepoMaxRunning,
                policy.MaxQueued,
                policy.MaxTriggersPerHour,
            },
            ("scope", name), ("actions", Switch(policy)), (scope.OwnerId is null ? "max running of each owner" : "max running", Text(running)),
            ("max running per repository", Text(policy.RepoMaxRunning)), ("max queued per repository", Text(policy.MaxQueued)),
            ("max triggers per actor and hour", Text(policy.MaxTriggersPerHour)));
    }

    private static string Switch(PolicyRow policy) => policy.Enabled ? "enabled" : "disabled";

    private static string Text(int? cap) => cap?.ToString(CultureInfo.InvariantCulture) ?? NoCap;
}
