using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Server.Secrets;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Queue;

/// <summary>Turns a claimed row into what the runner gets. The same row gives the same answer, tokens included: a repeat is harmless.</summary>
public sealed class ClaimAnswer(
    JobTokens tokens, CheckoutTokens checkout, ClaimSecrets secrets, SecretMasks masks, PublicUrl url, ServerMetrics metrics)
{
    public async Task<HeartbeatResponse> WriteAsync(ClaimedRow row, CancellationToken cancellation)
    {
        var claims = new JobTokenClaims(
            row.RunnerId, JobTokens.ApiPurpose, row.Id, row.RunId, row.RepoId, row.Attempt, row.ClaimExpires, row.ClaimJti);
        var checkoutToken = checkout.Issue(claims, row.TimeoutMinutes);
        var actions = row.Actions.ConvertAll(action => Resolve(action, claims, row));
        var contexts = new ClaimContexts(row, checkoutToken);
        var opened = secrets.Open(row, checkoutToken, contexts.OfRun);
        var givesSecrets = EventTrust.GivesSecrets(row.Event, row.Trust);
        string[] jobTokens = givesSecrets ? [checkoutToken, .. actions.Select(action => action.Token)] : [];
        // Kept before they leave: a server that ends in between has told nobody, and the claim is repeated. Tokens become masks of their
        // own when a text looks like one (Logs/TokenMasks.cs).
        if (opened.Masks.Count > 0)
            await masks.StoreAsync(row.Id, row.Attempt, opened.Masks, cancellation);

        metrics.TokenIssued(JobTokens.ApiPurpose);
        metrics.TokenIssued(JobTokens.CheckoutPurpose);
        metrics.Claimed(row.SecondsQueued);
        return new HeartbeatResponse(
            tokens.Issue(claims),
            claims.ExpiresAt,
            new ClaimedJob(
                row.Id,
                row.RunId,
                row.RepoId,
                row.RunIndex,
                row.WorkflowFile,
                row.WorkflowName,
                row.HeadSha,
                row.HeadRef,
                row.Event,
                row.EventPayload,
                RunMachine.KeyOf(row.JobKey),
                row.JobName,
                row.RunsOn,
                row.Needs,
                row.If,
                row.TimeoutMinutes,
                row.Permissions,
                opened.Values,
                [.. jobTokens, .. opened.Masks],
                row.Env,
                url.Of(row.Repository + ".git"),
                checkoutToken,
                row.Steps,
                row.Attempt,
                row.LeaseExpiresAt,
                row.LeaseSeconds,
                row.Repository,
                row.Actor,
                url.Base,
                contexts.Write(opened.Tainted),
                row.Outputs,
                row.Defaults,
                row.Container,
                row.Services,
                actions));
    }

    private ClaimedAction Resolve(ResolvedAction action, JobTokenClaims claims, ClaimedRow row) => new(
        action.Uses, action.Repository, action.Sha, url.Of(action.Repository + ".git"),
        checkout.Issue(claims with { RepoId = action.RepositoryId }, row.TimeoutMinutes));
}
