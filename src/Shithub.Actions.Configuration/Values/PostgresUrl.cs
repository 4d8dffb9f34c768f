using System.Data.Common;
using System.Globalization;

namespace Shithub.Actions.Configuration.Values;

/// <summary>
/// Turns <c>postgres://user:password@host:port/database?sslmode=require</c>, as libpq takes it (PostgreSQL manual, "Connection URIs"),
/// into the keyword form that Npgsql takes. A keyword string is passed on as it is.
/// </summary>
internal static class PostgresUrl
{
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.Ordinal)
    {
        ["host"] = "Host",
        ["port"] = "Port",
        ["user"] = "Username",
        ["password"] = "Password",
        ["dbname"] = "Database",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["options"] = "Options",
    };

    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    private const string Example = "postgres://user:password@127.0.0.1:5432/shithub";

    /// <exception cref="SettingValueException">The text is neither. The message does not repeat it: it may hold a password.</exception>
    public static string ToConnectionString(string text)
    {
        var scheme = Array.Find(Schemes, scheme => text.StartsWith(scheme, StringComparison.Ordinal));
        var builder = new DbConnectionStringBuilder();
        if (scheme is not null)
        {
            FromUrl(text[scheme.Length..], builder);
            return builder.ConnectionString;
        }
        try
        {
            builder.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw Malformed();
        }
        if (!builder.ContainsKey("Host") && !builder.ContainsKey("Server"))
            throw Malformed();
        return text;
    }

    private static void FromUrl(string rest, DbConnectionStringBuilder builder)
    {
        var (beforeQuery, query) = Split(rest, rest.IndexOf('?', StringComparison.Ordinal));
        var (authority, database) = Split(beforeQuery, beforeQuery.IndexOf('/', StringComparison.Ordinal));
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            var credentials = authority[..at];
            var (user, password) = Split(credentials, credentials.IndexOf(':', StringComparison.Ordinal));
            Set(builder, "user", user);
            Set(builder, "password", password);
        }
        HostAndPort(authority[(at + 1)..], builder);
        Set(builder, "dbname", database);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Split(pair, pair.IndexOf('=', StringComparison.Ordinal));
            if (!Keywords.ContainsKey(name))
                throw new SettingValueException($"has the unknown parameter '{name}'; known are {string.Join(", ", Keywords.Keys)}");
            Set(builder, name, value);
        }
        if (!builder.ContainsKey("Host"))
            throw new SettingValueException($"names no host; write for example {Example}, or …/shithub?host=/run/postgresql for a socket");
    }

    private static void HostAndPort(string text, DbConnectionStringBuilder builder)
    {
        var portColon = text.LastIndexOf(':');
        // The colons of [::1] are not a port's.
        var (host, port) = Split(text, portColon > text.LastIndexOf(']') ? portColon : -1);
        if (port.Length > 0 && !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw Malformed();
        Set(builder, "host", host is ['[', .., ']'] ? host[1..^1] : host);
        Set(builder, "port", port);
    }

    private static void Set(DbConnectionStringBuilder builder, string name, string encoded)
    {
        if (encoded.Length == 0)
            return;
        var value = Uri.UnescapeDataString(encoded);
        // libpq writes verify-full where Npgsql writes VerifyFull.
        builder[Keywords[name]] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
    }

    private static (string Before, string After) Split(string text, int index) =>
        index < 0 ? (text, "") : (text[..index], text[(index + 1)..]);

    private static SettingValueException Malformed() =>
        new($"must be a database address; write for example {Example}, or Host=…;Username=…;Password=…;Database=…");
}
