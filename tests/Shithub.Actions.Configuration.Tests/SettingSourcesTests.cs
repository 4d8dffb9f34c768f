using Xunit;

namespace Shithub.Actions.Configuration.Tests;

/// <summary>Where values come from, which one wins, and what is said about those that cannot be used.</summary>
public sealed class SettingSourcesTests
{
    private const string Minimal = """
        [server]
        base_url = "https://shithub.example"
        [runner]
        token = "t0ken"

        """;

    [Fact]
    public void Options_win_over_variables_over_the_file_over_defaults()
    {
        using var given = Given.Toml(Minimal);
        Assert.Equal(1, given.Runner().Runner.Capacity);
        using var file = Given.Toml(Minimal + "capacity = 2");
        Assert.Equal(2, file.Runner().Runner.Capacity);
        file.Variable("SHITHUB_RUNNER_CAPACITY", "3");
        Assert.Equal(3, file.Runner().Runner.Capacity);
        file.Option("runner.capacity", "4");
        Assert.Equal(4, file.Runner().Runner.Capacity);
    }

    [Fact]
    public void The_runners_variables_need_no_file()
    {
        using var given = new Given().Variable("SHITHUB_RUNNER_TOKEN", "t0ken").Variable("SHITHUB_RUNNER_SERVER__BASE_URL", "http://127.0.0.1:8080")
            .Variable("SHITHUB_RUNNER_ENGINE__NETWORK_FENCE", "off")
            .Variable("SHITHUB_RUNNER_ENGINE__DNS_SERVERS", "10.0.0.1, fd00::1").Variable("SHITHUB_RUNNER_NETWORK_ALLOWLIST", "")
            .Variable("PATH", "/bin").Variable("SHITHUB_TOTP_KEY", "the server's");
        var settings = given.Runner();
        Assert.Equal("t0ken", settings.Runner.Token.Reveal());
        Assert.Equal("http://127.0.0.1:8080/", settings.Server.BaseUrl.AbsoluteUri);
        Assert.Equal(["10.0.0.1", "fd00::1"], settings.Engine.DnsServers);
        Assert.Empty(settings.Runner.NetworkAllowlist);
    }

    [Fact]
    public void The_full_name_of_a_short_variable_means_the_same_but_not_beside_it()
    {
        using var given = Given.Toml(Minimal).Variable("SHITHUB_RUNNER_RUNNER__CAPACITY", "5");
        Assert.Equal(5, given.Runner().Runner.Capacity);
        given.Variable("SHITHUB_RUNNER_CAPACITY", "5");
        Assert.Equal("SHITHUB_RUNNER_RUNNER__CAPACITY: SHITHUB_RUNNER_CAPACITY is set too and means the same; unset one of them",
            Assert.Single(given.RunnerErrors()));
    }

    [Fact]
    public void A_variable_names_the_file()
    {
        using var given = Given.Toml(Minimal + "capacity = 2");
        var environment = new Dictionary<string, string> { ["SHITHUB_RUNNER_CONFIG"] = given.ConfigPath! };
        Assert.Equal(2, RunnerSettings.Load(null, environment, given.Options).Runner.Capacity);
        environment["SHITHUB_RUNNER_CONFIG"] = "/nonexistent/config.toml";
        Assert.Equal(2, RunnerSettings.Load(given.ConfigPath, environment, given.Options).Runner.Capacity);
    }

    [Fact]
    public void A_file_that_was_named_must_exist()
    {
        var error = Assert.Throws<SettingsException>(() => ServerSettings.Load("/nonexistent/config.toml", new Dictionary<string, string>(),
            new Dictionary<string, string>()));
        Assert.Equal("/nonexistent/config.toml: the settings file does not exist; create it, or name another one with --config",
            Assert.Single(error.Errors));
    }

