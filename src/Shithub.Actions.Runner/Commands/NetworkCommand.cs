using System.CommandLine;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Runner.Startup;

namespace Shithub.Actions.Runner.Commands;

/// <summary><c>shithubd-runner network</c>: makes, shows and removes the fence around the network that jobs have.</summary>
internal static class NetworkCommand
{
    public static Command Create()
    {
        var command = new Command("network", "Make, show and remove the fence of the network that jobs have: bridge, resolver, firewall.");
        command.Subcommands.Add(Up());
        command.Subcommands.Add(Down());
        command.Subcommands.Add(Render());
        command.Subcommands.Add(Status());
        return command;
    }

    private static Command Up()
    {
        var keep = new Option<bool>("--keep") { Description = "Stay, and make whatever ceases to hold anew; for a service." };
        var command = new Command(
            "up",
            "Make the fence as the settings say. A second time changes nothing; a changed list reaches running jobs. "
            + "Exit codes: 0 it holds, 1 configuration or usage, 2 it can't be made.")
        {
            keep,
        };
        var options = SettingsOptions.AddTo(command);
        command.SetAction((parse, _) => RunAsync(parse, options, async (settings, output, cancellationToken) =>
        {
            using var engine = await EngineStartup.ConnectAsync(settings.Engine, cancellationToken);
            var fence = new NetworkFence(FencePlan.From(settings));
            await fence.UpAsync(engine, cancellationToken);
            if (await FenceState.ProblemAsync(fence, cancellationToken) is { } problem) throw new NetworkFenceException(problem);
            await output.WriteLineAsync(
                $"The network {fence.Plan.Network} is fenced: bridge {fence.Plan.Bridge}, resolver {fence.Plan.Address}, {fence.Plan.Names.Count} names.");
            if (parse.GetValue(keep)) await new FenceKeeper(engine, () => options.LoadForHost(parse), output).RunAsync(cancellationToken);
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command Down()
    {
        var command = new Command(
            "down",
            "Remove the fence and the network; nothing is left. Jobs must not be running. "
            + "Exit codes: 0 done, 1 configuration or usage, 2 something still uses it.");
        var options = SettingsOptions.AddTo(command);
        command.SetAction((parse, _) => RunAsync(parse, options, async (settings, output, cancellationToken) =>
        {
            using var engine = await EngineStartup.ConnectAsync(settings.Engine, cancellationToken);
            var plan = FencePlan.From(settings);
            await new NetworkFence(plan).DownAsync(engine, cancellationToken);
            await output.WriteLineAsync($"The network {plan.Network} and its fence are removed.");
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command Render()
    {
        var command = new Command("render", "Print what 'up' would give to nftables and to dnsmasq. Changes nothing.");
        var options = SettingsOptions.AddTo(command);
        command.SetAction((parse, _) => RunAsync(parse, options, async (settings, output, _) =>
        {
            var plan = FencePlan.From(settings);
            var resolver = ResolverConfiguration.OfAll(plan);
            await output.WriteLineAsync($"# --- nftables: {Path.Combine(plan.Folder, "fence.nft")}");
            await output.WriteLineAsync(FirewallRules.Table(plan));
            await output.WriteLineAsync($"# --- dnsmasq: {resolver.File}");
            await output.WriteAsync(resolver.Render());
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command Status()
    {
        var asJson = new Option<string>("--output") { Description = "table or json.", DefaultValueFactory = _ => "table" };
        asJson.AcceptOnlyFromAmong("table", "json");
        var command = new Command(
            "status", "Say which parts of the fence hold. Exit codes: 0 all, 1 configuration or usage, 2 some do not. 'doctor' tries them from inside.")
        {
            asJson,
        };
        var options = SettingsOptions.AddTo(command);
        command.SetAction((parse, _) => RunAsync(parse, options, async (settings, output, cancellationToken) =>
        {
            var facts = await FenceState.LookAsync(new NetworkFence(FencePlan.From(settings)), cancellationToken);
            FactTable.Write(output, facts, parse.GetValue(asJson) == "json");
            return facts.All(fact => fact.Holds) ? ExitCodes.Done : ExitCodes.Refused;
        }));
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parse, SettingsOptions options, Func<RunnerSettings, TextWriter, CancellationToken, Task<int>> run)
    {
        var (output, error) = (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
        using var stop = new StopSignals();
        try
        {
            var settings = options.LoadForHost(parse);
            if (settings.Engine.IsFenced) return await run(settings, output, stop.Drain);
            await error.WriteLineAsync(
                "shithubd-runner: these settings want no fence: engine.network_fence is \"off\", or engine.network is \"none\".");
            return ExitCodes.Usage;
        }
        catch (SettingsException e)
        {
            foreach (var problem in e.Errors) await error.WriteLineAsync($"shithubd-runner: {problem}");
            return ExitCodes.Usage;
        }
        catch (Exception e) when (e is NetworkFenceException or EngineException or IOException)
        {
            await error.WriteLineAsync($"shithubd-runner: {e.Message}");
            return ExitCodes.Refused;
        }
        catch (RunnerException e)
        {
            await error.WriteLineAsync($"shithubd-runner: {e.Message}");
            return e.ExitCode;
        }
        catch (OperationCanceledException) when (stop.Drain.IsCancellationRequested)
        {
            return ExitCodes.Done;
        }
    }
}
