using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Settles pushes whose server was killed between git and the settlement. Every server sweeps; settling twice does nothing. A push
/// that is still being received is looked at too, which costs a read of a file.
/// </summary>
public sealed partial class PushSweeper(
    NpgsqlDataSource dataSource, SettlePush settlePush, ServerSettings settings, TimeProvider time, ILogger<PushSweeper> logger)
    : BackgroundService
{
    /// <summary>A live push settles itself; below this age it is left to.</summary>
    public static readonly TimeSpan SettleAge = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // Served by pushes_receiving.
    private const string FindOld = """
        select id, received_at < now() - @giveUpAge as is_hopeless
        from pushes
        where state = 'receiving' and received_at < now() - @settleAge
        order by received_at
        limit 1000
        """;

    // What was proven before has its events; what was not never happened.
    private const string Abandon = """
        update pushes
        set state = 'abandoned', settled_at = now()
        where id = @id and state = 'receiving' and not exists (select from trigger_events where push_id = @id)
        """;

    /// <summary>No git process of a push is alive after this.</summary>
    private TimeSpan GiveUpAge => settings.Git.OperationTimeout + TimeSpan.FromHours(1);

    /// <summary>Looks once at every push that is older than <paramref name="settleAge"/>.</summary>
    public async Task SweepAsync(TimeSpan settleAge, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var open = await connection.QueryAsync<(Guid Id, bool IsHopeless)>(
            new CommandDefinition(FindOld, new { settleAge, giveUpAge = GiveUpAge }, cancellationToken: cancellation));
        foreach (var (id, isHopeless) in open)
        {
            try
            {
                await settlePush.ExecuteAsync(id, gitHasEnded: false, cancellation);
                if (isHopeless && await connection.ExecuteAsync(new CommandDefinition(Abandon, new { id }, cancellationToken: cancellation)) > 0)
                    LogAbandoned(id);
                else if (isHopeless)
                    await settlePush.ExecuteAsync(id, gitHasEnded: true, cancellation);
            }
            catch (Exception error) when (error is GitException or NpgsqlException or IOException)
            {
                // This push waits for the next sweep; the others don't wait for this one.
                LogFailed(id, error);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await SweepOrLogAsync(stoppingToken);
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task SweepOrLogAsync(CancellationToken cancellation)
    {
        try
        {
            await SweepAsync(SettleAge, cancellation);
        }
        catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException)
        {
            LogNoSweep(error.Message);
        }
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "Push {Push} changed nothing before its server or git was killed; it is abandoned")]
    private partial void LogAbandoned(Guid push);

    [LoggerMessage(EventId = 311, Level = LogLevel.Error, Message = "Push {Push} could not be settled and is tried again")]
    private partial void LogFailed(Guid push, Exception error);

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning, Message = "Open pushes could not be looked for and are next time: {Reason}")]
    private partial void LogNoSweep(string reason);
}
