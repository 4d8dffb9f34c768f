using System.Collections;
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
        var config = new Option<string?>(SettingOption.ConfigName)
        {
            Description = $"The settings file (default: {RunnerSettings.Table.DefaultPath}).",
        };
        command.Options.Add(config);
        var options = RunnerSettings.Table.Options
            .Select(option => (option.Path, Option: new Option<string?>(option.Name) { Description = option.Description }))
            .ToList();
        foreach (var (_, option) in options) command.Options.Add(option);
        command.SetAction((result, _) => RunAsync(
            result.GetValue(config),
            options
                .Where(option => result.GetResult(option.Option) is not null)
                .ToDictionary(option => option.Path, option => result.GetValue(option.Option) ?? "")));
        return command;
    }

    private static async Task<int> RunAsync(string? configPath, Dictionary<string, string> options)
    {
        try
        {
            var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
            var settings = RunnerSettings.Load(configPath, environment, options);
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
