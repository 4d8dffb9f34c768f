using System.Globalization;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// What a look from inside a started container found. An engine may ignore a limit silently (rootless, a cgroup tree without that
/// controller), so what counts is what the kernel says there, not what the engine was asked for.
/// </summary>
/// <param name="Holes">What does not hold, in words for the job's author; empty: the fence holds.</param>
/// <param name="Facts">What holds, for the job's log.</param>
/// <param name="HasBash">The image has bash, the default shell of steps.</param>
/// <param name="SearchPath">The image's <c>PATH</c>.</param>
/// <param name="WorkDevice">What the workspace is on.</param>
/// <param name="StartsFirstScript">The first process waits for one; see <see cref="FirstScript"/>.</param>
internal sealed record Fence(
    IReadOnlyList<string> Holes, IReadOnlyList<string> Facts, bool HasBash, string SearchPath, string WorkDevice, bool StartsFirstScript)
{
    private const string Missing = "?";

    /// <summary>The last line of what <see cref="Script"/> says.</summary>
    public const string EndOfScript = "end:\n";

    /// <summary>Values as one <c>key:value</c> a line, with the shell's own means: the image need not have grep or awk.</summary>
    public const string Script = """
        first() { for f in "$@"; do if [ -r "$f" ]; then read -r line < "$f"; echo "$line"; return; fi; done; echo '?'; }
        while read -r key a b c rest; do
          case $key in
            Uid:|Gid:|Groups:|CapInh:|CapPrm:|CapEff:|CapBnd:|CapAmb:|NoNewPrivs:|Seccomp:) echo "$key$a $b $c $rest" ;;
          esac
        done < /proc/self/status
        while read -r device point type options rest; do
          case $point in
            /) echo "root:$options" ;;
            /tmp) echo "tmp:$type" ;;
            /github/home) echo "home:$type" ;;
            /github) echo "work:$device" ;;
          esac
        done < /proc/self/mounts
        g=/sys/fs/cgroup
        echo "memory:$(first $g/memory.max $g/memory/memory.limit_in_bytes)"
        echo "pids:$(first $g/pids.max $g/pids/pids.max)"
        if [ -r $g/cpu.max ]; then
          echo "cpu:$(first $g/cpu.max)"
        else
          echo "cpu:$(first $g/cpu/cpu.cfs_quota_us) $(first $g/cpu/cpu.cfs_period_us)"
        fi
        for s in /var/run/docker.sock /run/docker.sock /run/podman/podman.sock; do [ -S $s ] && echo "socket:$s"; done
        command -v bash > /dev/null && echo "bash:yes"
        echo "path:$PATH"
        echo "end:"
        exit 0
        """;

    public static Fence Read(string output, EngineSettings settings)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0) found[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var user = UserIds.Parse(settings.User);
        var holes = new List<string>();
        Require(AllAre(Value("Uid"), user.Uid), $"steps would run as uid {Value("Uid")}, not {user.Uid}");
        Require(AllAre(Value("Gid"), user.Gid), $"steps would run with gid {Value("Gid")}, not {user.Gid}");
        Require(
            Value("Groups").Split(' ', StringSplitOptions.RemoveEmptyEntries).All(g => g == user.Gid.ToString(CultureInfo.InvariantCulture)),
            $"steps would run with more groups: {Value("Groups")}");
        foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
            Require(Value(set).Length > 0 && Value(set).All(digit => digit == '0'), $"steps would have capabilities ({set} {Value(set)})");
        Require(Value("NoNewPrivs") == "1", "no-new-privileges is not set: set-uid programs would give privileges");
        Require(Value("Seccomp") == "2", "no seccomp filter is in force");
        Require(Value("root").Split(',').Contains("ro"), "the root file system is writable");
        Require(Value("tmp") == "tmpfs", "/tmp is not a tmpfs of its own");
        Require(Value("home") == "tmpfs", "$HOME is not a tmpfs of its own");
        Require(AtMost(Value("memory"), settings.MemoryBytes), $"memory is not limited to {settings.MemoryBytes} bytes ({Value("memory")})");
        Require(AtMost(Value("pids"), settings.PidsLimit), $"processes are not limited to {settings.PidsLimit} ({Value("pids")})");
        Require(CpuAtMost(Value("cpu"), settings.Cpus), $"processors are not limited to {settings.Cpus} ({Value("cpu")})");
        Require(Value("socket") == Missing, $"the engine's socket {Value("socket")} is visible");
        return new Fence(
            holes,
            [
                $"user {user}, no capabilities, no-new-privileges, seccomp filter, read-only root",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"memory {settings.MemoryBytes / (1024 * 1024)} MiB without swap, {settings.Cpus} CPUs, {settings.PidsLimit} processes, "
                    + $"/tmp {settings.TmpBytes / (1024 * 1024)} MiB, $HOME {settings.HomeBytes / (1024 * 1024)} MiB"),
                $"network {settings.Network}, "
                + (settings.DnsServers.Count > 0 ? $"DNS {string.Join(", ", settings.DnsServers)}" : "the engine's DNS"),
            ],
            found.ContainsKey("bash"),
            Value("path"),
            Value("work"),
            Value("first") == "yes");

        string Value(string key) => found.GetValueOrDefault(key, Missing);

        void Require(bool holds, string hole)
        {
            if (!holds) holes.Add(hole);
        }
    }

    /// <summary>Real, effective, saved and file system id.</summary>
    private static bool AllAre(string ids, uint expected) =>
        ids.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is { Length: 4 } all
        && all.All(id => id == expected.ToString(CultureInfo.InvariantCulture));

    private static bool AtMost(string found, long limit) =>
        long.TryParse(found, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= limit;

    /// <summary>Quota and period, in microseconds; one per mille is lost to rounding.</summary>
    private static bool CpuAtMost(string found, decimal cpus) =>
        found.Split(' ') is [var quota, var period]
        && decimal.TryParse(quota, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
        && decimal.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out var each)
        && each > 0
        && microseconds / each <= cpus * 1.001m;
}
