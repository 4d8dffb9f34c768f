using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Repositories.Lfs;

/// <summary>
/// Large files for a stock git-lfs: its batch API with the transfer <c>basic</c>. Who may clone a repository may download its objects, who
/// may push to it may upload. There is no locking: its addresses answer 404, as git-lfs expects where there is none.
/// </summary>
public static class LfsEndpoints
{
    public const string MediaType = "application/vnd.git-lfs+json";

    /// <summary>git-lfs asks for 100 at a time.</summary>
    public const int ObjectsMax = 1000;

    private const int BodyBytesMax = 512 * 1024;
    private const string NoOid = "An oid is a SHA-256: 64 hexadecimal digits, lower case.";
    private const string NoObject = "There is no such object in this repository.";

    public static void MapLfsEndpoints(this IEndpointRouteBuilder routes)
    {
        var lfs = routes.MapGroup("/{owner}/{repo}/info/lfs/objects").ExcludeFromDescription();
        lfs.MapPost("/batch", BatchAsync);
        lfs.MapPost("/verify", VerifyAsync);
        lfs.MapGet("/{oid}", DownloadAsync);
        lfs.MapPut("/{oid}", UploadAsync);
    }

    private static async Task<IResult> BatchAsync(
        HttpContext context, string owner, string repo, GitAccess access, RepositoryStore repositories, ServerSettings settings, PublicUrl url,
        CancellationToken cancellation)
    {
        var (repository, refusal) = await AuthorizeAsync(context, owner, repo, GitService.UploadPack, access, cancellation);
        if (repository is null)
            return refusal!;
        var (request, problem) = await ReadAsync(context.Request, LfsJson.Default.LfsBatchRequest, cancellation);
        if (request is null)
            return problem!;
        if (request.Operation is not ("download" or "upload"))
            return Say(StatusCodes.Status422UnprocessableEntity, "'operation' must be download or upload.");
        if (request.HashAlgo is not (null or "sha256"))
            return Say(StatusCodes.Status409Conflict, "'hash_algo' must be sha256.");
        if (request.Objects is not { Count: > 0 and <= ObjectsMax } asked)
            return Say(StatusCodes.Status422UnprocessableEntity, $"'objects' must have 1 to {ObjectsMax} objects; ask for the rest in another batch.");
        if (asked.Select(Complaint).FirstOrDefault(complaint => complaint is not null) is { } complaint)
            return Say(StatusCodes.Status422UnprocessableEntity, complaint);
        var uploads = request.Operation == "upload";
        if (uploads && (await AuthorizeAsync(context, owner, repo, GitService.ReceivePack, access, cancellation)).Refusal is { } mayNot)
            return mayNot;

        var objects = new LfsObjects(repositories.Open(repository.Id));
        var root = url.Of($"{repository.FullName}.git/info/lfs/objects");
        return Json(
            new LfsBatchResponse("basic", "sha256", [.. asked.Select(one => uploads
                ? OfUpload(objects, one!.Oid!, one.Size!.Value, root, settings.Git.MaxPushBytes)
                : OfDownload(objects, one!.Oid!, one.Size!.Value, root))]),
            LfsJson.Default.LfsBatchResponse);
    }

    private static LfsAnswer OfDownload(LfsObjects objects, string oid, long size, string root)
    {
        if (objects.Find(oid) is not { } file)
            return new LfsAnswer(oid, size, Error: new LfsError(StatusCodes.Status404NotFound, NoObject));
        return file.Length == size
            ? new LfsAnswer(oid, size, new LfsActions(Download: new LfsAction($"{root}/{oid}")))
            : new LfsAnswer(oid, size, Error: new LfsError(StatusCodes.Status422UnprocessableEntity, WrongSize(file.Length, size)));
    }

    private static LfsAnswer OfUpload(LfsObjects objects, string oid, long size, string root, long bytesMax)
    {
        if (size > bytesMax)
            return new LfsAnswer(oid, size, Error: new LfsError(StatusCodes.Status413PayloadTooLarge, TooLarge(bytesMax)));
        if (objects.Find(oid) is not { } file)
            return new LfsAnswer(oid, size, new LfsActions(Upload: new LfsAction($"{root}/{oid}"), Verify: new LfsAction($"{root}/verify")));
        return file.Length == size
            ? new LfsAnswer(oid, size)
            : new LfsAnswer(oid, size, Error: new LfsError(StatusCodes.Status422UnprocessableEntity, WrongSize(file.Length, size)));
    }

