using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Jobs;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// Who may clone and push. As <see cref="RepositoryAccess"/> decides, and besides: a running job's checkout token fetches from the
/// job's own repository, and does nothing else anywhere.
/// </summary>
public sealed class GitAccess(RepositoryAccess access, Authenticator authenticator, RepositoryStore repositories, CheckoutTokens checkoutTokens)
{
    /// <param name="name">As in the address, with or without <c>.git</c>.</param>
    public async Task<GitAuthorization> AuthorizeAsync(
        HttpContext context, string owner, string name, GitService service, CancellationToken cancellation)
    {
        if (name.EndsWith(".git", StringComparison.OrdinalIgnoreCase))
            name = name[..^".git".Length];
        // Access tokens have no dots, JWTs have two.
        if (Authenticator.ShownToken(context.Request) is { } token && token.Contains('.', StringComparison.Ordinal))
            return await AuthorizeCheckoutAsync(context, token, owner, name, service, cancellation);
        var needed = service == GitService.UploadPack ? Permission.Read : Permission.Write;
        var (granted, problem) = await access.AuthorizeAsync(context, owner, name, needed, cancellation);
        // Who may read may propose: pushes to refs/for/ are taken, and ReceivePack takes nothing else of them. It writes something, so the
        // token needs the scope for that.
        if (problem is { StatusCode: StatusCodes.Status403Forbidden }
            && (await authenticator.AuthenticateAsync(context, cancellation)).Actor is { Cap: >= Permission.Write } reader
            && await access.FindAsync(reader, owner, name, cancellation) is { } visible)
        {
            return new GitAuthorization(visible.Repository, reader, null, MayWrite: false);
        }

        return new GitAuthorization(
            granted?.Repository, granted?.Actor, problem is null ? null : new GitRefusal(problem.StatusCode, problem.ProblemDetails.Detail!),
            granted?.Permission >= Permission.Write);
    }

    private async Task<GitAuthorization> AuthorizeCheckoutAsync(
        HttpContext context, string token, string owner, string name, GitService service, CancellationToken cancellation)
    {
        if (await checkoutTokens.VerifyAsync(token, cancellation) is not { } grant)
        {
            context.Response.Headers.WWWAuthenticate = Challenge.Basic;
            return Refuse(StatusCodes.Status401Unauthorized, "The checkout token is not valid, or its job has ended.");
        }

        var repository = await repositories.FindAsync(owner, name, cancellation);
        if (repository is null || repository.Id != grant.RepoId)
            return Refuse(StatusCodes.Status404NotFound, "A checkout token is good for its job's own repository only.");
        return service == GitService.UploadPack
            ? new GitAuthorization(repository, null, null)
            : Refuse(StatusCodes.Status403Forbidden, "A checkout token can fetch, not push. Push with a personal access token.");
    }

    private static GitAuthorization Refuse(int status, string message) => new(null, null, new GitRefusal(status, message));
}

public enum GitService
{
    /// <summary>Clone and fetch.</summary>
    UploadPack,

    /// <summary>Push.</summary>
    ReceivePack,
}

/// <summary>A repository and who asks, or why not.</summary>
/// <param name="MayWrite">False: of pushes only those to <c>refs/for/</c>.</param>
public sealed record GitAuthorization(Repository? Repository, Actor? Actor, GitRefusal? Refusal, bool MayWrite = false);

/// <param name="Message">git shows it to the user behind <c>remote:</c>.</param>
public sealed record GitRefusal(int Status, string Message);
