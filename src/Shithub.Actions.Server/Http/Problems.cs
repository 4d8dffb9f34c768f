using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Shithub.Actions.Server.Http;

/// <summary>Errors of the API as RFC 9457 problem details. The detail says what was wrong and what to do.</summary>
public static class Problems
{
    /// <param name="field">The member of the request that was wrong, as a path such as <c>labels[2]</c>.</param>
    public static ProblemHttpResult Of(int status, string detail, string? field = null) =>
        TypedResults.Problem(
            detail,
            statusCode: status,
            extensions: field is null ? null : new Dictionary<string, object?> { ["field"] = field });

    public static ProblemHttpResult Invalid(string field, string detail) => Of(StatusCodes.Status422UnprocessableEntity, detail, field);

    /// <summary>Also for what exists but may not be seen, so that nobody learns of it.</summary>
    public static ProblemHttpResult NotFound(string what) =>
        Of(StatusCodes.Status404NotFound, $"There is no such {what}, or you may not see it. Check the address and the token's owner.");

    /// <summary>Says what to do where the framework refused by itself, with nothing but a status.</summary>
    public static void Explain(HttpContext context, ProblemDetails problem) => problem.Detail ??= problem.Status switch
    {
        StatusCodes.Status404NotFound => "The API has no such address; /openapi/v1.json lists them.",
        StatusCodes.Status405MethodNotAllowed =>
            $"This address does not take {context.Request.Method}; it takes {context.Response.Headers.Allow}.",
        StatusCodes.Status415UnsupportedMediaType => "The body must be JSON: send it with the header 'Content-Type: application/json'.",
        _ => null,
    };

    public static ProblemHttpResult Unauthorized(string detail) => Of(StatusCodes.Status401Unauthorized, detail);

    public static ProblemHttpResult Forbidden(string detail) => Of(StatusCodes.Status403Forbidden, detail);

    public static ProblemHttpResult Conflict(string detail) => Of(StatusCodes.Status409Conflict, detail);
}
