using System.Globalization;
using Dapper;
using Npgsql;
using Shithub.Actions.Configuration;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Audit;
using Shithub.Actions.Server.Repositories.Lfs;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// The hosted repositories: a row each, and a bare repository at <c>repositories/&lt;id&gt;.git</c> in the data folder. The id, not the
/// name, is the path, so nothing that somebody chose ever is.
/// </summary>
public sealed class RepositoryStore(NpgsqlDataSource dataSource, GitProcess git, ServerSettings settings, AuditLog audit)
{
    private const string Insert = $"""
        with r as (
            insert into repositories (owner_id, name, is_private, default_branch, fork_of)
            values (@ownerId, @name, @isPrivate, @defaultBranch, @forkOf)
            on conflict do nothing
            returning *)
        select {Repository.Columns}
        from r
        join owners o on o.id = r.owner_id
        """;

    private const string FindByName = $"""
        select {Repository.Columns}
        from repositories r
        join owners o on o.id = r.owner_id
        where lower(o.name) = lower(@owner) and lower(r.name) = lower(@name)
        """;

    private const string FindById = $"""
        select {Repository.Columns}
        from repositories r
        join owners o on o.id = r.owner_id
        where r.id = @id
        """;

    // The oldest, where an owner has several.
    private const string FindFork = $"""
        select {Repository.Columns}
        from repositories r
        join owners o on o.id = r.owner_id
        where lower(o.name) = lower(@owner) and (r.fork_of = @Id or r.fork_of = @ForkOf or r.id = @ForkOf)
        order by r.id
        limit 1
        """;

    // What the user may see. A null user sees all of them: the command line.
    private const string ListVisible = $"""
        select {Repository.Columns}
        from repositories r
        join owners o on o.id = r.owner_id
        where @userId::bigint is null
           or not r.is_private
           or r.owner_id = @userId
           or exists (select from organization_members m where m.organization_id = r.owner_id and m.user_id = @userId)
           or exists (select from collaborators c where c.repo_id = r.id and c.user_id = @userId)
        order by lower(o.name), lower(r.name)
        limit @limit
        """;

    private const string SetGitHubWorkflows = """
        update repositories
        set github_workflows = @enabled
        where id = @id
        """;

    private const string Delete = """
        delete from repositories
        where id = @id
        """;

    /// <summary>What a repository is set to. Pushes are checked object by object; nobody's hooks run.</summary>
    private static readonly (string Key, string Value)[] Configuration =
    [
        ("core.hooksPath", "/dev/null"),
        // The reflog is the proof of what a push changed, see README.md.
        ("core.logAllRefUpdates", "always"),
        // A push that was answered survives a power failure, refs included.
        ("core.fsync", "committed,reference"),
        ("receive.fsckObjects", "true"),
        // Harmless and frequent in old histories; GitHub takes them too.
        ("receive.fsck.zeroPaddedFilemode", "warn"),
        ("receive.fsck.missingSpaceBeforeDate", "warn"),
        ("receive.fsck.badTimezone", "warn"),
        ("receive.advertisePushOptions", "false"),
        // Runners check out the commit of a run, which a branch may have left behind.
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("uploadpack.allowFilter", "true"),
        ("http.receivepack", "true"),
        // Commits that only old runs know stay for a while.
        ("gc.pruneExpire", "30.days.ago"),
        ("gc.reflogExpire", "90.days.ago"),
    ];

    public GitRepository Open(long repoId) =>
        new(git, Path.Combine(settings.Server.RepositoriesRoot, string.Create(CultureInfo.InvariantCulture, $"{repoId}.git")));

    /// <summary>Creates a repository, empty, with its HEAD at the default branch.</summary>
    /// <returns>Null where the owner has one of that name.</returns>
    /// <exception cref="GitException">git could not create it; then there is no row either.</exception>
    public Task<Repository?> CreateAsync(
        long ownerId, string name, bool isPrivate, string defaultBranch, CancellationToken cancellation) =>
        CreateAsync(ownerId, name, isPrivate, defaultBranch, null, cancellation);

    /// <summary>Creates a repository with all branches, tags and large files of another, and as visible as that.</summary>
    /// <inheritdoc cref="CreateAsync(long, string, bool, string, CancellationToken)"/>
    public Task<Repository?> ForkAsync(Repository source, long ownerId, string name, CancellationToken cancellation) =>
        CreateAsync(ownerId, name, source.IsPrivate, source.DefaultBranch, source.Id, cancellation);

