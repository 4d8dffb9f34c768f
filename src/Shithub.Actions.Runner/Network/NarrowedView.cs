using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// The network of one job whose workflow narrows the list for itself: a resolver of its own that knows the narrowed list, and a table that
/// refuses, before the one of all, what that resolver did not answer. It can only take away. Disposing it removes both.
/// </summary>
internal sealed class NarrowedView : IAsyncDisposable
{
    private const int PortTries = 5;
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(20);
    private readonly FencePlan _plan;
    private readonly string _container;
    private readonly string _listed;

    private NarrowedView(FencePlan plan, string container, IReadOnlyList<string> names, string listed) =>
        (_plan, _container, Names, _listed) = (plan, container, names, listed);

    public IReadOnlyList<string> Names { get; }

    public string Table => TableOf(_plan, _container);

    public string LogFile => Configuration(_plan, _container, Names, 53).LogFile;

    /// <param name="container">The job's address.</param>
    /// <exception cref="NetworkFenceException">A part of it can't be made.</exception>
    public static async Task<NarrowedView> StartAsync(
        FencePlan plan, string container, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        // Containers get addresses that others had.
        await RemoveAsync(plan, container, cancellationToken);
        Directory.CreateDirectory(FolderOf(plan, container));
        await File.WriteAllTextAsync(
            OwnerFile(plan, container), Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort(plan.Address);
            var rules = Path.Combine(FolderOf(plan, container), "view.nft");
            await File.WriteAllTextAsync(rules, FirewallRules.View(plan, TableOf(plan, container), container, port), cancellationToken);
            await HostProgram.RunAsync("nft", cancellationToken, "--file", rules);
            try
            {
                await new Resolver(Configuration(plan, container, names, port)).EnsureAsync(cancellationToken);
                var listed = await NetworkFence.ListAsync(TableOf(plan, container), cancellationToken)
                    ?? throw new NetworkFenceException("The narrowed job's table was made and is not there.");
                return new NarrowedView(plan, container, names, listed);
            }
            catch (NetworkFenceException) when (attempt < PortTries)
            {
                // Somebody took the port meanwhile.
            }
        }
    }

    /// <summary>Whether its table is still the one that was made. Its resolver needs no look: without it nothing is resolved.</summary>
    public async Task<string?> ProblemAsync(CancellationToken cancellationToken) =>
        await NetworkFence.ListAsync(Table, cancellationToken) == _listed ? null : $"the table {Table} of this job's narrowed list was changed";

    /// <summary>Removes those of runners that are gone.</summary>
    public static async Task RemoveLeftoversAsync(FencePlan plan, CancellationToken cancellationToken)
    {
        foreach (var container in All(plan))
        {
            var owner = OwnerFile(plan, container);
            if (!File.Exists(owner) || !Directory.Exists($"/proc/{(await File.ReadAllTextAsync(owner, cancellationToken)).Trim()}"))
                await RemoveAsync(plan, container, cancellationToken);
        }
    }

    public static async Task RemoveAllAsync(FencePlan plan, CancellationToken cancellationToken)
    {
        foreach (var container in All(plan)) await RemoveAsync(plan, container, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        using var bounded = new CancellationTokenSource(CleanupTime);
        await RemoveAsync(_plan, _container, bounded.Token);
    }

    /// <summary>Also of a job that did not clean up: a container with its address must not be narrowed by it.</summary>
    public static async Task RemoveAsync(FencePlan plan, string container, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(FolderOf(plan, container))) return;
        await new Resolver(Configuration(plan, container, [], 53)).StopAsync(cancellationToken);
        await HostProgram.TryAsync("nft", cancellationToken, "delete", "table", "inet", TableOf(plan, container));
        Directory.Delete(FolderOf(plan, container), recursive: true);
    }

    private static ResolverConfiguration Configuration(FencePlan plan, string container, IReadOnlyList<string> names, int port) =>
        new(plan, names, port, [plan.Table, TableOf(plan, container)], FolderOf(plan, container));

    private static IEnumerable<string> All(FencePlan plan) => Directory.Exists(Views(plan))
        ? Directory.GetDirectories(Views(plan)).Select(folder => Path.GetFileName(folder)!).ToList()
        : [];

    private static string Views(FencePlan plan) => Path.Combine(plan.Folder, "views");

    private static string FolderOf(FencePlan plan, string container) => Path.Combine(Views(plan), container);

    private static string OwnerFile(FencePlan plan, string container) => Path.Combine(FolderOf(plan, container), "owner");

    private static string TableOf(FencePlan plan, string container) => $"{plan.Table}_{container.Replace('.', '_')}";

    private static int FreePort(IPAddress address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
