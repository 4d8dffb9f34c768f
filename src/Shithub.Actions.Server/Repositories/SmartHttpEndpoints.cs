using Microsoft.AspNetCore.Http.HttpResults;
using Shithub.Actions.Configuration;

namespace Shithub.Actions.Server.Repositories;

/// <summary>git over HTTP (gitprotocol-http): clone, fetch and push with a stock git client, a token as the password.</summary>
public static class SmartHttpEndpoints
{
    public static void MapGitEndpoints(this IEndpointRouteBuilder routes)
    {
        var git = routes.MapGroup("/{owner}/{repo}").ExcludeFromDescription();
        git.MapGet("/info/refs", AdvertiseAsync);
        git.MapPost("/git-upload-pack", UploadAsync);
        git.MapPost("/git-receive-pack", ReceiveAsync);
    }

    private static async Task<IResult> AdvertiseAsync(
        HttpContext context, string owner, string repo, string? service, GitAccess access, AdvertiseRefs advertise,
        CancellationToken cancellation)
    {
        GitService? asked = service switch
        {
            "git-upload-pack" => GitService.UploadPack,
            "git-receive-pack" => GitService.ReceivePack,
            _ => null,
        };
        if (asked is not { } known)
            return Say(StatusCodes.Status403Forbidden, "Only git's smart protocol is spoken here. Use git 1.6.6 or newer.");
        var authorization = await access.AuthorizeAsync(context, owner, repo, known, cancellation);
        if (authorization.Refusal is { } refusal)
            return Say(refusal.Status, refusal.Message);
        await advertise.ServeAsync(context, authorization.Repository!, known, cancellation);
        return TypedResults.Empty;
    }

    private static async Task<IResult> UploadAsync(
        HttpContext context, string owner, string repo, GitAccess access, UploadPack upload, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(context, owner, repo, GitService.UploadPack, cancellation);
        if (authorization.Refusal is { } refusal)
            return Say(refusal.Status, refusal.Message);
        if (RefuseType(context.Request, "application/x-git-upload-pack-request") is { } wrongType)
            return wrongType;
        await using var body = GitRequestBody.Open(context, UploadPack.RequestBytesMax);
        return body is null ? WrongEncoding() : await upload.ServeAsync(context, authorization.Repository!, body, cancellation);
    }

    private static async Task<IResult> ReceiveAsync(
        HttpContext context, string owner, string repo, GitAccess access, ReceivePack receive, ServerSettings settings,
        CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(context, owner, repo, GitService.ReceivePack, cancellation);
        if (authorization.Refusal is { } refusal)
            return Say(refusal.Status, refusal.Message);
        if (RefuseType(context.Request, "application/x-git-receive-pack-request") is { } wrongType)
            return wrongType;
        if (context.Request.ContentLength > settings.Git.MaxPushBytes)
            return Say(StatusCodes.Status413PayloadTooLarge, $"A push may have {settings.Git.MaxPushBytes} bytes. Push the history in parts.");
        await using var body = GitRequestBody.Open(context, ReceivePack.BodyLimit(settings.Git.MaxPushBytes));
        return body is null
            ? WrongEncoding()
            : await receive.ServeAsync(context, authorization.Repository!, authorization.Actor!, authorization.MayWrite, body, cancellation);
    }

    /// <summary>An answer as git shows it: <c>remote: …</c>.</summary>
    internal static ContentHttpResult Say(int status, string message) =>
        TypedResults.Text(message + "\n", "text/plain", statusCode: status);

    /// <summary>A type no HTML form can send, so that no foreign page makes a browser push.</summary>
    private static ContentHttpResult? RefuseType(HttpRequest request, string expected) =>
        string.Equals(request.ContentType, expected, StringComparison.OrdinalIgnoreCase)
            ? null
            : Say(StatusCodes.Status415UnsupportedMediaType, $"The content type must be {expected}.");

    private static ContentHttpResult WrongEncoding() =>
        Say(StatusCodes.Status415UnsupportedMediaType, "The content encoding must be gzip or none.");
}
