using Xunit;

namespace Shithub.Actions.Configuration.Tests;

public sealed class ServerSettingsTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private const string Minimal = """
        [database]
        url = "postgres://shithub:pw@127.0.0.1/shithub"
        """;

    [Fact]
    public void A_database_is_enough()
    {
        using var given = Given.Toml(Minimal);
        var settings = given.Server();

        Assert.Equal("127.0.0.1:8080", Assert.Single(settings.Server.Listen).ToString());
        Assert.Equal("http://127.0.0.1:8080/", settings.Server.BaseUrl.AbsoluteUri);
        Assert.Equal("/var/lib/shithubd/repositories", settings.Server.RepositoriesRoot);
        Assert.Equal("/var/lib/shithubd/objects", settings.Server.ObjectsRoot);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.Server.ShutdownGrace);
        Assert.Equal(40, settings.Database.MaxConnections);
        Assert.Equal(TimeSpan.FromDays(30), settings.Auth.SessionLifetime);
        Assert.Null(settings.Auth.RegistrationSecret);
        Assert.Equal(new GitSettings("git", 2L << 30, TimeSpan.FromHours(1)), settings.Git);
        Assert.Equal(new RunnerPoolSettings(TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(15), 3), settings.Runners);
        Assert.Equal(2L << 30, settings.Logs.MaxBytesPerJob);
        Assert.True(settings.Metrics.Enabled);
    }

    [Fact]
    public void Every_setting_can_be_written()
    {
        using var given = Given.Toml($"""
            [server]
            listen = ["0.0.0.0:80", "[::1]:8080", "unix:/run/shithubd/http.sock"]
            base_url = "https://ci.example/shithub"
            data_root = "/srv/shithub/"
            shutdown_grace = "1m30s"
            [database]
            url = "Host=/run/postgresql;Username=shithub;Database=shithub"
            max_connections = 10
            [auth]
            totp_key_b64 = "{Key}"
            registration_secret = "0123456789abcdef"
            session_lifetime = "12h"
            [git]
            path = "/usr/bin/git"
            max_push_bytes = 1048576
            operation_timeout = "500s"
            [runners]
            stale_after = "5m"
            lease_max = "60s"
            max_retries = 0
            [logs]
            max_bytes_per_job = "64m"
            [metrics]
            enabled = false
            """);
        var settings = given.Server();

        Assert.Equal(["0.0.0.0:80", "[::1]:8080", "unix:/run/shithubd/http.sock"], settings.Server.Listen.Select(address => address.ToString()));
        Assert.Equal("https://ci.example/shithub/", settings.Server.BaseUrl.AbsoluteUri);
        Assert.Equal("/srv/shithub/objects", settings.Server.ObjectsRoot);
        Assert.Equal(TimeSpan.FromSeconds(90), settings.Server.ShutdownGrace);
        Assert.Equal("Host=/run/postgresql;Username=shithub;Database=shithub", settings.Database.ConnectionString.Reveal());
        Assert.Equal(32, settings.Auth.RequireTotpKey().Length);
        Assert.Equal("0123456789abcdef", settings.Auth.RegistrationSecret!.Reveal());
        Assert.Equal(new GitSettings("/usr/bin/git", 1 << 20, TimeSpan.FromSeconds(500)), settings.Git);
        Assert.Equal(new RunnerPoolSettings(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1), 0), settings.Runners);
        Assert.False(settings.Metrics.Enabled);
    }

    [Fact]
    public void The_root_key_has_a_short_variable_and_is_asked_for_where_it_is_needed()
    {
        using var given = Given.Toml(Minimal);
        var error = Assert.Throws<SettingsException>(() => given.Server().Auth.RequireTotpKey());
        Assert.Contains("SHITHUB_TOTP_KEY", error.Message, StringComparison.Ordinal);
        Assert.Contains("openssl rand -base64 32", error.Message, StringComparison.Ordinal);

        given.Variable("SHITHUB_TOTP_KEY", Key);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (byte)i), given.Server().Auth.RequireTotpKey());
    }

    [Theory]
    [InlineData("SHITHUB_TOTP_KEY", "c2hvcnQ=", "must be 32 bytes or more in base64")]
    [InlineData("SHITHUB_TOTP_KEY", "not base64!", "must be 32 bytes or more in base64")]
    [InlineData("SHITHUB_AUTH__REGISTRATION_SECRET", "fifteen-letters", "must have 16 characters or more")]
    [InlineData("SHITHUB_DATABASE__URL", "mysql://pw@host/db", "must be a database address")]
    [InlineData("SHITHUB_DATABASE__URL", "Username=shithub;Password=pw", "must be a database address")]
    [InlineData("SHITHUB_DATABASE__URL", "postgres://u:pw@host:http/db", "must be a database address")]
    [InlineData("SHITHUB_DATABASE__URL", "postgres:///db", "names no host")]
    [InlineData("SHITHUB_DATABASE__URL", "postgres://u:pw@host/db?ssl=on", "has the unknown parameter 'ssl'; known are host, port")]
    [InlineData("SHITHUB_SERVER__LISTEN", "8080", "must be host:port or unix:/path")]
    [InlineData("SHITHUB_SERVER__LISTEN", "127.0.0.1:65536", "must be host:port or unix:/path")]
    [InlineData("SHITHUB_SERVER__LISTEN", "::1:8080", "must be host:port or unix:/path")]
    [InlineData("SHITHUB_SERVER__LISTEN", "unix:run.sock", "must be host:port or unix:/path")]
    [InlineData("SHITHUB_SERVER__LISTEN", "unix:/run/http.sock", "server.base_url is not set and does not follow from a unix socket")]
    [InlineData("SHITHUB_METRICS__ENABLED", "yes", "must be true or false")]
    [InlineData("SHITHUB_RUNNERS__LEASE_MAX", "1h", "must be a duration from 10s to 15m")]
    public void A_value_that_cannot_be_meant_is_refused_with_a_remedy(string variable, string value, string remedy)
    {
        using var given = Given.Toml(Minimal).Variable(variable, value);
        var error = Assert.Single(given.ServerErrors());
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.DoesNotContain("pw", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u:p%40%3A;%22w@db.example:5433/ci?sslmode=verify-full&application_name=ci",
        "Host=db.example;Port=5433;Username=u;Password='p@:;\"w';Database=ci;SSL Mode=verifyfull;Application Name=ci")]
    [InlineData("postgresql://ci@[::1]/ci", "Host=::1;Username=ci;Database=ci")]
    [InlineData("postgres:///ci?host=/run/postgresql&user=ci", "Host=/run/postgresql;Username=ci;Database=ci")]
    [InlineData("postgres://ci@%2Frun%2Fpostgresql/ci", "Host=/run/postgresql;Username=ci;Database=ci")]
    public void A_postgres_url_becomes_the_keywords_that_Npgsql_takes(string url, string keywords)
    {
        using var given = Given.Toml(Minimal).Option("database.url", url);
        var expected = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = keywords };
        var actual = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = given.Server().Database.ConnectionString.Reveal() };
        Assert.True(expected.EquivalentTo(actual), actual.ConnectionString);
    }

    [Theory]
    [InlineData("*:8080", "http://localhost:8080/")]
    [InlineData("0.0.0.0:80", "http://localhost/")]
    [InlineData("[::]:8080", "http://localhost:8080/")]
    [InlineData("[::1]:8080", "http://[::1]:8080/")]
    [InlineData("unix:/run/http.sock,ci.example:8080", "http://ci.example:8080/")]
    public void The_public_address_follows_from_where_the_server_listens(string listen, string url)
    {
        using var given = Given.Toml(Minimal).Option("server.listen", listen);
        Assert.Equal(url, given.Server().Server.BaseUrl.AbsoluteUri);
    }

    [Fact]
    public void The_runners_variables_are_left_alone()
    {
        using var given = Given.Toml(Minimal).Variable("SHITHUB_RUNNER_TOKEN", "t").Variable("SHITHUB_RUNNER_NO_SUCH", "x")
            .Variable("SHITHUB_RUNNERS__MAX_RETRIES", "7");
        Assert.Equal(7, given.Server().Runners.MaxRetries);
    }
}
