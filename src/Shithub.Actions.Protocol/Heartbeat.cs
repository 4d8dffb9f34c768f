using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Protocol;

/// <summary><c>POST /api/v1/runners/heartbeat</c>: the runner says that it lives and asks for one job.</summary>
/// <param name="Labels">The labels it offers; those it was not registered for are ignored. Absent: all it was registered for.</param>
/// <param name="Capacity">How many jobs it runs at once, at most what it was registered for.</param>
/// <param name="ClaimId">Names this claim: a repeat returns the same job, with the same token, until that job's first call.</param>
/// <param name="WaitSeconds">How long to wait for a job before answering 204 (0 to <see cref="ProtocolLimits.WaitSeconds"/>).</param>
/// <param name="LeaseSeconds">The lease wanted on the job; absent: as long as its token lives.</param>
public sealed record HeartbeatRequest(
    IReadOnlyList<string>? Labels = null,
    int? Capacity = null,
    string? HostName = null,
    string? Version = null,
    string? ClaimId = null,
    int? WaitSeconds = null,
    int? LeaseSeconds = null);

/// <summary>A claimed job and its first single-use token.</summary>
public sealed record HeartbeatResponse(string Token, DateTimeOffset ExpiresAt, ClaimedJob Job);

/// <summary>Everything a runner needs to run one attempt of a job.</summary>
/// <param name="Attempt">1 for the first attempt; a late call of an older attempt is refused with 409.</param>
/// <param name="LeaseExpiresAt">When the attempt is lost unless a call or a renewal extends it (the server's clock).</param>
/// <param name="LeaseSeconds">How long each renewal extends the lease.</param>
/// <param name="CheckoutToken">Password of Basic auth on <paramref name="CheckoutUrl"/>, for fetching only, dead with the attempt.</param>
/// <param name="MaskValues">What must not appear in a log, in clear.</param>
public sealed record ClaimedJob(
    long Id,
    long RunId,
    long RepoId,
    int RunIndex,
    string WorkflowFile,
    string WorkflowName,
    string HeadSha,
    string HeadRef,
    string Event,
    JsonElement EventPayload,
    string JobKey,
    string JobName,
    IReadOnlyList<string> RunsOn,
    IReadOnlyList<string> Needs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? If,
    int TimeoutMinutes,
    JsonElement Permissions,
    IReadOnlyDictionary<string, string> Secrets,
    IReadOnlyList<string> MaskValues,
    IReadOnlyDictionary<string, string> Env,
    string CheckoutUrl,
    string CheckoutToken,
    IReadOnlyList<ClaimedStep> Steps,
    int Attempt,
    DateTimeOffset LeaseExpiresAt,
    int LeaseSeconds,
    string Repository,
    string Actor,
    string ServerUrl);

/// <summary>One step, in order of <paramref name="Index"/> (from 0). Either <paramref name="Run"/> or <paramref name="Uses"/> is set.</summary>
/// <param name="Id">The id for log and status calls.</param>
/// <param name="StepId">The author's <c>id:</c>, if any.</param>
/// <param name="Shell"><c>bash</c>, <c>sh</c> or absent for the default (bash if the image has it).</param>
public sealed record ClaimedStep(
    long Id,
    int Index,
    string? StepId,
    string Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? If,
    string? Run,
    string? Uses,
    string? WorkingDirectory,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyDictionary<string, string> With,
    bool ContinueOnError,
    string? Shell = null);
