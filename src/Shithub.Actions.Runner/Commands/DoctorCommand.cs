using System.CommandLine;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Startup;

namespace Shithub.Actions.Runner.Commands;

/// <summary><c>shithubd-runner doctor</c>: what holds in a container that is started as jobs' are.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var asJson = new Option<string>("--output") { Description = "table or json.", DefaultValueFactory = _ => "table" };
        asJson.AcceptOnlyFromAmong("table", "json");
        var command = new Command(
            "doctor",
            "Start containers as jobs have them and say what really holds there: user, privileges, limits, network. "
            + "Exit codes: 0 all of it, 1 configuration or usage, 2 something does not.")
        {
            asJson,
        };
        var options = SettingsOptions.AddTo(command);
        command.SetAction(async (parse, _) =>
        {
            var (output, error) = (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
            using var stop = new StopSignals();
            try
            {
                var facts = await Doctor.ExamineAsync(options.LoadForHost(parse), stop.Drain);
                FactTable.Write(output, facts, parse.GetValue(asJson) == "json");
                return facts.All(fact => fact.Holds) ? ExitCodes.Done : ExitCodes.Refused;
            }
            catch (SettingsException e)
            {
                foreach (var problem in e.Errors) await error.WriteLineAsync($"shithubd-runner: {problem}");
                return ExitCodes.Usage;
            }
            catch (RunnerException e)
            {
                await error.WriteLineAsync($"shithubd-runner: {e.Message}");
                return e.ExitCode;
            }
            catch (OperationCanceledException) when (stop.Drain.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
        });
        return command;
    }
}
