using System.Text;
using System.Text.Json;
using Npgsql;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// Hides an attempt's own tokens, of every job. Hardly any job prints one, and a mask costs a claim and each append something, so they
/// become masks when a text first looks like one: all begin with the same header, and what has none of it has no token. The tokens follow
/// from the claim and need not be kept for that.
/// </summary>
public sealed class TokenMasks(NpgsqlDataSource dataSource, JobTokens tokens, SecretMasks masks)
{
    private const string Claim = """
        select j.runner_id, j.run_id, j.repo_id, j.claim_expires, j.claim_jti, j.timeout_minutes, d.actions::text
        from workflow_jobs j
        left join workflow_run_definitions d on d.run_id = j.run_id
        where j.id = @job_id and j.attempt = @attempt and j.status = 'running' and j.claim_jti is not null
        """;

    private static readonly MaskAutomaton Beginning = new([JobTokens.Beginning]);

    /// <param name="goesOn">What follows may complete what the end begins.</param>
    public static bool MayBeIn(ReadOnlySpan<byte> text, bool goesOn) => Beginning.IsIn(text, goesOn);

    /// <inheritdoc cref="MayBeIn(ReadOnlySpan{byte}, bool)"/>
    public static bool MayBeIn(string text) => MayBeIn(Encoding.UTF8.GetBytes(text), goesOn: false);

    /// <summary>Makes masks of the tokens, if they are none yet.</summary>
    /// <returns>False for an attempt that does not run: it gets no more texts.</returns>
    public async Task<bool> KeepAsync(long jobId, int attempt, CancellationToken cancellation)
    {
        if (await FindAsync(jobId, attempt, cancellation) is not { } values)
            return false;
        await masks.StoreAsync(jobId, attempt, values, cancellation);
        return true;
    }

    /// <summary>What the claim gave: its token for the API, and those that fetch the job's repository and its actions'.</summary>
    private async Task<IReadOnlyCollection<string>?> FindAsync(long jobId, int attempt, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(Claim);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return null;
        var claim = new JobTokenClaims(
            reader.GetInt64(0), JobTokens.ApiPurpose, jobId, reader.GetInt64(1), reader.GetInt64(2), attempt, reader.GetInt64(3), reader.GetGuid(4));
        var timeout = reader.GetInt32(5);
        var actions = await reader.IsDBNullAsync(6, cancellation)
            ? []
            : JsonSerializer.Deserialize(reader.GetString(6), QueueJson.Default.ListResolvedAction)!;
        return
        [
            .. tokens.AllOf(claim), .. tokens.AllOf(CheckoutTokens.Of(claim, timeout)),
            .. actions.Select(action => action.RepositoryId).Distinct()
                .SelectMany(repository => tokens.AllOf(CheckoutTokens.Of(claim with { RepoId = repository }, timeout))),
        ];
    }
}
