using System.Net;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Queue;

/// <summary><c>POST /api/v1/runners/register</c>: a runner that registers itself with the server's secret.</summary>
public sealed class RegistrationTests(RegistrationTests.OpenServer open) : IClassFixture<RegistrationTests.OpenServer>
{
    private const string Secret = "a registration secret";

    private readonly TestServer _server = open.Server;

    [Fact]
    public async Task A_runner_registers_itself_gets_its_token_once_and_claims()
    {
        var answer = (await RegisterAsync("""{"name":"self-1","labels":["Linux","x64","linux"],"capacity":2}""")).MustBe(HttpStatusCode.Created);
        var runner = answer.Read(ProtocolJson.Default.RegisterRunnerResponse);
        Assert.Equal(("self-1", 2), (runner.Name, runner.Capacity));
        Assert.Equal(["linux", "x64"], runner.Labels);
        Assert.Null(runner.ExpiresAt);
        (await new RunnerCalls(_server, runner.Id, runner.Token).HeartbeatAsync()).MustBe(HttpStatusCode.NoContent);
        (await RegisterAsync("""{"name":"SELF-1","labels":["linux"]}""")).MustBeProblem(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Who_does_not_know_the_secret_is_401()
    {
        const string Body = """{"name":"self-1","labels":["linux"]}""";
        foreach (var secret in (string?[])["another secret", "", null, Secret + "x"])
            (await Answer.PostAsync(_server.Client, "/api/v1/runners/register", secret, Body)).MustBeProblem(HttpStatusCode.Unauthorized);
        await using var closed = await TestServer.StartAsync();
        (await Answer.PostAsync(closed.Client, "/api/v1/runners/register", Secret, Body)).MustBeProblem(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("{", 400, null)]
    [InlineData("null", 400, null)]
    [InlineData("[]", 422, null)]
    [InlineData("{}", 422, "name")]
    [InlineData("""{"name":5,"labels":["linux"]}""", 422, "name")]
    [InlineData("""{"name":"","labels":["linux"]}""", 422, "name")]
    [InlineData("""{"name":"-a","labels":["linux"]}""", 422, "name")]
    [InlineData("""{"name":"a b","labels":["linux"]}""", 422, "name")]
    [InlineData("""{"name":"a\u0000","labels":["linux"]}""", 422, "name")]
    [InlineData("""{"name":"a"}""", 422, "labels")]
    [InlineData("""{"name":"a","labels":[]}""", 422, "labels")]
    [InlineData("""{"name":"a","labels":["x",null]}""", 422, "labels[1]")]
    [InlineData("""{"name":"a","labels":["x","y z"]}""", 422, "labels[1]")]
    [InlineData("""{"name":"a","labels":["x"],"capacity":0}""", 422, "capacity")]
    [InlineData("""{"name":"a","labels":["x"],"capacity":1001}""", 422, "capacity")]
    [InlineData("""{"name":"a","labels":["x"],"capacity":[1]}""", 422, "capacity")]
    public async Task A_wrong_registration_is_refused_by_name_and_stores_nothing(string body, int status, string? field)
    {
        var pool = await Pool.CreateAsync(_server);
        var before = await pool.ScalarAsync<int>("select count(*) from workflow_runners");
        (await RegisterAsync(body)).MustBeProblem((HttpStatusCode)status, field);
        Assert.Equal(before, await pool.ScalarAsync<int>("select count(*) from workflow_runners"));
    }

    private Task<Answer> RegisterAsync(string body) => Answer.PostAsync(_server.Client, "/api/v1/runners/register", Secret, body);

    /// <summary>A server on which runners may register themselves.</summary>
    public sealed class OpenServer : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(("auth.registration_secret", Secret));

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
