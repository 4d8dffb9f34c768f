using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Triggers;

/// <summary>Processes pending events as they come. Every server does; an event is locked by the one that takes it.</summary>
public sealed partial class TriggerProcessor(
    ProcessEvent process, Notifications notifications, TimeProvider time, ILogger<TriggerProcessor> logger) : BackgroundService
{
    /// <summary>How often to look without being told: for lost notifications and for events that wait for their next attempt.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watch = notifications.Subscribe(Topic.Trigger);
        while (!stoppingToken.IsCancellationRequested)
        {
            var news = watch.Next;
            try
            {
                while (await process.NextAsync(stoppingToken))
                    notifications.Signal(Topic.Queue);
            }
            catch (NpgsqlException error)
            {
                LogDatabase(error.Message);
            }

            await Task.WhenAny(news, Task.Delay(LookAgain, time, stoppingToken));
        }
    }

    [LoggerMessage(EventId = 301, Level = LogLevel.Warning, Message = "Pending events can't be read and are looked at again soon: {Reason}")]
    private partial void LogDatabase(string reason);
}