    private async Task<Repository?> CreateAsync(
        long ownerId, string name, bool isPrivate, string defaultBranch, long? forkOf, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var repository = await connection.QuerySingleOrDefaultAsync<Repository>(new CommandDefinition(
            Insert, new { ownerId, name, isPrivate, defaultBranch, forkOf }, transaction, cancellationToken: cancellation));
        if (repository is null)
            return null;
        await InitializeAsync(Open(repository.Id).Path, defaultBranch, cancellation);
        if (forkOf is { } source)
        {
            await CopyRefsAsync(source, repository.Id, cancellation);
            new LfsObjects(Open(source)).ShareWith(new LfsObjects(Open(repository.Id)));
        }

        await audit.AppendAsync(
            connection, transaction,
            new AuditEntry(
                forkOf is null ? "repository.create" : "repository.fork", "repository", repository.Id, repository.FullName,
                new { is_private = isPrivate, fork_of = forkOf }),
            cancellation);
        await transaction.CommitAsync(cancellation);
        return repository;
    }

    public async Task<Repository?> FindAsync(string owner, string name, CancellationToken cancellation)
    {
        if (!OwnerName.IsValid(owner) || !RepositoryName.IsValid(name))
            return null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<Repository>(
            new CommandDefinition(FindByName, new { owner, name }, cancellationToken: cancellation));
    }

    /// <param name="fullName"><c>owner/name</c></param>
    public async Task<Repository?> FindAsync(string fullName, CancellationToken cancellation) =>
        fullName.Split('/') is [var owner, var name] ? await FindAsync(owner, name, cancellation) : null;

    public async Task<Repository?> FindAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<Repository>(
            new CommandDefinition(FindById, new { id }, cancellationToken: cancellation));
    }

    /// <summary>An owner's fork of a repository, or of the one that this is a fork of.</summary>
    public async Task<Repository?> FindForkAsync(Repository of, string owner, CancellationToken cancellation)
    {
        if (!OwnerName.IsValid(owner))
            return null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<Repository>(
            new CommandDefinition(FindFork, new { owner, of.Id, of.ForkOf }, cancellationToken: cancellation));
    }

    /// <param name="userId">Whose view; -1 for an anonymous one, null for everything.</param>
    public async Task<IReadOnlyList<Repository>> ListAsync(long? userId, int limit, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return
        [
            .. await connection.QueryAsync<Repository>(
                new CommandDefinition(ListVisible, new { userId, limit }, cancellationToken: cancellation)),
        ];
    }

    /// <summary>Whether <c>.github/workflows</c> counts where a commit has no <c>.shithub/workflows</c>. It holds for later events.</summary>
    public Task SetGitHubWorkflowsAsync(long id, bool enabled, CancellationToken cancellation) =>
        audit.ExecuteAsync(
            dataSource, SetGitHubWorkflows, new { id, enabled },
            _ => new AuditEntry("repository.set", "repository", id, null, new { github_workflows = enabled }), cancellation);

    /// <summary>Deletes a repository with its runs, and then its folder.</summary>
    public async Task DeleteAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Before it, while the repository has a name.
        await audit.AppendAsync(connection, transaction, new AuditEntry("repository.delete", "repository", id, null), cancellation);
        await connection.ExecuteAsync(new CommandDefinition(Delete, new { id }, transaction, commandTimeout: 0, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
        var path = Open(id).Path;
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    private async Task CopyRefsAsync(long from, long to, CancellationToken cancellation) =>
        (await git.RunAsync(
            [
                $"--git-dir={Open(to).Path}", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--end-of-options",
                Open(from).Path, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ],
            default, 64 * 1024, cancellation)).OrThrow("fetch");

    private async Task InitializeAsync(string path, string defaultBranch, CancellationToken cancellation)
    {
        // Ids are never used twice, unless the database was restored from a backup and the folder was not.
        if (Directory.Exists(path))
            throw new GitException($"{path} exists although the database knows no such repository. Move it away, then try again.");
        (await git.RunAsync(
            ["init", "--quiet", "--bare", "--template=", $"--initial-branch={defaultBranch}", "--", path], default, 4096, cancellation))
            .OrThrow("init");
        var lines = new StringWriter(CultureInfo.InvariantCulture);
        foreach (var (key, value) in Configuration)
        {
            // "section.key" or "section.subsection.key"
            var parts = key.Split('.');
            lines.Write(parts.Length == 3 ? $"[{parts[0]} \"{parts[1]}\"]\n" : $"[{parts[0]}]\n");
            lines.Write($"\t{parts[^1]} = {value}\n");
        }

        await File.AppendAllTextAsync(Path.Combine(path, "config"), lines.ToString(), cancellation);
    }
}
