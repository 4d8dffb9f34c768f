using System.Diagnostics;
using System.Net.Sockets;

namespace Shithub.Actions.Bench;

/// <summary>Clients that call one after the other, each on a connection of its own, and start together.</summary>
internal static class Load
{
    /// <summary>Each client has a thread.</summary>
    /// <param name="connect">Opens a client's connection; its action makes the call of that number and throws if it fails.</param>
    /// <returns>Each call's milliseconds, and the seconds from the first call's start to the last one's end.</returns>
    public static (double[] Milliseconds, double Seconds) Run(
        int clients, int calls, Func<int, WireConnection> connect, Action<WireConnection, int, int> call, CancellationToken cancellation)
    {
        var milliseconds = new double[clients * calls];
        var seconds = RunThreads(
            clients,
            (client, start) =>
            {
                using var connection = connect(client);
                start();
                for (var number = 0; number < calls; number++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var began = Stopwatch.GetTimestamp();
                    call(connection, client, number);
                    milliseconds[(client * calls) + number] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                }
            },
            cancellation);
        return (milliseconds, seconds);
    }

    /// <summary>
    /// As <see cref="Run"/>, with a thread for each processor, as pgbench has them: a thread that finds several answers did not have to be
    /// woken for each.
    /// </summary>
    /// <param name="send">Sends the call of that number.</param>
    /// <param name="receive">Takes its answer, and throws if it failed.</param>
    public static (double[] Milliseconds, double Seconds) RunOnFewThreads(
        int clients, int calls, Func<int, WireConnection> connect, Action<WireConnection, int, int> send, Action<WireConnection, int> receive,
        CancellationToken cancellation)
    {
        var milliseconds = new double[clients * calls];
        var threads = Math.Min(clients, Environment.ProcessorCount);
        var seconds = RunThreads(
            threads,
            (thread, start) =>
            {
                var mine = new Dictionary<Socket, Client>();
                try
                {
                    for (var client = thread; client < clients; client += threads)
                    {
                        var connection = connect(client);
                        mine.Add(connection.Socket, new Client(connection, client));
                    }

                    start();
                    foreach (var client in mine.Values)
                        Send(client);
                    var ready = new List<Socket>();
                    var left = mine.Keys.ToList();
                    while (left.Count > 0)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        ready.Clear();
                        ready.AddRange(left);
                        Socket.Select(ready, null, null, TimeSpan.FromSeconds(1));
                        foreach (var socket in ready)
                        {
                            var client = mine[socket];
                            receive(client.Connection, client.Index);
                            milliseconds[(client.Index * calls) + client.Done++] = Stopwatch.GetElapsedTime(client.Began).TotalMilliseconds;
                            if (client.Done < calls)
                                Send(client);
                            else
                                left.Remove(socket);
                        }
                    }
                }
                finally
                {
                    foreach (var client in mine.Values)
                        client.Connection.Dispose();
                }
            },
            cancellation);
        return (milliseconds, seconds);

        void Send(Client client)
        {
            client.Began = Stopwatch.GetTimestamp();
            send(client.Connection, client.Index, client.Done);
        }
    }

    /// <param name="run">What a thread does; its action waits until all have called it.</param>
    /// <returns>The seconds from then on.</returns>
    private static double RunThreads(int count, Action<int, Action> run, CancellationToken cancellation)
    {
        var failures = new Exception?[count];
        using var start = new Barrier(count + 1);
        var threads = Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            var joined = false;
            try
            {
                run(number, () =>
                {
                    start.SignalAndWait(cancellation);
                    joined = true;
                });
            }
            catch (Exception error) when (error is BenchException or IOException or OperationCanceledException or SocketException)
            {
                failures[number] = error;
                if (!joined)
                    start.RemoveParticipant();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        start.SignalAndWait(cancellation);
        var began = Stopwatch.GetTimestamp();
        threads.ForEach(thread => thread.Join());
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return failures.FirstOrDefault(failure => failure is not null) is { } failed
            ? throw new BenchException($"A call failed: {failed.Message}")
            : seconds;
    }

    private sealed class Client(WireConnection connection, int index)
    {
        public WireConnection Connection => connection;

        public int Index => index;

        public int Done { get; set; }

        public long Began { get; set; }
    }
}
