using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Configuration;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Runners;

/// <summary><c>POST /api/v1/runners/register</c>: a runner registers itself with the secret that the operator set (<c>auth.registration_secret</c>).</summary>
public static class RegistrationEndpoint
{
    public static void MapRegistrationEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/runners/register", RegisterAsync)
            .WithTags("Runners").WithSummary("Register a runner")
            .Accepts<RegisterRunnerRequest>("application/json").Produces<RegisterRunnerResponse>(StatusCodes.Status201Created);

    private static async Task<IResult> RegisterAsync(
        HttpContext http, ServerSettings settings, RunnerPool pool, CancellationToken cancellation)
    {
        if (settings.Auth.RegistrationSecret is not { } secret)
        {
            return Problems.Forbidden(
                "Runners may not register themselves here: the server has no auth.registration_secret. Use 'shithubd admin runner register'.");
        }

        var given = RunnerToken.FromHeader(http.Request.Headers.Authorization);
        if (given is null || !CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(secret.Reveal()))))
        {
            return Problems.Unauthorized("Send the server's registration secret: Authorization: Bearer <auth.registration_secret>.");
        }

        var body = await RequestBody.ReadAsync(
            http.Request, ProtocolJson.Default.RegisterRunnerRequest, ProtocolLimits.RequestBodyBytes, cancellation);
        if (body.Value is not { } message)
            return body.Problem!;
        if (RunnerRules.CheckName(message.Name) is { } name)
            return Problems.Invalid("name", name);
        if (RunnerRules.CheckLabels(message.Labels ?? []) is { } labels)
            return Problems.Invalid(labels.Field, labels.Detail);
        var capacity = message.Capacity ?? 1;
        if (RunnerRules.CheckCapacity(capacity) is { } wrong)
            return Problems.Invalid("capacity", wrong);
        var runner = await pool.RegisterAsync(message.Name!, RunnerRules.Normalize(message.Labels!), capacity, null, cancellation);
        return runner is null
            ? Problems.Conflict($"A runner named {message.Name} exists. Choose another name, or revoke that runner first.")
            : TypedResults.Json(
                new RegisterRunnerResponse(runner.Id, runner.Name, runner.Labels, runner.Capacity, runner.Token, runner.ExpiresAt),
                ProtocolJson.Default.RegisterRunnerResponse, statusCode: StatusCodes.Status201Created);
    }
}
