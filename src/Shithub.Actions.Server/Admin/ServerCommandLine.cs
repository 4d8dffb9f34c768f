using System.CommandLine;
using Shithub.Actions.Server.Dev;

namespace Shithub.Actions.Server.Admin;

/// <summary>
/// The command line of <c>shithubd</c>. Exit codes: 0 done, 1 configuration or usage, 2 the resource is taken or refused;
/// others are documented where a command has them.
/// </summary>
public static class ServerCommandLine
{
    public static RootCommand Build()
    {
        var admin = new Command("admin", "Administer this server: it works on the database directly, so run it where the server runs.")
        {
            UserCommands.Build(),
            OrganizationCommands.Build(),
            TokenCommands.Build(),
            RepositoryCommands.Build(),
            VariableCommands.Build(),
            SecretCommands.Build(),
            EnvironmentCommands.Build(),
            ActionsCommands.Build(),
            RunnerCommands.Build(),
            JobCommands.Build(),
            PolicyCommands.Build(),
            AuditCommands.Build(),
        };
        return new RootCommand("Shithub Actions: the control server.")
        {
            CommandContext.Config,
            CommandContext.Output,
            ServeCommand.Build(),
            MigrateCommand.Build(),
            DevCommand.Build(),
            admin,
        };
    }

    /// <summary>An argument that starts with @ is that argument and names no file of more arguments: an expression may start so.</summary>
    public static ParseResult Parse(string[] args) =>
        Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>After a signal a command has as long as its own settings say; the library would end the process after two seconds.</summary>
    public static Task<int> RunAsync(string[] args) =>
        Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromHours(1) });
}
