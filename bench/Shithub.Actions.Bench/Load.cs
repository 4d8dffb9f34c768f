using System.Diagnostics;

namespace Shithub.Actions.Bench;

/// <summary>Clients that call one after the other, each on a thread and a connection of its own, and start together.</summary>
internal static class Load
{
    /// <param name="connect">Opens a client's connection; its action makes the call of that number and throws if it fails.</param>
    /// <returns>Each call's milliseconds, and the seconds from the first call's start to the last one's end.</returns>
    public static (double[] Milliseconds, double Seconds) Run(
        int clients, int calls, Func<int, WireConnection> connect, Action<WireConnection, int, int> call, CancellationToken cancellation)
    {
        var milliseconds = new double[clients * calls];
        var failures = new Exception?[clients];
        using var start = new Barrier(clients + 1);
        var threads = Enumerable.Range(0, clients).Select(client => new Thread(() =>
        {
            var joined = false;
            try
            {
                using var connection = connect(client);
                start.SignalAndWait(cancellation);
                joined = true;
                for (var number = 0; number < calls; number++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var began = Stopwatch.GetTimestamp();
                    call(connection, client, number);
                    milliseconds[(client * calls) + number] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                }
            }
            catch (Exception error) when (error is BenchException or IOException or OperationCanceledException or System.Net.Sockets.SocketException)
            {
                failures[client] = error;
                if (!joined)
                    start.RemoveParticipant();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        start.SignalAndWait(cancellation);
        var began = Stopwatch.GetTimestamp();
        threads.ForEach(thread => thread.Join());
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (failures.FirstOrDefault(failure => failure is not null) is { } failed)
            throw new BenchException($"A call failed: {failed.Message}");
        return (milliseconds, seconds);
    }
}
