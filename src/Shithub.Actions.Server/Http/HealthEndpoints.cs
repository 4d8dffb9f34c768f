using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Http;

/// <summary><c>/health</c>: the process lives. <c>/ready</c>: it can serve, because the database answers and is migrated.</summary>
public static class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly string Version =
        typeof(HealthEndpoints).Assembly.GetName().Version?.ToString(3) ?? "";

    public static void MapHealthEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", () => TypedResults.Ok(new Health("healthy", Version))).WithTags("Health").WithSummary("Liveness");
        routes.MapGet("/ready", ReadyAsync).WithTags("Health").WithSummary("Readiness: database and migrations");
    }

    private static async Task<IResult> ReadyAsync(Migrator migrator, CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Patience);
        try
        {
            var missing = await migrator.MissingAsync(limited.Token);
            return missing.Count == 0
                ? TypedResults.Ok(new Health("ready", Version))
                : Problems.Of(
                    StatusCodes.Status503ServiceUnavailable,
                    $"The database lacks {missing.Count} migrations, the first is {missing[0]}. Run: shithubd migrate");
        }
        catch (Exception error) when (error is NpgsqlException or MigrationException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, error is MigrationException
                ? error.Message
                : "The database does not answer. Check that PostgreSQL runs and that database.url is right.");
        }
    }

    private sealed record Health(string Status, string Version);
}
