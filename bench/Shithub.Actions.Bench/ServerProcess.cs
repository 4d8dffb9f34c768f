using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Shithub.Actions.Server.Dev;

namespace Shithub.Actions.Bench;

/// <summary><c>shithubd serve</c>, as an operator starts it: a process of its own, its settings in a file.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _process;

    private ServerProcess(ChildProcess process, Uri baseUrl, string socket, string config) =>
        (_process, BaseUrl, Socket, Config) = (process, baseUrl, socket, config);

    public Uri BaseUrl { get; }

    /// <summary>The path of the unix socket that it listens on too.</summary>
    public string Socket { get; }

    /// <summary>The settings file.</summary>
    public string Config { get; }

    public static async Task<ServerProcess> StartAsync(Cluster cluster, CancellationToken cancellation)
    {
        var log = $"{cluster.Folder}/shithubd.log";
        var config = $"{cluster.Folder}/shithubd.toml";
        var port = FreePort();
        var socket = $"{cluster.Folder}/shithubd.sock";
        await File.WriteAllTextAsync(config, $"""
            [server]
            listen = ["127.0.0.1:{port}", "unix:{socket}"]
            data_root = "{cluster.Folder}/shithubd"

            [database]
            url = "{cluster.ConnectionString}"

            [auth]
            totp_key_b64 = "{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}"

            """, cancellation);
        if (!File.Exists(Source.Server))
            throw new BenchException($"{Source.Server} is not built. Start bench/run.sh, which builds it.");
        await using (var migrate = ChildProcess.Start("migrate", "TERM", log, [Source.Server, "migrate", "--config", config]))
        {
            if (await migrate.Ended.WaitAsync(Patience, cancellation) != 0)
                throw new BenchException($"'shithubd migrate' failed:\n{await File.ReadAllTextAsync(log, cancellation)}");
        }

        var server = new ServerProcess(
            ChildProcess.Start("shithubd", "TERM", log, [Source.Server, "serve", "--config", config]),
            new Uri($"http://127.0.0.1:{port}/"),
            socket,
            config);
        try
        {
            await server.WaitUntilReadyAsync(log, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task WaitUntilReadyAsync(string log, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = BaseUrl };
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri("ready", UriKind.Relative), cancellation);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (waited.Elapsed < Patience && !_process.Ended.IsCompleted)
            {
                await Task.Delay(50, cancellation);
                continue;
            }
            catch (HttpRequestException)
            {
            }

            throw new BenchException($"'shithubd serve' did not start:\n{await File.ReadAllTextAsync(log, cancellation)}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
