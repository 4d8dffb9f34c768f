using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Triggers;

/// <summary>Processes pending events as they come. Every server does, several at once; an event is locked by the one that takes it.</summary>
public sealed partial class TriggerProcessor(
    ProcessEvent process, Notifications notifications, TimeProvider time, ILogger<TriggerProcessor> logger) : BackgroundService
{
    /// <summary>So that an event whose repository is slow to read holds up nobody else's.</summary>
    private const int Workers = 3;

    /// <summary>How often to look without being told: for lost notifications and for events that wait for their next attempt.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        using var watch = notifications.Subscribe(Topic.Trigger);
        try
        {
            while (true)
            {
                var news = watch.Next;
                await ProcessPendingAsync(stoppingToken);
                await Task.WhenAny(news, Task.Delay(LookAgain, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops. An event that was being processed is as it was before.
        }
    }

    private async Task ProcessPendingAsync(CancellationToken cancellation)
    {
        try
        {
            while (await process.NextAsync(cancellation))
                notifications.Signal(Topic.Queue);
        }
        catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException)
        {
            LogDatabase(error.Message);
        }
    }

    [LoggerMessage(EventId = 321, Level = LogLevel.Warning, Message = "Pending events can't be read and are looked at again soon: {Reason}")]
    private partial void LogDatabase(string reason);
}
