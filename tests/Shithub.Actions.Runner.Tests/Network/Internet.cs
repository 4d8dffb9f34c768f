using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Shithub.Actions.Runner.Network;
using Shithub.Actions.Testing;

namespace Shithub.Actions.Runner.Tests.Network;

/// <summary>
/// The world outside in a network namespace of its own: web servers on several addresses (80, 443 and 853), DNS over UDP and TCP on port 5300 of each,
/// and the upstream resolver. Its way back to this host's containers leads through this host, so what gets out would also be answered.
/// </summary>
internal sealed class Internet : IAsyncDisposable
{
    private readonly string _name;
    private readonly ContainerNetwork _network;
    private readonly List<Socket> _listeners = [];
    private readonly CancellationTokenSource _over = new();
    private readonly string _folder;
    private readonly string _net;
    private string _bridge = "";

    private Internet(string name, string net, string folder, ContainerNetwork network) =>
        (_name, _net, _folder, _network) = (name, net, folder, network);

    public IPAddress Host => Address(1);

    public IPAddress Allowed => Address(10);

    public IPAddress Other => Address(11);

    public IPAddress Wild => Address(12);

    public IPAddress Denied => Address(20);

    public IPAddress Resolver => Address(53);

    /// <summary>Where connections arrived, as often as they did.</summary>
    public ConcurrentQueue<IPAddress> Arrivals { get; } = new();

    /// <param name="bridge">The address of the fence's bridge, for a name that stands for it.</param>
    public static async Task<Internet> StartAsync(string bridge)
    {
        var id = Guid.NewGuid().ToString("N")[..6];
        var (name, outer, inner) = ($"shithub-inet-{id}", $"sti{id}", $"stj{id}");
        var net = TestSubnets.Next("198.18");
        await IpAsync("netns", "add", name);
        await IpAsync("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name);
        await IpAsync("address", "add", $"{net}.1/24", "dev", outer);
        await IpAsync("link", "set", outer, "up");
        await InAsync(name, "ip", "link", "set", "lo", "up");
        foreach (var host in (int[])[10, 11, 12, 20, 53]) await InAsync(name, "ip", "address", "add", $"{net}.{host}/24", "dev", inner);
        await InAsync(name, "ip", "link", "set", inner, "up");
        await InAsync(name, "ip", "route", "add", "default", "via", $"{net}.1");
        var folder = Directory.CreateTempSubdirectory("shithub-inet-").FullName;
        var internet = new Internet(name, net, folder, ContainerNetwork.Of($"/run/netns/{name}"));
        internet._bridge = bridge;
        await internet.ResolveAsync(53, internet.Wild);
        await internet.ResolveAsync(5300, internet.Wild);
        foreach (var port in (int[])[80, 443, 853]) internet.Serve(await internet._network.ListenAsync(port));
        return internet;
    }

    /// <summary>From now on the name turning.test stands for this address; before, it is <see cref="Wild"/>'s.</summary>
    public async Task TurnAsync(IPAddress address)
    {
        var pidFile = Path.Combine(_folder, "53.pid");
        var pid = (await File.ReadAllTextAsync(pidFile)).Trim();
        await HostProgram.RunAsync("kill", CancellationToken.None, "-KILL", pid);
        while (Directory.Exists($"/proc/{pid}")) await Task.Delay(5);
        await ResolveAsync(53, address);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        foreach (var listener in _listeners) listener.Dispose();
        foreach (var file in Directory.GetFiles(_folder, "*.pid"))
            await HostProgram.TryAsync("kill", CancellationToken.None, (await File.ReadAllTextAsync(file)).Trim());
        _network.Dispose();
        await HostProgram.TryAsync("ip", CancellationToken.None, "netns", "delete", _name);
        Directory.Delete(_folder, recursive: true);
    }

    private static Task IpAsync(params string[] arguments) => HostProgram.RunAsync("ip", CancellationToken.None, arguments);

    private static Task InAsync(string name, params string[] command) => IpAsync(["netns", "exec", name, .. command]);

    private IPAddress Address(int host) => IPAddress.Parse($"{_net}.{host}");

    private async Task ResolveAsync(int port, IPAddress turning)
    {
        var file = Path.Combine(_folder, $"dnsmasq-{port}.conf");
        await File.WriteAllTextAsync(file, $"""
            port={port}
            bind-interfaces
            except-interface=lo
            no-resolv
            no-hosts
            pid-file={_folder}/{port}.pid
            address=/allowed.test/{Allowed}
            address=/allowed.test/2001:db8::10
            address=/other.test/{Other}
            address=/wild.test/{Wild}
            address=/denied.test/{Denied}
            address=/host.test/{Host}
            address=/loopback.test/127.0.0.1
            address=/private.test/10.1.2.3
            address=/bridge.test/{_bridge}
            address=/mixed.test/{Denied}
            address=/mixed.test/10.1.2.3
            address=/turning.test/{turning}
            address=/metadata.test/169.254.169.254
            """);
        await InAsync(_name, "dnsmasq", $"--conf-file={file}");
    }

    /// <summary>Says hello, and says back what it is told.</summary>
    private void Serve(Socket listener)
    {
        _listeners.Add(listener);
        _ = Task.Run(async () =>
        {
            while (!_over.IsCancellationRequested)
            {
                try
                {
                    _ = TalkAsync(await listener.AcceptAsync(_over.Token));
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
                {
                    // Broken off before it was taken; or the test is over.
                }
            }
        });
    }

    private async Task TalkAsync(Socket client)
    {
        using (client)
        {
            try
            {
                Arrivals.Enqueue(((IPEndPoint)client.LocalEndPoint!).Address);
                await client.SendAsync("hello\n"u8.ToArray());
                var buffer = new byte[1024];
                int read;
                while ((read = await client.ReceiveAsync(buffer)) > 0) await client.SendAsync(buffer.AsMemory(0, read));
            }
            catch (SocketException)
            {
                // Broken off.
            }
        }
    }
}
