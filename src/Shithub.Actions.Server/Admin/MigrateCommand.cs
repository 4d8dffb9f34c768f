using System.CommandLine;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Admin;

internal static class MigrateCommand
{
    public static Command Build()
    {
        var command = new Command("migrate", "Bring the database's schema up to this build's.");
        CommandContext.SetAction(command, async (context, parse, cancellation) =>
        {
            try
            {
                var output = parse.InvocationConfiguration.Output;
                var applied = await context.Get<Migrator>().MigrateAsync(name => output.WriteLine($"applied {name}"), cancellation);
                output.WriteLine(applied == 0 ? "The schema is up to date." : $"{applied} migrations applied.");
                return CommandContext.Done;
            }
            catch (MigrationException error)
            {
                return CommandContext.Fail(parse, CommandContext.Refused, error.Message);
            }
        });
        return command;
    }
}
