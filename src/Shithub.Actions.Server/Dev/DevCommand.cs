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
        var data = new Option<string>("--data") { Description = "Where to keep everything.", DefaultValueFactory = _ => ".data" };
        var listen = new Option<string>("--listen") { Description = "The server's address.", DefaultValueFactory = _ => "127.0.0.1:8080" };
        var image = new Option<string>("--image")
        {
            Description = "The image that jobs run in.",
            DefaultValueFactory = _ => "localhost/shithub/runner:1",
        };
        var runner = new Option<string?>("--runner-program") { Description = "The runner, where it is not beside this program." };
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
}
