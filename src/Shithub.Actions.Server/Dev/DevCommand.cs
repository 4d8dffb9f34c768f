using System.CommandLine;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Admin;

namespace Shithub.Actions.Server.Dev;

/// <summary>
/// <c>shithubd dev</c>: the whole system on one machine, with a demo repository. Exit codes: 0, 1 when something is missing or fails, 2 when
/// the address or the folder is taken; with <c>--once</c>, 0 only if the demo run ended in success.
/// </summary>
internal static class DevCommand
{
    public static Command Build()
    {
        var data = LastOf("--data", "Where to keep everything.", ".data");
        var listen = LastOf("--listen", "The server's address.", "127.0.0.1:8080");
        var image = LastOf("--image", "The image that jobs run in.", "localhost/shithub/runner:1");
        var runner = LastOf("--runner-program", "The runner, where it is not beside this program.", null);
        var once = new Option<bool>("--once") { Description = "End with the demo run's conclusion as the exit code." };
        var command = new Command("dev", "Run everything on this machine: database, server, runner, a demo repository and a push to it.")
        {
            data, listen, image, runner, once,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                await using var session = new DevSession(
                    new DevFolder(parse.GetValue(data)!), parse.GetValue(listen)!, parse.GetValue(image)!, parse.GetValue(runner),
                    parse.InvocationConfiguration.Output);
                return await session.RunAsync(parse.GetValue(once), cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return CommandContext.Done;
            }
            catch (DevException error)
            {
                return CommandContext.Fail(parse, error.ExitCode, error.Message);
            }
            catch (SettingsException error)
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, [.. error.Errors]);
            }
            catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"{error.Message} Stop what listens there, or choose another address: --listen 127.0.0.1:8081");
            }
        });
        return command;
    }

    /// <summary>An option that may be given again, as who calls <c>./dev.sh</c> does over what that gave: the last one counts.</summary>
    private static Option<string> LastOf(string name, string description, string? fallback)
    {
        var option = new Option<string>(name)
        {
            Description = description,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = argument => argument.Tokens[^1].Value,
        };
        if (fallback is not null)
            option.DefaultValueFactory = _ => fallback;
        return option;
    }
}
