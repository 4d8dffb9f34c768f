using System.CommandLine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Startup;

namespace Shithub.Actions.Runner.Commands;

/// <summary><c>shithubd-runner run</c>: claims and runs jobs until it is told to stop.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new Command(
            "run",
            "Claim and run jobs. SIGTERM or Ctrl-C lets running jobs end (runner.drain_timeout), a second one stops them. "
            + "Exit codes: 0 done, 1 configuration or usage, 2 refused by the server or the engine.");
        var options = SettingsOptions.AddTo(command);
        command.SetAction((result, _) => RunAsync(() => options.Load(result)));
        return command;
    }

    private static async Task<int> RunAsync(Func<RunnerSettings> load)
    {
        try
        {
            var settings = load();
            using var loggers = CreateLoggers();
            using var stop = new StopSignals();
            await RunnerHost.RunAsync(settings, TimeProvider.System, loggers, stop.Drain, stop.Now);
            return ExitCodes.Done;
        }
        catch (SettingsException e)
        {
            foreach (var error in e.Errors) await Console.Error.WriteLineAsync($"shithubd-runner: {error}");
            return ExitCodes.Usage;
        }
        catch (RunnerException e)
        {
            await Console.Error.WriteLineAsync($"shithubd-runner: {e.Message}");
            return e.ExitCode;
        }
    }

    /// <summary>One line an event, on standard error, with times in UTC.</summary>
    private static ILoggerFactory CreateLoggers() => LoggerFactory.Create(logging =>
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
