using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Protocol;

/// <summary><c>POST /api/v1/runners/heartbeat</c>: the runner says that it lives and asks for one job.</summary>
/// <param name="Labels">The labels it offers; those it was not registered for are ignored. Absent: all it was registered for.</param>
/// <param name="Capacity">How many jobs it runs at once, at most what it was registered for.</param>
/// <param name="ClaimId">Names this claim: a repeat returns the same job, with the same token, until that job's first call.</param>
/// <param name="WaitSeconds">How long to wait for a job before answering 204 (0 to <see cref="ProtocolLimits.WaitSeconds"/>).</param>
/// <param name="LeaseSeconds">The lease wanted on the job; absent: as long as its token lives.</param>
/// <param name="NotClaiming">Why this runner takes no job now, in one line: it lives, and is answered 204. Absent: it takes one.</param>
public sealed record HeartbeatRequest(
    IReadOnlyList<string>? Labels = null,
    int? Capacity = null,
    string? HostName = null,
    string? Version = null,
    string? ClaimId = null,
    int? WaitSeconds = null,
    int? LeaseSeconds = null,
    string? NotClaiming = null);

/// <summary>A claimed job and its first single-use token.</summary>
public sealed record HeartbeatResponse(string Token, DateTimeOffset ExpiresAt, ClaimedJob Job);

/// <summary>Everything a runner needs to run one attempt of a job.</summary>
/// <param name="Attempt">1 for the first attempt; a late call of an older attempt is refused with 409.</param>
/// <param name="LeaseExpiresAt">When the attempt is lost unless a call or a renewal extends it (the server's clock).</param>
/// <param name="LeaseSeconds">How long each renewal extends the lease.</param>
/// <param name="CheckoutToken">Password of Basic auth on <paramref name="CheckoutUrl"/>, for fetching only, dead with the attempt.</param>
/// <param name="MaskValues">What must not appear in a log, in clear.</param>
/// <param name="Env">The workflow's and the job's. Its values, and every text of <paramref name="Steps"/>, <paramref name="Outputs"/>,
/// <paramref name="Defaults"/>, <paramref name="Container"/> and <paramref name="Services"/>, are as the author wrote them: the runner
/// evaluates their <c>${{ }}</c> when the step begins.</param>
/// <param name="Contexts">What the server knows of the contexts that expressions see.</param>
/// <param name="Outputs">The job's outputs: reported with its last status.</param>
/// <param name="Container">The image's name, or a mapping; absent: the runner's image.</param>
/// <param name="Services">A mapping from a service's name to a mapping like <paramref name="Container"/>.</param>
/// <param name="Actions">The composite actions of other repositories that the job's steps use, resolved to commits.</param>
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
    string ServerUrl,
    ClaimedContexts? Contexts = null,
    IReadOnlyDictionary<string, string>? Outputs = null,
    ClaimedDefaults? Defaults = null,
    JsonElement? Container = null,
    JsonElement? Services = null,
    IReadOnlyList<ClaimedAction>? Actions = null);

/// <summary>Contexts of expressions.</summary>
/// <param name="Values">An object with <c>github</c>, <c>vars</c>, <c>inputs</c>, <c>needs</c>, <c>strategy</c> and <c>matrix</c>.</param>
/// <param name="Tainted">JSON pointers (RFC 6901) into it: what people outside have chosen. A pointer stands for all below it.</param>
public sealed record ClaimedContexts(JsonElement Values, IReadOnlyList<string> Tainted);

/// <summary><c>defaults.run</c>, the job's over the workflow's.</summary>
public sealed record ClaimedDefaults(string? Shell = null, string? WorkingDirectory = null);

/// <summary>A composite action of another repository.</summary>
/// <param name="Uses">As the steps that use it have it.</param>
/// <param name="Repository"><c>owner/name</c></param>
/// <param name="Sha">The commit that the run uses, whatever the ref points to by now.</param>
/// <param name="Url">The repository's smart-HTTP address.</param>
/// <param name="Token">Password of Basic auth on it, for fetching only, dead with the attempt.</param>
public sealed record ClaimedAction(string Uses, string Repository, string Sha, string Url, string Token);

/// <summary>One step, in order of <paramref name="Index"/> (from 0). Either <paramref name="Run"/> or <paramref name="Uses"/> is set.</summary>
/// <param name="Id">The id for log and status calls.</param>
/// <param name="StepId">The author's <c>id:</c>, if any.</param>
/// <param name="Name">For people; without <c>${{ }}</c>, as far as it was known when the job was queued.</param>
/// <param name="If">The condition as the author wrote it; absent: <c>success()</c>.</param>
/// <param name="Shell">Absent: the job's default, or bash if the image has it.</param>
/// <param name="ContinueOnErrorIf">An expression instead of <paramref name="ContinueOnError"/>.</param>
/// <param name="TimeoutMinutes">A number, or an expression; absent: the job's limit alone.</param>
/// <param name="Line">Where the step stands in its workflow file, for messages; 0: not known.</param>
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
    string? Shell = null,
    string? ContinueOnErrorIf = null,
    string? TimeoutMinutes = null,
    int Line = 0);