    [Fact]
    public void A_folder_is_no_settings_file()
    {
        var error = Assert.Throws<SettingsException>(() => ServerSettings.Load("/tmp", new Dictionary<string, string>(), new Dictionary<string, string>()));
        Assert.StartsWith("/tmp: the settings file cannot be read: ", Assert.Single(error.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_never_ends_is_not_read_to_its_end()
    {
        var error = Assert.Throws<SettingsException>(() => ServerSettings.Load("/dev/zero", new Dictionary<string, string>(), new Dictionary<string, string>()));
        Assert.Contains("larger than 1024 KiB", Assert.Single(error.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_required_says_all_three_ways_to_give_it()
    {
        using var given = Given.Toml("");
        Assert.Equal(
            [
                "server.base_url is not set; give it as the option --server-url, as the variable SHITHUB_RUNNER_SERVER__BASE_URL, "
                    + "or as base_url below [server] in config.toml",
                "runner.token is not set; give it as the option --token-file, as the variable SHITHUB_RUNNER_TOKEN, "
                    + "or as token below [runner] in config.toml",
            ],
            given.RunnerErrors().Order().Reverse());
    }

    [Fact]
    public void A_file_that_is_not_TOML_is_named_with_line_and_column_and_hides_no_other_errors()
    {
        using var given = Given.Toml("[server]\nbase_url = https://shithub.example\n").Variable("SHITHUB_RUNNER_CAPACITY", "0");
        Assert.Equal(
            [
                "config.toml:2:12: https://shithub.example is not a value; text needs quotes: write \"https://shithub.example\"",
                "SHITHUB_RUNNER_CAPACITY: runner.capacity is \"0\"; it must be a whole number from 1 to 1000",
            ],
            given.RunnerErrors());
    }

    [Theory]
    [InlineData("capcity = 2", "config.toml:5:1: [runner] has no key 'capcity'; did you mean 'capacity'?")]
    [InlineData("token_fil = '/x'", "config.toml:5:1: [runner] has no key 'token_fil'; did you mean 'token_file'?")]
    [InlineData("memory = '2g'", "config.toml:5:1: [runner] has no key 'memory'; it belongs below the line [engine]")]
    [InlineData("zzz = 1", "config.toml:5:1: [runner] has no key 'zzz'; there are token, token_file, name, host_name, labels, ")]
    [InlineData("capacity_file = '/x'", "config.toml:5:1: [runner] has no key 'capacity_file'; there are ")]
    [InlineData("[engin]\nkind = 'docker'", "config.toml:5:2: there is no section [engin]; did you mean [engine]?")]
    [InlineData("[[logs]]", "config.toml:5:3: there is no section [logs]; there are [server], [runner], [engine]")]
    [InlineData("[[engine]]", "config.toml:5:3: 'engine' must be a table; begin it with the line [engine]")]
    [InlineData("labels.x = 'a'", "config.toml:5:1: runner.labels is a table; it must be a list of strings; write for example [\"a\", \"b\"]")]
    [InlineData("labels = ['a', 1]", "config.toml:5:10: runner.labels is a list; it must be a list of strings")]
    [InlineData("labels = ['a', 'b c']", "config.toml:5:10: runner.labels is a list; it has the value \"b c\", which must have 1 to 100 letters")]
    [InlineData("capacity = '2'", "config.toml:5:12: runner.capacity is \"2\"; it must be a whole number from 1 to 1000, without quotes")]
    [InlineData("capacity = 1.0", "config.toml:5:12: runner.capacity is 1; it must be a whole number")]
    [InlineData("poll_interval = 5", "config.toml:5:17: runner.poll_interval is 5; it must be text in quotes")]
    [InlineData("poll_interval = 07:32:00", "config.toml:5:17: runner.poll_interval is a date or time; it must be text in quotes")]
    public void An_error_in_the_file_is_named_with_its_place(string line, string error)
    {
        using var given = Given.Toml(Minimal + line);
        Assert.StartsWith(error, Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_without_a_section_is_told_where_it_belongs()
    {
        using var given = Given.Toml("capacity = 2\nzzz = 1\n" + Minimal);
        Assert.Equal(
            [
                "config.toml:1:1: the key 'capacity' stands in no section; write it below the line [runner]",
                "config.toml:2:1: the key 'zzz' stands in no section; keys stand below one of [server], [runner], [engine]",
            ],
            given.RunnerErrors());
    }

    [Theory]
    [InlineData("SHITHUB_RUNNER_CAPCITY", "; did you mean SHITHUB_RUNNER_CAPACITY?")]
    [InlineData("SHITHUB_RUNNER_SERVER_BASE_URL", "; did you mean SHITHUB_RUNNER_SERVER__BASE_URL?")]
    [InlineData("SHITHUB_RUNNER_TOKEN_FIEL", "; did you mean SHITHUB_RUNNER_TOKEN_FILE?")]
    [InlineData("SHITHUB_RUNNER_CONFG", "; did you mean SHITHUB_RUNNER_CONFIG?")]
    [InlineData("SHITHUB_RUNNER_ZZZZZZZZ", "; unset it, or name it SHITHUB_RUNNER_SECTION__KEY after a setting")]
    public void An_unknown_variable_is_refused_with_the_nearest_known_one(string variable, string remedy)
    {
        using var given = Given.Toml(Minimal).Variable(variable, "x");
        Assert.Equal($"{variable}: shithubd-runner has no such setting{remedy}", Assert.Single(given.RunnerErrors()));
    }

    [Fact]
    public void The_server_refuses_unknown_variables_too()
    {
        using var given = Given.Toml("database.url = 'Host=x'").Variable("SHITHUB_TOKEN", "x").Variable("SHITHUB_GIT__PAHT", "git");
        Assert.Equal(
            [
                "SHITHUB_GIT__PAHT: shithubd has no such setting; did you mean SHITHUB_GIT__PATH?",
                "SHITHUB_TOKEN: shithubd has no such setting; unset it, or name it SHITHUB_SECTION__KEY after a setting",
            ],
            given.ServerErrors());
    }

    [Fact]
    public void All_errors_are_reported_at_once()
    {
        using var given = Given.Toml("[runner]\ncapacity = 0\nlabel = ['x']\n[engine]\nkind = 'lxc'\n").Variable("SHITHUB_RUNNER_X__Y", "1");
        Assert.Equal(6, given.RunnerErrors().Count);
        Assert.Equal(6, Assert.Throws<SettingsException>(given.Runner).Message.Split('\n').Length);
    }

    [Fact]
    public void A_secret_can_stand_in_a_file_of_its_own()
    {
        using var given = Given.Toml("[server]\nbase_url = 'https://shithub.example'\n");
        given.Variable("SHITHUB_RUNNER_TOKEN_FILE", given.File("variable", "from-variable\r\n"));
        Assert.Equal("from-variable", given.Runner().Runner.Token.Reveal());
        given.Option("runner.token_file", given.File("option", "from-option"));
        Assert.Equal("from-option", given.Runner().Runner.Token.Reveal());

        using var file = Given.Toml($"[server]\nbase_url = 'https://shithub.example'\n[runner]\ntoken_file = '{given.File("toml", "from-toml\n")}'\n");
        Assert.Equal("from-toml", file.Runner().Runner.Token.Reveal());
        file.Variable("SHITHUB_RUNNER_TOKEN", "from-variable");
        Assert.Equal("from-variable", file.Runner().Runner.Token.Reveal());
    }

    [Fact]
    public void A_secret_is_given_once_at_each_place()
    {
        using var given = Given.Toml(Minimal + "token_file = '/run/token'");
        Assert.Equal("config.toml:5:14: config.toml:4:9 sets runner.token too; keep one of the two", Assert.Single(given.RunnerErrors()));
    }

    [Fact]
    public void A_secrets_file_that_is_missing_empty_or_not_text_is_refused()
    {
        using var given = Given.Toml("[server]\nbase_url = 'https://shithub.example'\n");
        given.Option("runner.token_file", "/nonexistent/token");
        Assert.StartsWith("--token-file: the value of runner.token cannot be read from the file /nonexistent/token: ",
            Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
        given.Option("runner.token_file", given.File("empty", "\n"));
        Assert.Equal("--token-file: the value of runner.token must be the token as it was printed, without spaces or line ends",
            Assert.Single(given.RunnerErrors()));
        var binary = given.File("binary", "");
        File.WriteAllBytes(binary, [0xFF, 0xFE]);
        given.Option("runner.token_file", binary);
        Assert.Contains("cannot be read from the file binary", Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_do_not_print()
    {
        using var given = Given.Toml(Minimal);
        var settings = given.Runner();
        Assert.Contains("Token = ***", settings.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", settings.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", System.Text.Json.JsonSerializer.Serialize(settings), StringComparison.Ordinal);
        Assert.Equal(new Secret("t0ken"), settings.Runner.Token);

        given.Variable("SHITHUB_RUNNER_TOKEN", "hush hush");
        Assert.DoesNotContain("hush", Assert.Single(given.RunnerErrors()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_that_sets_nothing_is_refused()
    {
        using var given = Given.Toml(Minimal).Option("runner.capcity", "1");
        Assert.Equal("the option for 'runner.capcity' sets no setting of shithubd-runner", Assert.Single(given.RunnerErrors()));
    }
}
