using System.CommandLine;
using System.Text.Json;
using Npgsql;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Audit;
using Spectre.Console;

namespace Shithub.Actions.Server.Admin;

public enum OutputFormat
{
    Table,
    Json,
}

/// <summary>What every command shares: its settings, the server's services on them, and the two ways to print.</summary>
public sealed class CommandContext(ServerSettings settings, IServiceProvider services, OutputFormat output, TextWriter standardOutput)
{
    /// <summary>Exit codes, see <see cref="ServerCommandLine"/>.</summary>
    public const int Done = 0;
    public const int WrongUsage = 1;
    public const int Refused = 2;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Option<string?> Config { get; } = new("--config", "-c")
    {
        Description = $"The configuration file (default {ServerSettings.Table.DefaultPath}; variable SHITHUB_CONFIG).",
        Recursive = true,
    };

    public static Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "A table for people or json for programs.",
        Recursive = true,
        HelpName = "table|json",
        CustomParser = argument =>
        {
            switch (argument.Tokens[0].Value.ToUpperInvariant())
            {
                case "TABLE":
                    return OutputFormat.Table;
                case "JSON":
                    return OutputFormat.Json;
                default:
                    argument.AddError($"--output is table or json, not '{argument.Tokens[0].Value}'.");
                    return default;
            }
        },
    };

    public ServerSettings Settings => settings;

    /// <summary>What is nested is printed as it is for programs, and line by line for people.</summary>
    public bool IsJson => output == OutputFormat.Json;

    public T Get<T>()
        where T : notnull
        => services.GetRequiredService<T>();

    /// <summary>Prints one record: its JSON, or its members line by line.</summary>
    public void Print<T>(T value, params (string Name, string? Value)[] lines)
    {
        if (output == OutputFormat.Json)
        {
            standardOutput.WriteLine(JsonSerializer.Serialize(value, Json));
            return;
        }

        var width = lines.Max(line => line.Name.Length);
        foreach (var (name, text) in lines)
            standardOutput.WriteLine($"{name.PadRight(width)}  {text ?? "-"}");
    }

    /// <summary>Prints rows: a JSON array, or a table with a line for "none".</summary>
    public void PrintList<T>(IReadOnlyCollection<T> rows, string none, params (string Heading, Func<T, string?> Cell)[] columns)
    {
        if (output == OutputFormat.Json)
        {
            standardOutput.WriteLine(JsonSerializer.Serialize(rows, Json));
            return;
        }

        if (rows.Count == 0)
        {
            standardOutput.WriteLine(none);
            return;
        }

        var table = new Table().Border(TableBorder.Minimal);
        foreach (var (heading, _) in columns)
            table.AddColumn(new TableColumn(Markup.Escape(heading)).NoWrap());
        foreach (var row in rows)
            table.AddRow([.. columns.Select(column => Markup.Escape(column.Cell(row) ?? "-"))]);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(standardOutput) });
        // Piped output has no width of its own: never cut a cell for a terminal that isn't there.
        if (Console.IsOutputRedirected)
            console.Profile.Width = 10_000;
        console.Write(table);
    }

    /// <summary>Gives a command its action: settings are read, services built, and expected failures become one line on standard error.</summary>
    public static void SetAction(Command command, Func<CommandContext, ParseResult, CancellationToken, Task<int>> action) =>
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var settings = ServerSettings.Load(parse.GetValue(Config), EnvironmentVariables(), new Dictionary<string, string>());
                var services = new ServiceCollection().AddLogging();
                ServerHost.AddServices(services, settings);
                services.AddSingleton(AuditOrigin.CommandLine());
                await using var provider = services.BuildServiceProvider();
                var context = new CommandContext(settings, provider, parse.GetValue(Output), parse.InvocationConfiguration.Output);
                return await action(context, parse, cancellation);
            }
            catch (SettingsException error)
            {
                return Fail(parse, WrongUsage, [.. error.Errors]);
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn)
            {
                return Fail(parse, WrongUsage, "The database is not migrated. Run: shithubd migrate");
            }
            catch (NpgsqlException error)
            {
                return Fail(parse, Refused, $"The database refused: {error.Message}. Check that PostgreSQL runs and that database.url is right.");
            }
        });

    /// <summary>Prints errors and returns the exit code.</summary>
    public static int Fail(ParseResult parse, int exitCode, params string[] errors)
    {
        foreach (var error in errors)
            parse.InvocationConfiguration.Error.WriteLine($"shithubd: {error}");
        return exitCode;
    }

    public static Dictionary<string, string> EnvironmentVariables() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);
}
