using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// The API of policies, as <c>shithubd admin policy</c>: owners and admins of repositories see their own, site admins see and change all.
/// Who may run how much is the site's decision, so nobody lifts a cap that is on themselves.
/// </summary>
public static class PolicyEndpoints
{
    private const int BodyBytesMax = 4096;

    public static void MapPolicyEndpoints(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").WithTags("Policy");
        Shows(api.MapGet("/policy", ([AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ShowAsync(call, call.SiteAsync(cancellation), cancellation)), "the site");
        Changes(api.MapPatch("/policy", ([AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ChangeAsync(call, call.SiteAsync(cancellation), cancellation)), "the site");
        Shows(api.MapGet("/owners/{owner}/policy", (string owner, [AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ShowAsync(call, call.OwnerAsync(owner, cancellation), cancellation)), "an owner");
        Changes(api.MapPatch("/owners/{owner}/policy", (string owner, [AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ChangeAsync(call, call.OwnerAsync(owner, cancellation), cancellation)), "an owner");
        Shows(api.MapGet("/repos/{owner}/{repo}/policy", (string owner, string repo, [AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ShowAsync(call, call.RepositoryAsync(owner, repo, cancellation), cancellation)), "a repository");
        Changes(api.MapPatch("/repos/{owner}/{repo}/policy", (string owner, string repo, [AsParameters] PolicyCall call, CancellationToken cancellation) =>
            ChangeAsync(call, call.RepositoryAsync(owner, repo, cancellation), cancellation)), "a repository");

        static void Shows(RouteHandlerBuilder route, string whose) => route.Produces<PolicyResponse>().WithSummary($"Get the policy of {whose}");

        static void Changes(RouteHandlerBuilder route, string whose) => route
            .Accepts<ChangePolicyRequest>("application/json").Produces<PolicyResponse>()
            .WithSummary($"Change the policy of {whose}: what is left out stays, null takes a cap away");
    }

    private static async Task<IResult> ShowAsync(PolicyCall call, Task<(PolicyScope? Scope, IResult? Problem)> finding, CancellationToken cancellation)
    {
        var (scope, problem) = await finding;
        return scope is null ? problem! : Answer(scope, await call.Policy.GetAsync(scope, cancellation));
    }

    private static async Task<IResult> ChangeAsync(PolicyCall call, Task<(PolicyScope? Scope, IResult? Problem)> finding, CancellationToken cancellation)
    {
        var (scope, problem) = await finding;
        if (scope is null)
            return problem!;
        if (Authenticator.Known(call.Http) is not { MayAdministerSite: true })
            return Problems.Forbidden("Policies are changed by site admins, with a token that has the scope admin.");
        var body = await RequestBody.ReadAsync(call.Http.Request, PolicyJson.Default.ChangePolicyRequest, BodyBytesMax, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        foreach (var (name, value) in message.Caps)
        {
            if (!TryRead(value, out _))
                return Problems.Invalid(name, $"'{name}' is a number from 0, or null for no cap of its own.");
        }

        var change = message.ToChange();
        return change.Fits(scope)
            ? Answer(scope, await call.Policy.ChangeAsync(scope, old => change.Of(scope, old), cancellation))
            : Problems.Invalid("max_running_per_repository", "A repository has 'max_running' only.");
    }

    /// <summary>An absent cap is <see cref="JsonValueKind.Undefined"/>.</summary>
    internal static bool TryRead(JsonElement value, out CapChange change)
    {
        var cap = 0;
        change = value.ValueKind switch
        {
            JsonValueKind.Null => CapChange.To(null),
            JsonValueKind.Number when value.TryGetInt32(out cap) => CapChange.To(cap),
            _ => default,
        };
        return value.ValueKind == JsonValueKind.Undefined || (change.IsGiven && cap >= 0);
    }

    private static IResult Answer(PolicyScope scope, PolicyRow policy) =>
        TypedResults.Json(PolicyResponse.Of(scope, policy), PolicyJson.Default.PolicyResponse);
}

/// <summary>Finds whose policy it is, for somebody who may see it.</summary>
public sealed record PolicyCall(HttpContext Http, Authenticator Authenticator, Owners Owners, RepositoryAccess Access, ActionsPolicy Policy)
{
    public async Task<(PolicyScope? Scope, IResult? Problem)> SiteAsync(CancellationToken cancellation)
    {
        var (actor, problem) = await ActorAsync(cancellation);
        return actor is null ? (null, problem)
            : actor.MayAdministerSite ? (PolicyScope.Site, null)
            : (null, Problems.Forbidden("The site's policy is for site admins, with a token that has the scope admin."));
    }

    public async Task<(PolicyScope? Scope, IResult? Problem)> OwnerAsync(string name, CancellationToken cancellation)
    {
        var (actor, problem) = await ActorAsync(cancellation);
        if (actor is null)
            return (null, problem);
        // Whose policy one may not see is as if there were no such owner.
        return OwnerName.IsValid(name) && await Owners.FindAsync(name, cancellation) is { } owner
            && (actor.MayAdministerSite || (actor.Cap == Permission.Admin && await Owners.MayCreateRepositoriesAsync(owner.Id, actor.UserId, cancellation)))
            ? (PolicyScope.OfOwner(owner.Id, owner.Name), null)
            : (null, Problems.NotFound("owner"));
    }

    public async Task<(PolicyScope? Scope, IResult? Problem)> RepositoryAsync(string owner, string repo, CancellationToken cancellation)
    {
        var authorization = await Access.AuthorizeAsync(Http, owner, repo, Permission.Admin, cancellation);
        return authorization.Granted is { Repository: var repository }
            ? (PolicyScope.OfRepository(repository.Id, repository.FullName), null)
            : (null, authorization.Problem);
    }

    private async Task<(Actor? Actor, IResult? Problem)> ActorAsync(CancellationToken cancellation) =>
        (await Authenticator.AuthenticateAsync(Http, cancellation)).Actor is { } actor
            ? (actor, null)
            : (null, Challenge.Answer(Http, $"Send a personal access token with the scope {TokenScopes.Admin}."));
}

/// <summary>Each cap is a number from 0 or null; what is left out stays.</summary>
public sealed record ChangePolicyRequest
{
    public bool? Enabled { get; init; }

    /// <summary>Of the site: of each owner that has none of its own.</summary>
    public JsonElement MaxRunning { get; init; }

    public JsonElement MaxRunningPerRepository { get; init; }

    public JsonElement MaxQueued { get; init; }

    public JsonElement MaxTriggersPerHour { get; init; }

    internal IEnumerable<(string Name, JsonElement Value)> Caps =>
    [
        ("max_running", MaxRunning), ("max_running_per_repository", MaxRunningPerRepository), ("max_queued", MaxQueued),
        ("max_triggers_per_hour", MaxTriggersPerHour),
    ];

    internal PolicyChange ToChange() => new()
    {
        Enabled = Enabled,
        MaxRunning = Read(MaxRunning),
        MaxRunningPerRepository = Read(MaxRunningPerRepository),
        MaxQueued = Read(MaxQueued),
        MaxTriggersPerHour = Read(MaxTriggersPerHour),
    };

    private static CapChange Read(JsonElement value) => PolicyEndpoints.TryRead(value, out var change) ? change : default;
}

/// <param name="Scope"><c>site</c>, an owner's name, or <c>owner/name</c>.</param>
/// <param name="MaxRunning">Null: no cap of its own, the wider scope's counts; the other caps likewise.</param>
public sealed record PolicyResponse(
    string Scope, bool Enabled, int? MaxRunning, int? MaxRunningPerRepository, int? MaxQueued, int? MaxTriggersPerHour)
{
    public static PolicyResponse Of(PolicyScope scope, PolicyRow policy) => new(
        scope.Name ?? "site", policy.Enabled, scope is { OwnerId: null, RepoId: null } ? policy.OwnerMaxRunning : policy.MaxRunning,
        policy.RepoMaxRunning, policy.MaxQueued, policy.MaxTriggersPerHour);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ChangePolicyRequest))]
[JsonSerializable(typeof(PolicyResponse))]
internal sealed partial class PolicyJson : JsonSerializerContext;
