using System.Net;
using Shithub.Actions.Configuration.Values;

namespace Shithub.Actions.Configuration;

/// <summary>The settings of <c>shithubd</c>, each declared once.</summary>
internal static class ServerKeys
{
    public static readonly SettingKey<IReadOnlyList<ListenAddress>> Listen = new SettingKey<IReadOnlyList<ListenAddress>>(
        "server", "listen",
        "Where the server listens; port 0 takes a free one.", SettingTypes.Listen)
    { Option = "--listen" }.Or("127.0.0.1:8080");

    public static readonly SettingKey<Uri?> BaseUrl = new("server", "base_url",
        "The address that users and runners reach the server by, as it stands in links and clone addresses.", SettingTypes.Url!)
    {
        Option = "--base-url",
        DefaultShown = "`http://` and the first TCP address of `listen`",
    };

    public static readonly SettingKey<IReadOnlyList<IPNetwork>> TrustedProxies = new SettingKey<IReadOnlyList<IPNetwork>>("server", "trusted_proxies",
        "Reverse proxies whose `X-Forwarded-For` says where a request comes from, in the audit log for one.", NetworkTypes.Networks).Or("");

    public static readonly SettingKey<string> DataRoot = new SettingKey<string>("server", "data_root",
        "Holds the git repositories (`repositories/`) and stored logs and artifacts (`objects/`).", SettingTypes.AbsolutePath)
    { Option = "--data-root" }.Or("/var/lib/shithubd");

    public static readonly SettingKey<TimeSpan> ShutdownGrace = new SettingKey<TimeSpan>("server", "shutdown_grace",
        "How long calls in flight may take to end after SIGTERM.", SettingTypes.Duration("0s", "1h")).Or("30s");

    public static readonly SettingKey<Secret?> DatabaseUrl = new("database", "url",
        "PostgreSQL: `postgres://user:password@host:port/database`, or keywords as Npgsql takes them.", SettingTypes.Database!)
    { IsSecret = true, IsRequired = true, Option = "--database-url", FileOption = "--database-url-file" };

    public static readonly SettingKey<int> MaxConnections = new SettingKey<int>("database", "max_connections",
        "How many connections one server process opens at most, beside eleven for claims, ends of jobs and logs.", SettingTypes.WholeNumber(2, 1000)).Or("40");

    public static readonly SettingKey<Secret?> TotpKey = new("auth", "totp_key_b64",
        "The root key that all other keys derive from: 32 bytes or more in base64 (`openssl rand -base64 32`). `shithubd serve` needs it.",
        SettingTypes.Secret("base64 of 32 bytes or more", RootKey)!)
    { IsSecret = true, ShortVariable = "SHITHUB_TOTP_KEY", FileOption = "--totp-key-file" };

    public static readonly SettingKey<Secret?> PreviousTotpKey = new("auth", "previous_totp_key_b64",
        "A second root key that is accepted and makes nothing, while the root key is being replaced (docs/secrets.md).",
        SettingTypes.Secret("base64 of 32 bytes or more", RootKey)!)
    { IsSecret = true };

    public static readonly SettingKey<Secret?> RegistrationSecret = new("auth", "registration_secret",
        "With this secret runners may register themselves; without it only an administrator registers them.",
        SettingTypes.Secret("text, 16 characters or more", text =>
        {
            if (text.Length < 16)
                throw new SettingValueException("must have 16 characters or more; make one with: openssl rand -base64 24");
        })!)
    { IsSecret = true };

    public static readonly SettingKey<TimeSpan> SessionLifetime = new SettingKey<TimeSpan>("auth", "session_lifetime",
        "How long a browser stays signed in.", SettingTypes.Duration("1m", "365d")).Or("30d");

    public static readonly SettingKey<string> GitPath = new SettingKey<string>("git", "path",
        "The git program.", SettingTypes.FilePath).Or("git");

    public static readonly SettingKey<long> MaxPushBytes = new SettingKey<long>("git", "max_push_bytes",
        "The largest push, and the largest file in LFS, that is accepted.", SettingTypes.Size("64k", "1t")).Or("2g");

    public static readonly SettingKey<TimeSpan> GitTimeout = new SettingKey<TimeSpan>("git", "operation_timeout",
        "The longest a clone, fetch or push may take.", SettingTypes.Duration("1s", "24h")).Or("1h");

    public static readonly SettingKey<TimeSpan> StaleAfter = new SettingKey<TimeSpan>("runners", "stale_after",
        "A runner that has not been heard of for this long is shown as stale.", SettingTypes.Duration("10s", "7d")).Or("2m");

    public static readonly SettingKey<TimeSpan> LeaseMax = new SettingKey<TimeSpan>("runners", "lease_max",
        "The longest a claimed job is held for a runner that says nothing.", SettingTypes.Duration("10s", "15m")).Or("15m");

    public static readonly SettingKey<int> MaxRetries = new SettingKey<int>("runners", "max_retries",
        "How often a job whose runner was lost is queued again before it ends as `runner_lost`.", SettingTypes.WholeNumber(0, 100)).Or("3");

    public static readonly SettingKey<long> LogBytesPerJob = new SettingKey<long>("logs", "max_bytes_per_job",
        "How much a job may log; what is over is dropped, and the log says so.", SettingTypes.Size("1m", "1t")).Or("2g");

    public static readonly SettingKey<bool> MetricsEnabled = new SettingKey<bool>("metrics", "enabled",
        "Whether `/metrics` is served.", SettingTypes.Boolean).Or("true");

    public static readonly SettingTable Table = new("shithubd", "/etc/shithubd/config.toml", "SHITHUB_",
        ForeignPrefix: "SHITHUB_RUNNER_", ShortSection: null,
        [
            Listen, BaseUrl, TrustedProxies, DataRoot, ShutdownGrace, DatabaseUrl, MaxConnections, TotpKey, PreviousTotpKey, RegistrationSecret,
            SessionLifetime, GitPath, MaxPushBytes, GitTimeout, StaleAfter, LeaseMax, MaxRetries, LogBytesPerJob, MetricsEnabled,
        ]);

    private static void RootKey(string text)
    {
        var buffer = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, buffer, out var length) || length < 32)
            throw new SettingValueException("must be 32 bytes or more in base64; make one with: openssl rand -base64 32");
    }
}