    private static async Task<IResult> VerifyAsync(
        HttpContext context, string owner, string repo, GitAccess access, RepositoryStore repositories, CancellationToken cancellation)
    {
        var (repository, refusal) = await AuthorizeAsync(context, owner, repo, GitService.ReceivePack, access, cancellation);
        if (repository is null)
            return refusal!;
        var (one, problem) = await ReadAsync(context.Request, LfsJson.Default.LfsObject, cancellation);
        if (one is null)
            return problem!;
        if (Complaint(one) is { } complaint)
            return Say(StatusCodes.Status422UnprocessableEntity, complaint);
        if (new LfsObjects(repositories.Open(repository.Id)).Find(one.Oid!) is not { } file)
            return NoSuchObject();
        return file.Length == one.Size
            ? TypedResults.Ok()
            : Say(StatusCodes.Status422UnprocessableEntity, WrongSize(file.Length, one.Size!.Value));
    }

    private static async Task<IResult> DownloadAsync(
        HttpContext context, string owner, string repo, string oid, GitAccess access, RepositoryStore repositories, CancellationToken cancellation)
    {
        var (repository, refusal) = await AuthorizeAsync(context, owner, repo, GitService.UploadPack, access, cancellation);
        if (repository is null)
            return refusal!;
        if (!LfsObjects.IsOid(oid))
            return Say(StatusCodes.Status422UnprocessableEntity, NoOid);
        if (new LfsObjects(repositories.Open(repository.Id)).Find(oid) is not { } file)
            return NoSuchObject();
        // Somebody's bytes, from the address of the pages: no browser may take them for one.
        GitResponse.SetHeaders(context.Response, "application/octet-stream");
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.PhysicalFile(file.FullName, "application/octet-stream", fileDownloadName: oid, enableRangeProcessing: true);
    }

    private static async Task<IResult> UploadAsync(
        HttpContext context, string owner, string repo, string oid, GitAccess access, RepositoryStore repositories, ServerSettings settings,
        CancellationToken cancellation)
    {
        var (repository, refusal) = await AuthorizeAsync(context, owner, repo, GitService.ReceivePack, access, cancellation);
        if (repository is null)
            return refusal!;
        if (!LfsObjects.IsOid(oid))
            return Say(StatusCodes.Status422UnprocessableEntity, NoOid);
        if (context.Request.ContentLength > settings.Git.MaxPushBytes)
            return Say(StatusCodes.Status413PayloadTooLarge, TooLarge(settings.Git.MaxPushBytes));
        await using var body = GitRequestBody.Open(context, settings.Git.MaxPushBytes);
        if (body is null)
            return Say(StatusCodes.Status415UnsupportedMediaType, "The content encoding must be gzip or none.");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(settings.Git.OperationTimeout);
        try
        {
            var objects = new LfsObjects(repositories.Open(repository.Id));
            return await objects.StoreAsync(oid, body, settings.Git.OperationTimeout, timeout.Token)
                ? TypedResults.Ok()
                : Say(StatusCodes.Status422UnprocessableEntity, "The content has another SHA-256 than the address says.");
        }
        catch (GitBodyException error)
        {
            return Say(error.Status, error.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Say(StatusCodes.Status408RequestTimeout, $"It took longer than git.operation_timeout, {settings.Git.OperationTimeout}.");
        }
    }

    /// <returns>The repository, or why not.</returns>
    private static async Task<(Repository? Repository, IResult? Refusal)> AuthorizeAsync(
        HttpContext context, string owner, string repo, GitService service, GitAccess access, CancellationToken cancellation)
    {
        var authorization = await access.AuthorizeAsync(context, owner, repo, service, cancellation);
        if (authorization.Refusal is { } refusal)
            return (null, Say(refusal.Status, refusal.Message));
        return service == GitService.UploadPack || authorization.MayWrite
            ? (authorization.Repository, null)
            : (null, Say(StatusCodes.Status403Forbidden, "Uploading needs the permission write. Fork the repository and propose from there."));
    }

    private static async Task<(T? Value, IResult? Problem)> ReadAsync<T>(
        HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var sent) || sent.MediaType != MediaType)
            return (null, Say(StatusCodes.Status415UnsupportedMediaType, $"The content type must be {MediaType}."));
        var body = await RequestBody.ReadAsync(request, type, BodyBytesMax, cancellation);
        return body.Problem is ProblemHttpResult problem ? (null, Say(problem.StatusCode, problem.ProblemDetails.Detail!)) : (body.Value, null);
    }

    private static string? Complaint(LfsObject? one) =>
        !LfsObjects.IsOid(one?.Oid) ? NoOid : one!.Size is null or < 0 ? "'size' must be a number of bytes." : null;

    private static string WrongSize(long stored, long said) => $"The object has {stored} bytes, not {said}.";

    private static string TooLarge(long bytesMax) => $"An object may have {bytesMax} bytes; the server's operator can raise git.max_push_bytes.";

    private static IResult NoSuchObject() => Say(StatusCodes.Status404NotFound, NoObject);

    private static IResult Say(int status, string message) => Json(new LfsMessage(message), LfsJson.Default.LfsMessage, status);

    private static IResult Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) =>
        TypedResults.Json(value, type, MediaType, status);
}
