using System.Globalization;

namespace Shithub.Actions.Runner.Network;

/// <summary>
/// The fence in nftables' language. A drop in a chain of ours is final, whatever the engines' own tables accept before or after it. See
/// docs/decisions/0010-network-fence.md for why there are two sets and a mark.
/// </summary>
internal static class FirewallRules
{
    /// <summary>Answers of the resolver, as it adds them.</summary>
    public const string Seen = "seen";

    /// <summary>Addresses that were used while they were in <see cref="Seen"/>.</summary>
    public const string Allowed = "allowed";

    public const string Blocked = "blocked";

    /// <summary>How long what was blocked is remembered: the longest that a job may take by default.</summary>
    public static readonly TimeSpan BlockedTtl = TimeSpan.FromHours(6);

    /// <summary>RFC 6890's special addresses, multicast included: names of strangers stand for none of these.</summary>
    private const string SpecialRanges =
        "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 224.0.0.0/3";

    /// <summary>The whole table, in place of the one that may be there.</summary>
    public static string Table(FencePlan plan)
    {
        var (bridge, subnet, table) = (plan.Bridge, plan.Subnet, plan.Table);
        var except = plan.PrivateRanges.Count == 0 ? "" : $" ip daddr != {{ {string.Join(", ", plan.PrivateRanges)} }}";
        return $$"""
            # The fence of the network {{plan.Network}}. Made by: shithubd-runner network up
            add table inet {{table}}
            delete table inet {{table}}
            table inet {{table}} {
              set {{Seen}} { type ipv4_addr; size 65535; flags timeout; timeout {{Seconds(SeenTtl(plan))}}; }
              set {{Allowed}} { type ipv4_addr; size 65535; flags dynamic,timeout; timeout {{Seconds(plan.AddressTtl)}}; }
              set {{Blocked}} { type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 16384; flags dynamic,timeout; timeout {{Seconds(BlockedTtl)}}; }

              # Without the mark nothing is routed from the bridge: when this table is gone, the routing rules still stand.
              chain marking {
                type filter hook prerouting priority mangle; policy accept;
                iifname "{{bridge}}" ip saddr {{subnet}} meta mark set meta mark | {{FencePlan.Mark}}
              }

              chain forward {
                type filter hook forward priority filter - 5; policy accept;
                iifname "{{bridge}}" jump leaving
                oifname "{{bridge}}" ct state established,related accept
                oifname "{{bridge}}" drop
              }

              chain leaving {
                oifname "{{bridge}}" drop
                meta nfproto != ipv4 drop
                ip saddr != {{subnet}} drop
                ct state invalid drop
                ct state established,related accept
                meta l4proto { tcp, udp } th dport { 53, 853 } goto refuse
                ip daddr { {{SpecialRanges}} }{{except}} goto refuse
                meta l4proto != { tcp, udp, icmp } goto refuse
                ip daddr @{{Seen}} update @{{Allowed}} { ip daddr } accept
                ip daddr @{{Seen}} accept
                ip daddr @{{Allowed}} accept
                goto refuse
              }

              # This host: its resolver on the bridge, and nothing else. A narrowed job's resolver listens elsewhere: what counts is whom it asked.
              chain input {
                type filter hook input priority filter - 5; policy accept;
                iifname != "{{bridge}}" accept
                meta nfproto != ipv4 drop
                ip saddr != {{subnet}} drop
                meta l4proto { tcp, udp } ct original ip daddr {{plan.Address}} ct original proto-dst 53 accept
                ct state established,related accept
                goto refuse
              }

              chain refuse {
                meta l4proto { tcp, udp } update @{{Blocked}} { ip saddr . ip daddr . meta l4proto . th dport }
                # At once, however often: of ICMP's answers the kernel gives one a second.
                meta l4proto tcp reject with tcp reset
                reject with icmpx admin-prohibited
              }

              chain postrouting {
                type nat hook postrouting priority srcnat - 5; policy accept;
                ip saddr {{subnet}} oifname != "{{bridge}}" masquerade
              }
            }

            """;
    }

    /// <summary>
    /// A job that narrows its list: a table of its own that can only take away, before the one of all. Its questions go to a resolver of its
    /// own, which knows the narrowed list and fills this table's set beside the one of all.
    /// </summary>
    public static string View(FencePlan plan, string table, string container, int resolverPort) => $$"""
        add table inet {{table}}
        delete table inet {{table}}
        table inet {{table}} {
          set {{Seen}} { type ipv4_addr; size 65535; flags timeout; timeout {{Seconds(SeenTtl(plan))}}; }
          set {{Allowed}} { type ipv4_addr; size 65535; flags dynamic,timeout; timeout {{Seconds(plan.AddressTtl)}}; }

          chain resolver {
            type nat hook prerouting priority dstnat - 5; policy accept;
            iifname "{{plan.Bridge}}" ip saddr {{container}} ip daddr {{plan.Address}} meta l4proto { tcp, udp } th dport 53 redirect to :{{resolverPort}}
          }

          chain forward {
            type filter hook forward priority filter - 6; policy accept;
            iifname != "{{plan.Bridge}}" accept
            ip saddr != {{container}} accept
            ct state established,related accept
            ip daddr @{{Seen}} update @{{Allowed}} { ip daddr } accept
            ip daddr @{{Seen}} accept
            ip daddr @{{Allowed}} accept
            meta l4proto { tcp, udp } jump record
            meta l4proto tcp reject with tcp reset
            reject with icmpx admin-prohibited
          }

          set {{Blocked}} { type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 16384; flags dynamic,timeout; timeout {{Seconds(BlockedTtl)}}; }
          chain record {
            update @{{Blocked}} { ip saddr . ip daddr . meta l4proto . th dport }
          }
        }

        """;

    /// <summary>
    /// A second lock, in a table that belongs to the process which holds it (flag <c>owner</c>): <c>nft flush ruleset</c> of somebody else leaves
    /// it alone. It lets pass what the fence has marked, so it closes this host's own ports too when the fence is gone.
    /// </summary>
    public static string Lid(FencePlan plan, string table) => $$"""
        add table inet {{table}} { flags owner; }
        add chain inet {{table}} forward { type filter hook forward priority filter + 5; policy accept; }
        add chain inet {{table}} input { type filter hook input priority filter + 5; policy accept; }
        add rule inet {{table}} forward iifname "{{plan.Bridge}}" meta mark & {{FencePlan.Mark}} == 0 drop
        add rule inet {{table}} input iifname "{{plan.Bridge}}" meta mark & {{FencePlan.Mark}} == 0 drop

        """;

    /// <summary>Every answer counts anew after this time; the other set bridges the time between answers.</summary>
    private static TimeSpan SeenTtl(FencePlan plan) => plan.AddressTtl / 2 < TimeSpan.FromMinutes(1) ? plan.AddressTtl / 2 : TimeSpan.FromMinutes(1);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (int)time.TotalSeconds)}s");
}
