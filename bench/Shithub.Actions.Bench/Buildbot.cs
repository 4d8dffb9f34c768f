using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Shithub.Actions.Server.Dev;

namespace Shithub.Actions.Bench;

/// <summary>
/// Debian's Buildbot, a master and a worker on this machine: a change is told over TCP (Debian has no buildbot-www for its hooks), a builder runs <c>echo hello</c> as a process without any
/// container. By its own defaults, but without the pause that waits for further changes.
/// </summary>
internal sealed class Buildbot : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly int _port;
    private readonly ChildProcess _master;
    private readonly ChildProcess _worker;

    private Buildbot(string folder, int port, ChildProcess master, ChildProcess worker) =>
        (_folder, _port, _master, _worker) = (folder, port, master, worker);

    /// <returns>Null where it is not installed.</returns>
    public static async Task<Buildbot?> TryStartAsync(string parent, CancellationToken cancellation)
    {
        if (!File.Exists("/usr/bin/buildbot") || !File.Exists("/usr/bin/buildbot-worker"))
        {
            Run.Say("speed: Buildbot is not installed (apt-get install buildbot buildbot-worker); its row is left out");
            return null;
        }

        Run.Say("speed: starting Buildbot");
        var folder = Directory.CreateDirectory($"{parent}/buildbot-{Guid.NewGuid().ToString("N")[..8]}").FullName;
        var (web, worker) = (FreePort(), FreePort());
        await RunAsync(folder, ["/usr/bin/buildbot", "create-master", "--force", $"{folder}/master"], cancellation);
        await File.WriteAllTextAsync($"{folder}/master/master.cfg", Configuration(folder, web, worker), cancellation);
        await RunAsync(folder, ["/usr/bin/buildbot-worker", "create-worker", $"{folder}/worker", $"localhost:{worker}", "one", "pass"], cancellation);
        var master = ChildProcess.Start("buildbot", "TERM", $"{folder}/master.log", ["/usr/bin/buildbot", "start", "--nodaemon", $"{folder}/master"]);
        try
        {
            // The worker comes when there is somebody to come to: it would wait longer and longer between its tries.
            await UntilListeningAsync(web, cancellation);
            var works = ChildProcess.Start("buildbot-worker", "TERM", $"{folder}/worker.log", ["/usr/bin/buildbot-worker", "start", "--nodaemon", $"{folder}/worker"]);
            var buildbot = new Buildbot(folder, web, master, works);
            await buildbot.BuildAsync(cancellation);
            return buildbot;
        }
        catch (BenchException e)
        {
            Run.Say($"speed: Buildbot does not work here, its rows are left out: {e.Message}");
            await master.DisposeAsync();
            return null;
        }
    }

    private static async Task UntilListeningAsync(int port, CancellationToken cancellation)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(100, cancellation))
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
                return;
            }
            catch (SocketException)
            {
                // Not up yet.
            }
        }

        throw new BenchException("its master did not start.");
    }

    /// <summary>Tells of a change, and waits until the build's end is noted.</summary>
    /// <returns>Milliseconds between the answer and the end.</returns>
    public async Task<double> BuildAsync(CancellationToken cancellation)
    {
        var before = Ends().Length;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _port, cancellation);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")), cancellation);
        await socket.ReceiveAsync(new byte[16], cancellation);
        var told = DateTimeOffset.UtcNow;
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(5, cancellation))
        {
            var ends = Ends();
            if (ends.Length > before)
                return (double.Parse(ends[^1], CultureInfo.InvariantCulture) * 1000) - told.ToUnixTimeMilliseconds();
        }

        throw new BenchException("Buildbot's build did not end.");
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _master.DisposeAsync();
    }

    private string[] Ends()
    {
        try
        {
            return File.ReadAllLines($"{_folder}/ends");
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private static async Task RunAsync(string folder, string[] command, CancellationToken cancellation)
    {
        await using var process = ChildProcess.Start(command[0], "TERM", $"{folder}/setup.log", command);
        if (await process.Ended.WaitAsync(Patience, cancellation) != 0)
            throw new BenchException($"'{string.Join(' ', command)}' failed: {await File.ReadAllTextAsync($"{folder}/setup.log", cancellation)}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Configuration(string folder, int web, int worker) => $$$"""
        import time
        from buildbot.plugins import schedulers, steps, util, worker
        from buildbot.util import service
        from twisted.internet import defer, protocol, reactor

        class Telling(protocol.Protocol):
            def dataReceived(self, data):
                told = self.factory.master.data.updates.addChange(
                    author='ada', files=[], comments='change', revision=data.decode(), branch='trunk', repository='bench', project='bench')
                told.addCallback(lambda _: self.transport.write(b'ok'))

        class Ends(service.BuildbotService):
            name = 'ends'
            @defer.inlineCallbacks
            def startService(self):
                yield super().startService()
                self.ends = yield self.master.mq.startConsuming(self.note, ('builds', None, 'finished'))
                changes = protocol.Factory.forProtocol(Telling)
                changes.master = self.master
                reactor.listenTCP({{{web}}}, changes, interface='127.0.0.1')
            def note(self, key, build):
                with open('{{{folder}}}/ends', 'a') as ends:
                    ends.write('%.4f\n' % time.time())

        factory = util.BuildFactory([steps.ShellCommand(command=['echo', 'hello'])])
        c = BuildmasterConfig = {
            'workers': [worker.Worker('one', 'pass')],
            'protocols': {'pb': {'port': 'tcp:{{{worker}}}:interface=127.0.0.1'}},
            'builders': [util.BuilderConfig(name='one', workernames=['one'], factory=factory)],
            'schedulers': [schedulers.AnyBranchScheduler(name='any', treeStableTimer=None, builderNames=['one'])],
            'services': [Ends()],
            'db': {'db_url': 'sqlite:///state.sqlite'},
            'buildbotNetUsageData': None,
        }
        """;
}
