using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>Job tokens and checkout tokens as docs/protocol.md has them, and what is refused in their place.</summary>
public sealed class JobTokenTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly TestServer _server = shared.Server;

    public static TheoryData<string> AllCalls => WireCall.All;

    public static TheoryData<string> Forgeries =>
    [
        "nothing", "not a token", "..", "a.b.c", "no signature", "alg none", "alg None with the true signature", "alg HS512",
        "another key", "tampered job", "tampered purpose", "tampered signature", "the checkout token", "the runner's token",
        "the personal access token", "expired", "another purpose", "another job's token", "too long", "signature in other base64",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_token_is_a_JWT_with_the_documented_claims_that_lives_fifteen_minutes()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var parts = job.Token.Split('.');
        Assert.Equal(3, parts.Length);
        Assert.Equal("""{"alg":"HS256","typ":"JWT"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal(
            ["attempt", "exp", "job_id", "jti", "purpose", "repo_id", "run_id", "sub"],
            claims.EnumerateObject().Select(claim => claim.Name).Order(StringComparer.Ordinal));
        Assert.Equal($"runner:{job.Runner.Id}", claims.GetProperty("sub").GetString());
        Assert.Equal("api", claims.GetProperty("purpose").GetString());
        Assert.Equal(job.Job.Id, claims.GetProperty("job_id").GetInt64());
        Assert.Equal(job.Job.RunId, claims.GetProperty("run_id").GetInt64());
        Assert.Equal(pool.RepoId, claims.GetProperty("repo_id").GetInt64());
        Assert.Equal(1, claims.GetProperty("attempt").GetInt32());
        Assert.Equal(15 * 60, claims.GetProperty("exp").GetInt64() - await pool.ScalarAsync<long>(
            "select extract(epoch from started_at)::bigint from workflow_jobs where id = @Id", new { job.Job.Id }));
    }

    [Fact]
    public async Task The_key_is_HKDF_SHA256_of_the_root_key_with_the_documented_label()
    {
        var root = RandomNumberGenerator.GetBytes(32);
        await using var server = await TestServer.StartAsync(("auth.totp_key_b64", Convert.ToBase64String(root)));
        var job = await (await Pool.CreateAsync(server)).ClaimAsync();
        var parts = job.Token.Split('.');
        // RFC 5869 by hand: extract with an empty salt, expand once.
        var secret = HMACSHA256.HashData(new byte[32], root);
        var key = HMACSHA256.HashData(secret, (byte[])[.. "actions-runner-jwt-v1"u8, 1]);
        Assert.Equal(parts[2], Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"))));
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task Every_call_that_leaves_the_job_in_flight_gives_the_next_token(string name)
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var answer = (await job.SendAsync(WireCall.Of(name), job.Token)).MustBe(HttpStatusCode.OK);
        var isOver = name is "job completed" or "job cancelled";
        Assert.Equal(isOver, answer.NextToken is null);
        Assert.Equal(!isOver, answer.Json.TryGetProperty("next_token_expires_at", out var expires));
        if (isOver)
            return;
        var next = _server.Get<JobTokens>().Verify(answer.NextToken!, JobTokens.ApiPurpose)!;
        Assert.Equal(next.ExpiresAt, expires.GetDateTimeOffset());
        var first = _server.Get<JobTokens>().Verify(job.Token, JobTokens.ApiPurpose)!;
        Assert.NotEqual(first.Jti, next.Jti);
        Assert.Equal(name.StartsWith("a log", StringComparison.Ordinal), next.LogBytes > 0);
        Assert.Equal(first with { Jti = next.Jti, Expires = next.Expires, LogBytes = next.LogBytes }, next);
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task What_is_no_token_for_this_call_is_401_and_consumes_nothing(string forgery)
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        var forged = await ForgeAsync(forgery, pool, job);
        Assert.NotEqual(job.Token, forged);
        var before = await pool.StateAsync(job.Job.RunId);
        foreach (var name in AllCalls.Select(row => row.Data))
        {
            (await job.SendAsync(WireCall.Of(name), forged)).MustBeProblem(HttpStatusCode.Unauthorized);
            // A token is looked at before the body is.
            (await job.SendAsync(WireCall.Of(name) with { Body = _ => "{" }, forged)).MustBeProblem(HttpStatusCode.Unauthorized);
        }

        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        await job.CompleteAsync();
    }

    [Fact]
    public async Task No_last_character_of_a_signature_but_its_own_breaks_the_server_or_spends_a_token_twice()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var answers = new List<Answer>();
        foreach (var last in Alphabet)
            answers.Add(await job.SendAsync(WireCall.CancelCheck, job.Token[..^1] + last));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_job_token_expires()
    {
        var clock = new StoppedTime();
        await using var server = await TestServer.StartAsync(clock);
        var pool = await Pool.CreateAsync(server);
        var job = await pool.ClaimAsync();
        var before = await pool.StateAsync(job.Job.RunId);
        clock.Ahead = TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1);
        (await job.StatusAsync("running")).MustBeProblem(HttpStatusCode.Unauthorized);
        Assert.Equal(before, await pool.StateAsync(job.Job.RunId));
        clock.Ahead = TimeSpan.FromMinutes(14);
        (await job.StatusAsync("running")).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Tokens_of_one_server_are_good_on_another_with_the_same_root_key_only()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        var claims = _server.Get<JobTokens>().Verify(job.Token, JobTokens.ApiPurpose)!;
        var other = new JobTokens(new RootKey(RandomNumberGenerator.GetBytes(32)), TimeProvider.System);
        Assert.Null(other.Verify(job.Token, JobTokens.ApiPurpose));
        Assert.Equal(job.Token, new JobTokens(_server.Get<RootKey>(), TimeProvider.System).Issue(claims));
    }

    [Fact]
    public async Task A_checkout_token_may_be_used_often_and_names_one_repository()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        for (var use = 0; use < 3; use++)
            Assert.Equal(new CheckoutGrant(pool.RepoId, job.Job.Id), await VerifyAsync(job.Job.CheckoutToken));
        (await job.LogAsync(0, "hello\n")).MustBe(HttpStatusCode.OK);
        Assert.NotNull(await VerifyAsync(job.Job.CheckoutToken));
    }

    [Fact]
    public async Task A_checkout_token_is_refused_where_an_API_token_belongs_and_the_reverse()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        Assert.Null(await VerifyAsync(job.Token));
        Assert.Null(await VerifyAsync(job.Runner.Token));
        (await job.SendAsync(WireCall.CancelCheck, job.Job.CheckoutToken)).MustBeProblem(HttpStatusCode.Unauthorized);
        (await Answer.PostAsync(_server.Client, "/api/v1/runners/heartbeat", job.Job.CheckoutToken, "{}"))
            .MustBeProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_checkout_token_dies_when_the_job_ends()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        await job.CompleteAsync();
        Assert.Null(await VerifyAsync(job.Job.CheckoutToken));
    }

    [Fact]
    public async Task A_checkout_token_dies_with_its_attempt()
    {
        var pool = await Pool.CreateAsync(_server);
        var job = await pool.ClaimAsync();
        await pool.ExpireLeaseAsync(job.Job.Id);
        Assert.Null(await VerifyAsync(job.Job.CheckoutToken));
        await _server.Get<JobRescuer>().SweepAsync(Cancellation);
        var second = await job.Runner.ClaimAsync();
        Assert.Equal(job.Job.Id, second.Job.Id);
        Assert.Null(await VerifyAsync(job.Job.CheckoutToken));
        Assert.NotNull(await VerifyAsync(second.Job.CheckoutToken));
    }

    [Fact]
    public async Task A_checkout_token_dies_with_its_runner()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        await _server.Get<Runners.RunnerPool>().RevokeAsync(job.Runner.Id, null, Cancellation);
        Assert.Null(await VerifyAsync(job.Job.CheckoutToken));
    }

    [Fact]
    public async Task A_checkout_token_is_among_the_values_to_mask()
    {
        var job = await (await Pool.CreateAsync(_server)).ClaimAsync();
        Assert.Contains(job.Job.CheckoutToken, job.Job.MaskValues);
    }

    private Task<CheckoutGrant?> VerifyAsync(string token) => _server.Get<CheckoutTokens>().VerifyAsync(token, Cancellation);

    private async Task<string?> ForgeAsync(string forgery, Pool pool, JobCalls job)
    {
        var tokens = _server.Get<JobTokens>();
        var claims = tokens.Verify(job.Token, JobTokens.ApiPurpose)! with { Jti = Guid.NewGuid() };
        var parts = job.Token.Split('.');
        return forgery switch
        {
            "nothing" => null,
            "not a token" => "let me in",
            ".." or "a.b.c" => forgery,
            "no signature" => $"{parts[0]}.{parts[1]}.",
            "alg none" => $"{Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.",
            "alg None with the true signature" => $"{Encode("""{"alg":"None","typ":"JWT"}""")}.{parts[1]}.{parts[2]}",
            "alg HS512" => SignWithHeader("""{"alg":"HS512","typ":"JWT"}""", parts[1]),
            "another key" => new JobTokens(new RootKey(RandomNumberGenerator.GetBytes(32)), TimeProvider.System).Issue(claims),
            "tampered job" => $"{parts[0]}.{Tamper(parts[1], "job_id", job.Job.Id + 1)}.{parts[2]}",
            "tampered purpose" => TamperedCheckout(job.Job.CheckoutToken),
            "tampered signature" => job.Token[..^10] + (job.Token[^10] == 'A' ? 'B' : 'A') + job.Token[^9..],
            "the checkout token" => job.Job.CheckoutToken,
            "the runner's token" => job.Runner.Token,
            "the personal access token" => pool.AccessToken,
            "expired" => tokens.Issue(claims with { Expires = DateTimeOffset.UtcNow.AddSeconds(-1).ToUnixTimeSeconds() }),
            "another purpose" => tokens.Issue(claims with { Purpose = "artifacts" }),
            "another job's token" => (await pool.ClaimAsync()).Token,
            "too long" => job.Token + new string('A', 4000),
            "signature in other base64" => job.Token + "=",
            _ => throw new ArgumentOutOfRangeException(nameof(forgery)),
        };
    }

    /// <summary>A header that we never write, under a signature that is ours: only comparing the header refuses it.</summary>
    private string SignWithHeader(string header, string payload)
    {
        var signed = $"{Encode(header)}.{payload}";
        var key = _server.Get<RootKey>().Derive("actions-runner-jwt-v1");
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string TamperedCheckout(string token)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{Tamper(parts[1], "purpose", "api")}.{parts[2]}";
    }

    private static string Tamper(string payload, string claim, JsonNode value)
    {
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(payload))!;
        claims[claim] = value;
        return Encode(claims.ToJsonString());
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
