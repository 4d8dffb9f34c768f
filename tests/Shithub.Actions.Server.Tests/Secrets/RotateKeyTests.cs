using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Server.Tests.Logs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Secrets;

/// <summary>The root key is replaced while jobs run: nothing that was sealed or signed before is lost.</summary>
public sealed class RotateKeyTests(SecretJobs jobs) : IClassFixture<SecretJobs>
{
    private readonly byte[] _old = Encoding.ASCII.GetBytes("01234567890123456789012345678901");
    private readonly byte[] _new = RandomNumberGenerator.GetBytes(32);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_goes_on_under_the_new_key_with_its_token_its_masks_and_what_is_withheld()
    {
        var (_, job) = await jobs.ClaimAsync("s3cret-Value");
        await jobs.LogAsync(job, 0, "a s3cret"u8.ToArray(), masks: ["hunter2"]);
        await using (var both = await ServerAsync(_new, _old))
        {
            // Sealed with the old key, opened by a server with the new one; and its answer is sealed and signed with the new one.
            (await jobs.LogAsync(job, 1, "-Value hunter2 s3c"u8.ToArray(), server: both)).MustBe(System.Net.HttpStatusCode.OK);
            var done = await Rotation(_new, _old).ExecuteAsync((_, _) => { }, Cancellation);
            Assert.All(done, rotated => Assert.Equal(0, rotated.Unopened));
            Assert.True(done.Single(rotated => rotated.What == "secrets").SealedAnew > 0);
        }

        await using var alone = await ServerAsync(_new, null);
        (await jobs.LogAsync(job, 2, "ret-Value hunter2\n"u8.ToArray(), server: alone)).MustBe(System.Net.HttpStatusCode.OK);
        Assert.Equal("a *** *** *** ***\n", Encoding.UTF8.GetString(await jobs.StoredAsync(job.Job.Id, null)));
        // Back, for the other tests of this database.
        await Rotation(_old, _new).ExecuteAsync((_, _) => { }, Cancellation);
    }

    [Fact]
    public async Task A_rotation_that_is_stopped_anywhere_goes_on_where_it_was()
    {
        var pool = await Pool.CreateAsync(jobs.First);
        for (var owner = 0; owner < 5; owner++)
        {
            for (var number = 0; number < 90; number++)
                await jobs.First.Get<WorkflowSecrets>().SetAsync(SecretScope.OfRepository(pool.RepoId, $"e{owner}"), $"S{number}", $"value-{owner}-{number}", Cancellation);
        }

        using (var stop = new CancellationTokenSource())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => Rotation(_new, _old).ExecuteAsync((_, looked) => stop.Cancel(), stop.Token));
        }

        var second = (await Rotation(_new, _old).ExecuteAsync((_, _) => { }, Cancellation))[0];
        Assert.True(second.Already is > 0 and < 450, $"{second}");
        Assert.Equal(0, second.Unopened);
        var third = (await Rotation(_new, _old).ExecuteAsync((_, _) => { }, Cancellation))[0];
        Assert.Equal((0, 0), (third.SealedAnew, third.Unopened));
        var wrong = (await Rotation(RandomNumberGenerator.GetBytes(32), _old).ExecuteAsync((_, _) => { }, Cancellation))[0];
        Assert.Equal((0, 0), (wrong.SealedAnew, wrong.Already));
        Assert.True(wrong.Unopened >= 450);
        await Rotation(_old, _new).ExecuteAsync((_, _) => { }, Cancellation);
    }

    [Fact]
    public void A_token_of_the_old_key_is_good_while_that_is_accepted_and_new_ones_are_of_the_new()
    {
        var claims = new JobTokenClaims(1, JobTokens.ApiPurpose, 2, 3, 4, 5, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 60, Guid.NewGuid());
        var (old, both, alone) = (
            new JobTokens(new RootKey(_old), TimeProvider.System), new JobTokens(new RootKey(_new, _old), TimeProvider.System),
            new JobTokens(new RootKey(_new), TimeProvider.System));
        Assert.Equal(claims, both.Verify(old.Issue(claims), JobTokens.ApiPurpose));
        Assert.Null(alone.Verify(old.Issue(claims), JobTokens.ApiPurpose));
        Assert.Equal(alone.Issue(claims), both.Issue(claims));
    }

    private RotateKey Rotation(byte[] to, byte[] from) =>
        new(jobs.First.Database.DataSource, new RootKey(to), [new RootKey(from)], AuditLog.OfSystem);

    private Task<TestServer> ServerAsync(byte[] key, byte[]? previous)
    {
        List<(string, string)> settings = [("database.url", jobs.First.Database.Url), ("auth.totp_key_b64", Convert.ToBase64String(key))];
        if (previous is not null)
            settings.Add(("auth.previous_totp_key_b64", Convert.ToBase64String(previous)));
        return TestServer.StartAsync(new StoppedTime(), [.. settings]);
    }
}
