using Npgsql;

namespace Shithub.Actions.Server.Jobs;

/// <summary>
/// Checkout tokens: reusable while the attempt runs, good for fetching from the job's own repository and for nothing else, dead with the
/// attempt whatever their expiry says.
/// </summary>
public sealed class CheckoutTokens(JobTokens tokens, NpgsqlDataSource dataSource)
{
    private const string IsAlive = """
        select exists (
            select
            from workflow_jobs j
            join workflow_runners r on r.id = j.runner_id
            where j.id = @job_id
                and j.attempt = @attempt
                and j.status = 'running'
                and j.lease_expires_at > now()
                and r.revoked_at is null)
        """;

    /// <param name="claim">The claim's first API token: the checkout token shares its jti.</param>
    public string Issue(JobTokenClaims claim, int timeoutMinutes) => tokens.Issue(Of(claim, timeoutMinutes));

    /// <summary>What the token of a claim says.</summary>
    public static JobTokenClaims Of(JobTokenClaims claim, int timeoutMinutes) => claim with
    {
        Purpose = JobTokens.CheckoutPurpose,
        Expires = claim.Expires + (timeoutMinutes * 60L),
    };

    /// <summary>What the token may fetch, or null when it is no live checkout token.</summary>
    public async Task<CheckoutGrant?> VerifyAsync(string token, CancellationToken cancellation)
    {
        if (tokens.Verify(token, JobTokens.CheckoutPurpose) is not { } claims)
            return null;
        await using var command = dataSource.CreateCommand(IsAlive);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", claims.JobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", claims.Attempt));
        return (bool)(await command.ExecuteScalarAsync(cancellation))! ? new CheckoutGrant(claims.RepoId, claims.JobId) : null;
    }
}

public sealed record CheckoutGrant(long RepoId, long JobId);
