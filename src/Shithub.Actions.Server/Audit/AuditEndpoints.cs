using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Audit;

/// <summary><c>GET /api/v1/audit</c>, for site admins with a token of the scope <c>admin</c>.</summary>
public static class AuditEndpoints
{
    private const int PageMax = 100;

    public static void MapAuditEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/audit", ListAsync)
            .AddEndpointFilter(CheckQueryAsync).WithTags("Audit").Produces<AuditListResponse>().WithSummary("List the audit log, newest first");

    private static async ValueTask<object?> CheckQueryAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        foreach (var (name, value) in call.HttpContext.Request.Query)
        {
            if (name is "limit" && !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= PageMax))
                return Problems.Invalid(name, $"'limit' is 1 to {PageMax}.");
            if (name is "before" && !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                return Problems.Invalid(name, "'before' is the id of an entry: the last of the page before.");
            // PostgreSQL has no text with NUL.
            if (value.ToString().Contains('\0', StringComparison.Ordinal))
                return Problems.Invalid(name, $"'{name}' holds the character NUL.");
        }

        return await next(call);
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, long? before, int? limit, string? actor, string? verb, Authenticator authenticator, ReadAudit audit,
        CancellationToken cancellation)
    {
        var caller = await authenticator.AuthenticateAsync(http, cancellation);
        if (caller.Actor is not { } user)
            return Challenge.Answer(http, "Send a personal access token of a site admin with the scope admin.");
        if (!user.MayAdministerSite)
            return Problems.Forbidden("The audit log is for site admins, with a token that has the scope admin.");
        var rows = await audit.ListAsync(before, actor, verb, limit ?? 30, cancellation);
        return TypedResults.Json(new AuditListResponse([.. rows.Select(AuditResponse.Of)]), AuditJson.Default.AuditListResponse);
    }
}

public sealed record AuditListResponse(IReadOnlyList<AuditResponse> Entries);

/// <param name="ActorKind">user, operator (at the command line), runner (with the registration secret) or system.</param>
public sealed record AuditResponse(
    long Id, DateTimeOffset At, string ActorKind, long? ActorId, string ActorName, long? TokenId, string Verb, string ObjectType,
    long? ObjectId, string? ObjectName, string? Origin, string? Client, JsonElement Details)
{
    public static AuditResponse Of(AuditRow row) => new(
        row.Id, row.At, row.ActorKind, row.ActorId, row.ActorName, row.TokenId, row.Verb, row.ObjectType, row.ObjectId, row.ObjectName,
        row.Origin, row.Client, JsonDocument.Parse(row.Details).RootElement);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditListResponse))]
internal sealed partial class AuditJson : JsonSerializerContext;
