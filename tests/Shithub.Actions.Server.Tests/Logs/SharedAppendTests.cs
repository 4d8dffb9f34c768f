using System.Net;
using System.Text;
using Npgsql;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Logs;

/// <summary>Appends that are under way at once share statements; what each of them comes to is its own.</summary>
public sealed class SharedAppendTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int Jobs = 16;

    private readonly TestServer _server = shared.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_of_many_appends_at_once_has_its_own_outcome()
    {
        var pool = await Pool.CreateAsync(_server);
        var jobs = await ClaimAsync(pool);
        for (var seq = 0; seq < 8; seq++)
        {
            await Task.WhenAll(jobs.Select(async (job, index) =>
            {
                var spent = job.Token;
                (await job.LogAsync(seq, $"job {index} line {seq}\n")).MustBe(HttpStatusCode.OK);
                // Each third is refused in its own way, together with others that are good.
                switch (index % 3)
                {
                    case 0:
                        (await job.SendAsync(WireCall.Log(seq + 1, "replay"), spent)).MustBe(HttpStatusCode.Unauthorized);
                        break;
                    case 1:
                        (await job.LogAsync(seq, "other bytes")).MustBeProblem(HttpStatusCode.Conflict, "seq");
                        break;
                    default:
                        (await job.LogAsync(seq + 1, "x", 999_999_999)).MustBeProblem(HttpStatusCode.UnprocessableEntity, "step_id");
                        break;
                }
            }));
        }

        using var client = _server.ClientWith(pool.AccessToken);
        for (var index = 0; index < Jobs; index++)
        {
            Assert.Equal(
                string.Concat(Enumerable.Range(0, 8).Select(seq => $"job {index} line {seq}\n")),
                await client.GetStringAsync(new Uri($"/api/v1/jobs/{jobs[index].Job.Id}/logs", UriKind.Relative), Cancellation));
        }
    }

    [Fact]
    public async Task A_job_whose_row_somebody_has_holds_up_no_other()
    {
        var jobs = await ClaimAsync(await Pool.CreateAsync(_server));
        Task<Answer> waiting;
        await using (var connection = await _server.Database.DataSource.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await using (var hold = new NpgsqlCommand("select from workflow_jobs where id = $1 for update", connection, transaction))
            {
                hold.Parameters.Add(new() { Value = jobs[0].Job.Id });
                await hold.ExecuteNonQueryAsync(Cancellation);
            }

            waiting = jobs[0].LogAsync(0, "waits\n");
            for (var seq = 0; seq < 3; seq++)
                await Task.WhenAll(jobs.Skip(1).Select(async job => (await job.LogAsync(seq, "goes on\n")).MustBe(HttpStatusCode.OK)));
            Assert.False(waiting.IsCompleted);
            await transaction.RollbackAsync(Cancellation);
        }

        (await waiting).MustBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_that_leaves_takes_no_other_append_with_it()
    {
        var jobs = await ClaimAsync(await Pool.CreateAsync(_server));
        var answers = jobs.Select(async (job, index) =>
        {
            if (index % 2 == 0)
                return (await job.LogAsync(0, "stays\n")).Status;
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            using var request = new HttpRequestMessage(HttpMethod.Post, WireCall.Log(0, "").Path(job.Job))
            {
                Content = new StringContent(WireCall.Log(0, "leaves\n").Body(job.Job), Encoding.UTF8, "application/json"),
            };
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {job.Token}");
            var sending = _server.Client.SendAsync(request, leaving.Token);
            await leaving.CancelAsync();
            try
            {
                (await sending).Dispose();
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
                // It left, unless its answer was there first.
            }

            return HttpStatusCode.OK;
        });
        Assert.All(await Task.WhenAll(answers), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Fact]
    public async Task A_token_that_somebody_spends_meanwhile_is_refused_and_no_other_append_with_it()
    {
        var jobs = await ClaimAsync(await Pool.CreateAsync(_server));
        await using var one = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var other = await _server.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var first = await SpendAsync(one, jobs[0]);
        await using var second = await SpendAsync(other, jobs[1]);
        // The first goes alone and waits for who spends its token; the others gather meanwhile, and share a statement that waits for the second.
        var alone = jobs[0].LogAsync(0, "refused\n");
        await IsWaitedForAsync(one);
        var together = jobs.Skip(1).Select(job => job.LogAsync(0, "stored\n")).ToArray();
        await first.CommitAsync(Cancellation);
        await IsWaitedForAsync(other);
        await second.CommitAsync(Cancellation);

        (await alone).MustBe(HttpStatusCode.Unauthorized);
        var answers = await Task.WhenAll(together);
        answers[0].MustBe(HttpStatusCode.Unauthorized);
        Assert.All(answers.Skip(1), answer => answer.MustBe(HttpStatusCode.OK));
        await using var look = _server.Database.DataSource.CreateCommand("select array_agg(job_id order by job_id) from workflow_step_log_chunks where job_id = any($1)");
        look.Parameters.Add(new() { Value = jobs.Select(job => job.Job.Id).ToArray() });
        Assert.Equal(jobs.Skip(2).Select(job => job.Job.Id).Order(), (long[])(await look.ExecuteScalarAsync(Cancellation))!);
    }

    /// <summary>What another server does that has not committed yet.</summary>
    private async Task<NpgsqlTransaction> SpendAsync(NpgsqlConnection connection, JobCalls job)
    {
        var token = _server.Get<JobTokens>().Verify(job.Token, JobTokens.ApiPurpose)!;
        var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var spend = new NpgsqlCommand("insert into runner_jwt_used (jti, job_id, attempt) values ($1, $2, $3)", connection, transaction);
        spend.Parameters.Add(new() { Value = token.Jti });
        spend.Parameters.Add(new() { Value = token.JobId });
        spend.Parameters.Add(new() { Value = token.Attempt });
        await spend.ExecuteNonQueryAsync(Cancellation);
        return transaction;
    }

    private Task IsWaitedForAsync(NpgsqlConnection connection) => Until.TrueAsync(async () =>
    {
        await using var look = _server.Database.DataSource.CreateCommand(
            "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))");
        look.Parameters.Add(new() { Value = connection.ProcessID });
        return (bool)(await look.ExecuteScalarAsync(Cancellation))!;
    });

    private static async Task<JobCalls[]> ClaimAsync(Pool pool)
    {
        await pool.EnqueueAsync(JobSpec.Many(Jobs));
        var runner = await pool.RegisterAsync(capacity: Jobs);
        var jobs = new JobCalls[Jobs];
        for (var i = 0; i < Jobs; i++)
            jobs[i] = await runner.ClaimAsync();
        return jobs;
    }
}
