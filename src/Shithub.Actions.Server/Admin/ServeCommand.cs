using System.CommandLine;
using System.Net.Sockets;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd serve</c>: exit code 1 for wrong settings or a database that is not migrated, 2 when the address is taken.</summary>
internal static class ServeCommand
{
    public static Command Build()
    {
        var command = new Command("serve", "Run the server until SIGTERM or Ctrl-C.");
        var options = ServerSettings.Table.Options
            .Select(option => (option.Path, Option: new Option<string?>(option.Name) { Description = option.Description }))
            .ToList();
        foreach (var (_, option) in options)
            command.Add(option);
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var given = options
                    .Where(option => parse.GetResult(option.Option) is not null)
                    .ToDictionary(option => option.Path, option => parse.GetValue(option.Option) ?? "", StringComparer.Ordinal);
                var settings = ServerSettings.Load(
                    parse.GetValue(CommandContext.Config), CommandContext.EnvironmentVariables(), given);
                settings.Auth.RequireTotpKey();
                if (ComplaintAboutData(settings.Server) is { } complaint)
                    return CommandContext.Fail(parse, CommandContext.WrongUsage, complaint);
                await using var app = ServerHost.Build(settings);
                var missing = await app.Services.GetRequiredService<Migrator>().MissingAsync(cancellation);
                if (missing.Count > 0)
                {
                    return CommandContext.Fail(
                        parse, CommandContext.WrongUsage, $"The database lacks {missing.Count} migrations. Run: shithubd migrate");
                }

                foreach (var address in settings.Server.Listen)
                {
                    if (address.UnixPath is { } path)
                        await StaleSocket.RemoveAsync(path, cancellation);
                }

                try
                {
                    await app.StartAsync(cancellation);
                }
                catch
                {
                    // Else what had started already would complain that it is taken away.
                    await app.StopAsync(CancellationToken.None);
                    throw;
                }

                parse.InvocationConfiguration.Output.WriteLine($"shithubd serves {settings.Server.BaseUrl} on {string.Join(", ", app.Urls)}");
                await app.WaitForShutdownAsync(cancellation);
                return CommandContext.Done;
            }
            catch (SettingsException error)
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, [.. error.Errors]);
            }
            catch (MigrationException error)
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, error.Message);
            }
            catch (Npgsql.NpgsqlException error)
            {
                return CommandContext.Fail(
                    parse, CommandContext.WrongUsage,
                    $"The database can't be reached: {error.Message}. Check that PostgreSQL runs and that database.url is right.");
            }
            catch (SocketException error)
            {
                return CommandContext.Fail(
                    parse, CommandContext.WrongUsage,
                    $"server.listen names an address that this machine does not have, or a socket that can't be made: {error.Message}.");
            }
            catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException or SocketException)
            {
                return CommandContext.Fail(
                    parse, CommandContext.Refused, $"{error.Message} Stop what listens there, or choose another address with server.listen.");
            }
        });
        return command;
    }

    /// <summary>A server that can't store repositories would say so to the first who pushes, and to nobody else.</summary>
    private static string? ComplaintAboutData(HttpSettings server)
    {
        try
        {
            Directory.CreateDirectory(server.RepositoriesRoot);
            using var probe = new FileStream(
                Path.Combine(server.RepositoriesRoot, $".probe-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None,
                1, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"server.data_root {server.DataRoot} can't be written to: {error.Message} "
                + "Name a folder that the user who runs this may write to.";
        }
    }
}
