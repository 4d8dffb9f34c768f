using System.Globalization;
using System.Text;

namespace Shithub.Actions.Runner.Network;

/// <summary>dnsmasq's settings: it knows the names of the list and whom to ask for them, and of all others that they do not exist.</summary>
/// <param name="Port">53, or a narrowed job's.</param>
/// <param name="Sets">nftables' tables whose set of answers it fills.</param>
internal sealed record ResolverConfiguration(FencePlan Plan, IReadOnlyList<string> Names, int Port, IReadOnlyList<string> Sets, string Folder)
{
    /// <summary>A question that is never allowed; the runner asks it to see whether the resolver answers.</summary>
    public const string NeverAllowed = "fence-check.shithub.invalid";

    public string File => Path.Combine(Folder, "dnsmasq.conf");

    public string PidFile => Path.Combine(Folder, "dnsmasq.pid");

    public string LogFile => Path.Combine(Folder, "dnsmasq.log");

    public static ResolverConfiguration OfAll(FencePlan plan) => new(plan, plan.Names, 53, [plan.Table], plan.Folder);

    public string Render()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"""
            # The resolver of the network {Plan.Network}. Made by: shithubd-runner network up
            listen-address={Plan.Address}
            bind-interfaces
            port={Port}
            pid-file={PidFile}
            # Not the user whom steps run as, which is what it takes where it has no user of its own.
            user=daemon
            group=daemon
            # No list but this one: no resolv.conf, no hosts file. No answers from memory, so that every answer opens its address again.
            no-resolv
            no-hosts
            no-poll
            cache-size=0
            max-ttl={Math.Clamp((int)(Plan.AddressTtl / 2).TotalSeconds, 1, 300)}
            dns-forward-max=500
            # IPv6 is closed: clients must not try it first.
            filter-AAAA
            # Which names were refused to whom.
            log-queries=extra
            log-facility={LogFile}
            # Every other name does not exist.
            address=/#/
            """);
        if (Plan.PrivateRanges.Count == 0) text.AppendLine("# A name on the list that stands for a private address stands for nothing.\nstop-dns-rebind");
        foreach (var name in Names)
        {
            var isPattern = name.StartsWith("*.", StringComparison.Ordinal);
            foreach (var upstream in Plan.Upstreams) text.AppendLine(CultureInfo.InvariantCulture, $"server=/{name}/{upstream}");

            // dnsmasq means a name and all below it; what is below an exact name is refused unless the list has it, too.
            if (!isPattern && !Allowlist.Allows(Names, "*." + name)) text.AppendLine(CultureInfo.InvariantCulture, $"address=/*.{name}/");
            var sets = string.Join(',', Sets.Select(table => $"4#inet#{table}#{FirewallRules.Seen}"));
            text.AppendLine(CultureInfo.InvariantCulture, $"nftset=/{(isPattern ? name[2..] : name)}/{sets}");
        }

        return text.ToString();
    }
}
