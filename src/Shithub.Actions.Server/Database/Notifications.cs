using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;

namespace Shithub.Actions.Server.Database;

/// <summary>
/// What happened, told to every server through LISTEN/NOTIFY, so that waiting calls wake at once wherever the event was.
/// A notification is a hint, never the only carrier of a fact: who waits also looks again by itself after a while.
/// </summary>
public enum Topic
{
    /// <summary>Jobs were queued, or a runner may claim again. The key is empty.</summary>
    Queue,

    /// <summary>A job's cancel was requested, or its attempt ended without its runner. The key is the job's id.</summary>
    Lease,

    /// <summary>A run, its jobs, steps or logs changed. The key is the run's id.</summary>
    Run,

    /// <summary>A trigger event is pending. The key is empty.</summary>
    Trigger,

    /// <summary>Something waits for a time that servers may not know yet. The key is empty.</summary>
    Timer,

    /// <summary>A concurrency group has a new member, or lost one. The key is empty.</summary>
    Concurrency,
}

/// <summary>The one LISTEN connection of a server, and the waiters in this process.</summary>
public sealed partial class Notifications(NpgsqlDataSource dataSource, ILogger<Notifications> logger) : BackgroundService
{
    private const string ChannelName = "shithub";

    /// <summary>Run inside the transaction whose effect it tells, with <c>@topic</c> and <c>@key</c>.</summary>
    public const string NotifySql = "select pg_notify('shithub', @topic || ':' || @key)";

    /// <summary>How long a broadcast may wait for others to go with it.</summary>
    private static readonly TimeSpan BroadcastDelay = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<(Topic, string), Subscription> _subscriptions = new();
    private readonly Channel<(Topic Topic, long? Key)> _broadcasts = Channel.CreateBounded<(Topic, long?)>(
        new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>The payload that <see cref="NotifySql"/> sends, for statements that call pg_notify themselves.</summary>
    public static string Payload(Topic topic, long? key = null) => $"{Name(topic)}:{key}";

    /// <summary>The topic's name on the wire.</summary>
    public static string Name(Topic topic) => topic switch
    {
        Topic.Queue => "queue",
        Topic.Lease => "lease",
        Topic.Run => "run",
        Topic.Trigger => "trigger",
        Topic.Timer => "timer",
        _ => "concurrency",
    };

    /// <summary>
    /// Starts to watch a topic. Take the <see cref="Watch.Next"/> task before looking at the database and await it after, so that
    /// nothing that happens in between is missed.
    /// </summary>
    public Watch Subscribe(Topic topic, long? key = null)
    {
        var id = (topic, key?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "");
        while (true)
        {
            var subscription = _subscriptions.GetOrAdd(id, _ => new Subscription());
            lock (subscription)
            {
                // A subscription without watchers has left the dictionary: take the next one.
                if (subscription.Closed)
                    continue;
                subscription.Watchers++;
            }

            return new Watch(subscription, () => Release(id, subscription));
        }
    }

    /// <summary>Wakes the waiters of this process without a round trip.</summary>
    public void Signal(Topic topic, long? key = null) =>
        Signal(topic, key?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "");

    /// <summary>
    /// Wakes this process's waiters at once and the other servers' a little later, many in one statement: for what happens too often
    /// for a NOTIFY each (commits that notify wait for one another in PostgreSQL).
    /// </summary>
    public void Broadcast(Topic topic, long? key = null)
    {
        Signal(topic, key);
        _broadcasts.Writer.TryWrite((topic, key));
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(ListenAlwaysAsync(stoppingToken), SendBroadcastsAsync(stoppingToken));

    private async Task SendBroadcastsAsync(CancellationToken stopping)
    {
        var payloads = new HashSet<string>(StringComparer.Ordinal);
        while (await _broadcasts.Reader.WaitToReadAsync(stopping))
        {
            await Task.Delay(BroadcastDelay, stopping);
            payloads.Clear();
            while (_broadcasts.Reader.TryRead(out var broadcast))
                payloads.Add(Payload(broadcast.Topic, broadcast.Key));
            try
            {
                await using var command = dataSource.CreateCommand("select pg_notify('shithub', payload) from unnest(@payloads) payload");
                command.Parameters.Add(new NpgsqlParameter<string[]>("payloads", [.. payloads]));
                await command.ExecuteNonQueryAsync(stopping);
            }
            catch (NpgsqlException error)
            {
                // A hint was lost; whoever waited for it looks again by itself.
                LogLost(error.Message);
            }
        }
    }

    private async Task ListenAlwaysAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception error) when (error is NpgsqlException or IOException && !stoppingToken.IsCancellationRequested)
            {
                LogLost(error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        connection.Notification += (_, message) => Dispatch(message.Payload);
        await using (var listen = new NpgsqlCommand($"listen {ChannelName}", connection))
            await listen.ExecuteNonQueryAsync(cancellation);
        // Whatever was told while nobody listened is unknown: everybody looks again.
        foreach (var subscription in _subscriptions.Values)
            subscription.Fire();
        while (true)
            await connection.WaitAsync(cancellation);
    }

    private void Dispatch(string payload)
    {
        var colon = payload.IndexOf(':', StringComparison.Ordinal);
        var key = colon < 0 ? "" : payload[(colon + 1)..];
        Topic? topic = (colon < 0 ? payload : payload[..colon]) switch
        {
            "queue" => Topic.Queue,
            "lease" => Topic.Lease,
            "run" => Topic.Run,
            "trigger" => Topic.Trigger,
            "timer" => Topic.Timer,
            "concurrency" => Topic.Concurrency,
            _ => null,
        };
        if (topic is { } known)
            Signal(known, key);
    }

    private void Signal(Topic topic, string key)
    {
        if (_subscriptions.TryGetValue((topic, key), out var subscription))
            subscription.Fire();
    }

    private void Release((Topic, string) id, Subscription subscription)
    {
        lock (subscription)
        {
            if (--subscription.Watchers > 0)
                return;
            subscription.Closed = true;
            _subscriptions.TryRemove(new KeyValuePair<(Topic, string), Subscription>(id, subscription));
        }
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning,
        Message = "Notifications between servers were lost and go on in a moment: {Reason}")]
    private partial void LogLost(string reason);

    internal sealed class Subscription
    {
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Watchers { get; set; }

        public bool Closed { get; set; }

        public Task Next => Volatile.Read(ref _next).Task;

        public void Fire() =>
            Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}

/// <summary>One waiter's view of a topic.</summary>
public sealed class Watch : IDisposable
{
    private readonly Notifications.Subscription _subscription;
    private Action? _release;

    internal Watch(Notifications.Subscription subscription, Action release)
    {
        _subscription = subscription;
        _release = release;
    }

    /// <summary>Completes at the next notification after it was read.</summary>
    public Task Next => _subscription.Next;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
