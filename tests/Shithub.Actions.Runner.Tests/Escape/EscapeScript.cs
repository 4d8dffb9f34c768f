namespace Shithub.Actions.Runner.Tests.Escape;

/// <summary>What a hostile step tries, each with a line on how it ended.</summary>
internal static class EscapeScript
{
    /// <summary>System calls by number (x86-64), so that neither a missing program nor a library's own check answers for the kernel.</summary>
    public const string Text = """
        set +e
        try() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: ESCAPED"; else echo "$name: held"; fi; }
        write() { for f in "$@"; do (echo x > "$f") 2>/dev/null && return 0; done; return 1; }
        # Held: the kernel refuses (EPERM, EACCES, ENOSYS); anything else, an EFAULT say, means that it would have been done.
        call() { perl -e 'my ($n, @a) = map { /^-?[0-9]+$/ ? $_ + 0 : $_ } @ARGV; my $r = syscall($n, @a); exit(0) if $r >= 0; exit(($! + 0) =~ /^(1|13|38)$/ ? 1 : 0)' -- "$@"; }
        sock() { perl -e 'use Socket; exit(socket(my $s, $ARGV[0], $ARGV[1], $ARGV[2]) ? 0 : 1)' -- "$@"; }

        echo "canary: $(cat "$CANARY" 2>/dev/null || echo held)"
        try "write /" write /escaped
        try "write /etc" write /etc/passwd /etc/ld.so.preload /etc/shadow /usr/bin/id
        try "write beside the workspace" write /github/x /github/scripts/x /github/actions/x /github/workflow/event.json /github/incoming/x
        try "replace the runner's folders" sh -c 'mv /github/scripts /github/temp/s || mv /github/commands /github/temp/c || rmdir /github/workspace/../home'
        try "replace own script" write "$0" /github/scripts/*
        try "hard link out" ln /etc/passwd /github/workspace/passwd

        try "mount tmpfs" mount -t tmpfs tmpfs /github/temp
        try "mount bind" mount --bind / /github/temp
        try "remount /" mount -o remount,rw /
        try "mount by number" call 165 none /github/temp tmpfs 0 0
        try "umount /proc/..." umount /proc/kcore
        try "fsopen" call 430 tmpfs 0
        try "open_tree" call 428 -100 / 1
        try "pivot_root" call 155 / /
        try "chroot" call 161 /github/temp

        try "unshare -U" unshare -U true
        try "unshare -Ur" unshare -Ur true
        try "unshare user by number" call 272 268435456
        try "unshare mount by number" call 272 131072
        try "clone with a user namespace" call 56 268435473 0 0 0 0
        try "nsenter" nsenter -t 1 -m -p true
        try "setns" perl -e 'open(my $f, "<", "/proc/1/ns/net") or exit 1; exit(syscall(308, fileno($f), 0) == 0 ? 0 : 1)'

        try "ptrace of another user's process" perl -e 'for (glob "/proc/[0-9]*") { my ($p) = /(\d+)/; next if (stat $_)[4] == $<; exit 0 if syscall(101, 16, $p, 0, 0) == 0 } exit 1'
        try "ptrace of PID 1 gives more" sh -c '[ "$(grep -E "^(Uid|Cap|NoNewPrivs|Seccomp:)" /proc/1/status)" != "$(grep -E "^(Uid|Cap|NoNewPrivs|Seccomp:)" /proc/self/status)" ]'
        try "root of PID 1" sh -c '[ "$(stat -Lc %d:%i /proc/1/root)" != "$(stat -c %d:%i /)" ] || cat "/proc/1/root$CANARY"'
        try "host PIDs" sh -c "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -E 'Runner[.]Tests|[d]ockerd|[c]onmon|[c]ontainerd|[s]ystemd'"
        try "PID 1 is the host's" sh -c '! grep -q "trap" /proc/1/cmdline'

        try "raw ICMP" sock 2 3 1
        try "raw IP" sock 2 3 255
        try "packet socket" sock 17 3 768
        try "raw IPv6" sock 10 3 58
        try "engine's socket" sh -c 'find / -xdev -type s 2>/dev/null | grep . || ls /var/run/docker.sock /run/podman/podman.sock /run/containerd/containerd.sock'

        try "folders of open files" sh -c 'for f in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd; do for up in . .. ../.. ../../.. ../../../../../..; do cat "$f/$up$CANARY" && exit 0; done; done; exit 1'

        cp /bin/bash ./suid && chmod 6755 ./suid
        try "setuid binary" sh -c '[ "$(./suid -p -c "id -u")" != "$(id -u)" ]'
        try "setuid programs of the image" sh -c 'find / -xdev -perm -4000 -type f 2>/dev/null | while read -r f; do timeout 2 "$f" -c id </dev/null 2>/dev/null; done | grep uid=0'
        try "chown to root" chown 0 ./suid
        try "file capabilities" perl -e 'exit(syscall(188, "./suid", "security.capability", pack("V5", 0x02000001, 0x200000, 0, 0, 0), 20, 0) >= 0 ? 0 : 1)'
        try "setuid(0)" call 105 0
        try "setgroups" call 116 0 0

        try "mknod block" mknod ./disk b 8 0
        try "mknod memory" mknod ./mem c 1 1
        try "device nodes" sh -c 'for d in /dev/mem /dev/kmem /dev/sda /dev/vda /dev/loop0 /dev/loop-control /dev/kvm /dev/fuse /dev/net/tun; do [ -r "$d" ] && exit 0; done; exit 1'
        try "/dev/kmsg" sh -c 'head -c 1 /dev/kmsg || echo x > /dev/kmsg'
        try "syslog" call 103 3 0 0
        try "kcore" sh -c '[ "$(head -c 1 /proc/kcore | wc -c)" -gt 0 ]'

        try "core_pattern" write /proc/sys/kernel/core_pattern
        try "other sysctls" write /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom /proc/sys/fs/binfmt_misc/register /proc/sys/net/ipv4/ip_forward
        try "sysrq" write /proc/sysrq-trigger
        try "uevent_helper" write /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run /sys/power/state
        try "LSM of itself" write /proc/self/attr/exec /proc/self/attr/current
        try "uid_map" write /proc/self/uid_map /proc/1/uid_map
        try "cgroup release_agent" write /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/notify_on_release
        try "new cgroup" sh -c 'for g in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir "$g/escaped" && exit 0; done; exit 1'
        try "own limits" write /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max
        try "mount of a cgroup" mount -t cgroup -o rdma cgroup /github/temp

        try "open_by_handle_at" call 304 3 0 0
        try "kexec" call 246 0 0 0 0
        try "init_module" call 175 0 0 0
        try "finit_module" call 313 3 0 0
        try "reboot" call 169 4276215469 672274793 0 0
        try "swapon" call 167 /nothing 0
        try "settimeofday" call 164 0 0
        try "sethostname" call 170 x 1
        try "bpf" call 321 0 0 0
        try "perf_event_open" call 298 0 0 -1 -1 0
        try "keyctl" call 250 0 -3 0
        try "add_key" call 248 user x x 1 -3
        try "userfaultfd" call 323 0
        try "iopl" call 172 3
        echo done
        """;
}
