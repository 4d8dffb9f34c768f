using System.Net;
using Shithub.Actions.Configuration.Binding;

namespace Shithub.Actions.Configuration;

/// <summary>The settings of the control server, <c>shithubd</c>.</summary>
public sealed record ServerSettings
{
    /// <summary>Every setting, variable and option there is.</summary>
    public static SettingTable Table => ServerKeys.Table;

    public required HttpSettings Server { get; init; }
    public required DatabaseSettings Database { get; init; }
    public required AuthSettings Auth { get; init; }
    public required GitSettings Git { get; init; }
    public required RunnerPoolSettings Runners { get; init; }
    public required LogSettings Logs { get; init; }
    public required MetricsSettings Metrics { get; init; }

    /// <param name="configPath">The value of <c>--config</c>, or null.</param>
    /// <param name="environment">All environment variables; those of others are ignored.</param>
    /// <param name="options">What the command line set, by <see cref="SettingOption.Path"/>.</param>
    /// <exception cref="SettingsException">Anything is unknown, missing or wrong.</exception>
    public static ServerSettings Load(
        string? configPath, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> options)
    {
        var binder = new SettingsBinder(Table, configPath, environment, options);
        var listen = binder.Get(ServerKeys.Listen);
        var baseUrl = binder.Get(ServerKeys.BaseUrl) ?? listen?.Select(address => address.LocalUrl).FirstOrDefault(url => url is not null);
        if (listen is not null && baseUrl is null)
            binder.Refuse("server.base_url is not set and does not follow from a unix socket; "
                + $"give it as the option --base-url or as the variable {Table.Variable(ServerKeys.BaseUrl)}");
        var settings = new ServerSettings
        {
            Server = new(
                listen!, baseUrl!, binder.Get(ServerKeys.TrustedProxies)!, binder.Get(ServerKeys.DataRoot), binder.Get(ServerKeys.ShutdownGrace)),
            Database = new(binder.Get(ServerKeys.DatabaseUrl)!, binder.Get(ServerKeys.MaxConnections)),
            Auth = new(
                binder.Get(ServerKeys.TotpKey), binder.Get(ServerKeys.PreviousTotpKey), binder.Get(ServerKeys.RegistrationSecret),
                binder.Get(ServerKeys.SessionLifetime)),
            Git = new(binder.Get(ServerKeys.GitPath), binder.Get(ServerKeys.MaxPushBytes), binder.Get(ServerKeys.GitTimeout)),
            Runners = new(binder.Get(ServerKeys.StaleAfter), binder.Get(ServerKeys.LeaseMax), binder.Get(ServerKeys.MaxRetries)),
            Logs = new(binder.Get(ServerKeys.LogBytesPerJob)),
            Metrics = new(binder.Get(ServerKeys.MetricsEnabled)),
        };
        binder.ThrowIfRefused();
        return settings;
    }
}

/// <param name="Listen">At least one address.</param>
/// <param name="BaseUrl">What users and runners reach the server by; ends in <c>/</c>.</param>
/// <param name="TrustedProxies">Whose <c>X-Forwarded-For</c> is believed.</param>
/// <param name="DataRoot">Holds everything that is not in PostgreSQL.</param>
/// <param name="ShutdownGrace">How long calls in flight may take after SIGTERM.</param>
public sealed record HttpSettings(
    IReadOnlyList<ListenAddress> Listen, Uri BaseUrl, IReadOnlyList<IPNetwork> TrustedProxies, string DataRoot, TimeSpan ShutdownGrace)
{
    /// <summary>The bare repositories.</summary>
    public string RepositoriesRoot => Path.Combine(DataRoot, "repositories");

    /// <summary>Logs, artifacts and caches.</summary>
    public string ObjectsRoot => Path.Combine(DataRoot, "objects");
}

/// <param name="ConnectionString">As Npgsql takes it, whatever form the setting had.</param>
/// <param name="MaxConnections">Of this process.</param>
public sealed record DatabaseSettings(Secret ConnectionString, int MaxConnections);

/// <param name="TotpKey">The root key in base64; every other key is derived from it. Only commands that need keys need it.</param>
/// <param name="PreviousTotpKey">Accepted beside <paramref name="TotpKey"/> while that is being replaced.</param>
/// <param name="RegistrationSecret">With it runners may register themselves; without it none may.</param>
/// <param name="SessionLifetime">How long a browser stays signed in.</param>
public sealed record AuthSettings(Secret? TotpKey, Secret? PreviousTotpKey, Secret? RegistrationSecret, TimeSpan SessionLifetime)
{
    /// <summary>The previous root key's bytes, or null.</summary>
    public byte[]? PreviousTotpKeyBytes => PreviousTotpKey is null ? null : Convert.FromBase64String(PreviousTotpKey.Reveal());

    /// <summary>The root key's bytes, at least 32.</summary>
    /// <exception cref="SettingsException">It is not set.</exception>
    public byte[] RequireTotpKey() => TotpKey is not null
        ? Convert.FromBase64String(TotpKey.Reveal())
        : throw new SettingsException([SettingsBinder.Required(ServerKeys.TotpKey, ServerKeys.Table, ServerKeys.Table.DefaultPath)
            + ". A new one is printed by: openssl rand -base64 32"]);
}

/// <param name="Path">The git program: a name looked up in <c>PATH</c>, or a path.</param>
/// <param name="MaxPushBytes">The largest push.</param>
/// <param name="OperationTimeout">The longest a clone, fetch or push may take.</param>
public sealed record GitSettings(string Path, long MaxPushBytes, TimeSpan OperationTimeout);

/// <param name="StaleAfter">Without a heartbeat for this long a runner counts as stale.</param>
/// <param name="LeaseMax">The longest lease a runner gets.</param>
/// <param name="MaxRetries">How often a job whose runner was lost is queued again.</param>
public sealed record RunnerPoolSettings(TimeSpan StaleAfter, TimeSpan LeaseMax, int MaxRetries);

/// <param name="MaxBytesPerJob">What a job may log before the rest is dropped.</param>
public sealed record LogSettings(long MaxBytesPerJob);

/// <param name="Enabled">Whether <c>/metrics</c> is served.</param>
public sealed record MetricsSettings(bool Enabled);
