using System.Text.Json.Nodes;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Repositories;

/// <summary>
/// The payload of a push event in the shape of GitHub's webhook "push". Its texts are whatever the pusher wrote, cut to sizes that
/// keep a payload below a megabyte.
/// </summary>
public sealed class PushPayload(RepositoryStore repositories, PublicUrl url)
{
    /// <summary>As many commits as GitHub puts into its events API.</summary>
    public const int CommitsMax = 20;

    private const int MessageMax = 16 * 1024;
    private const int PersonMax = 256;

    public async Task<JsonObject> BuildAsync(Repository repository, string actor, RefCommand command, CancellationToken cancellation)
    {
        var git = repositories.Open(repository.Id);
        var htmlUrl = url.Of(repository.FullName);
        var (commits, head, isForced) = await ReadOrSkipAsync(git, repository, command, cancellation);
        return new JsonObject
        {
            ["ref"] = command.Ref,
            ["before"] = command.Old,
            ["after"] = command.New,
            ["created"] = command.IsCreation,
            ["deleted"] = false,
            ["forced"] = isForced,
            ["base_ref"] = null,
            ["compare"] = command.IsCreation
                ? $"{htmlUrl}/commit/{command.New}"
                : $"{htmlUrl}/compare/{command.Old[..12]}...{command.New[..12]}",
            ["commits"] = new JsonArray([.. commits.Reverse().Select(commit => Describe(commit, htmlUrl))]),
            ["head_commit"] = head is null ? null : Describe(head, htmlUrl),
            ["repository"] = Describe(repository, htmlUrl),
            ["pusher"] = new JsonObject { ["name"] = actor },
            ["sender"] = new JsonObject { ["login"] = actor, ["type"] = "User" },
        };
    }

    /// <summary>The part of every event's payload that says where it happened.</summary>
    public static JsonObject Describe(Repository repository, string htmlUrl) => new()
    {
        ["id"] = repository.Id,
        ["name"] = repository.Name,
        ["full_name"] = repository.FullName,
        ["private"] = repository.IsPrivate,
        ["owner"] = new JsonObject
        {
            ["id"] = repository.OwnerId,
            ["name"] = repository.Owner,
            ["login"] = repository.Owner,
            ["type"] = repository.OwnerKind == "user" ? "User" : "Organization",
        },
        ["html_url"] = htmlUrl,
        ["clone_url"] = $"{htmlUrl}.git",
        ["default_branch"] = repository.DefaultBranch,
    };

    /// <summary>Commits that git can't list (a message of megabytes) leave the payload without them: the push counts all the same.</summary>
    private static async Task<(IReadOnlyList<GitCommit> Commits, GitCommit? Head, bool IsForced)> ReadOrSkipAsync(
        GitRepository git, Repository repository, RefCommand command, CancellationToken cancellation)
    {
        try
        {
            var (commits, isForced) = await ReadAsync(git, repository, command, cancellation);
            var head = commits.FirstOrDefault(commit => commit.Sha == command.New);
            if (head is null && await git.FindCommitAsync(command.New, cancellation) is { } sha)
                head = (await git.ReadCommitsAsync(sha, null, 1, cancellation))[0];
            return (commits, head, isForced);
        }
        catch (GitException)
        {
            return ([], null, false);
        }
    }

    /// <summary>The commits that came with the push, newest first. A tag brings none of its own.</summary>
    private static async Task<(IReadOnlyList<GitCommit> Commits, bool IsForced)> ReadAsync(
        GitRepository git, Repository repository, RefCommand command, CancellationToken cancellation)
    {
        if (!command.Ref.StartsWith(RefName.Branches, StringComparison.Ordinal))
            return ([], !command.IsCreation);
        if (!command.IsCreation)
        {
            return (
                await git.ReadCommitsAsync(command.New, command.Old, CommitsMax, cancellation),
                !await git.IsAncestorAsync(command.Old, command.New, cancellation));
        }

        var defaultRef = RefName.Branches + repository.DefaultBranch;
        var known = command.Ref == defaultRef ? null : await git.FindCommitAsync(defaultRef, cancellation);
        return (await git.ReadCommitsAsync(command.New, known, CommitsMax, cancellation), false);
    }

    private static JsonObject Describe(GitCommit commit, string htmlUrl) => new()
    {
        ["id"] = commit.Sha,
        ["tree_id"] = commit.Tree,
        ["distinct"] = true,
        ["message"] = Cut(commit.Message, MessageMax),
        ["timestamp"] = commit.Committer.Date,
        ["url"] = $"{htmlUrl}/commit/{commit.Sha}",
        ["author"] = Describe(commit.Author),
        ["committer"] = Describe(commit.Committer),
    };

    private static JsonObject Describe(GitPerson person) => new()
    {
        ["name"] = Cut(person.Name, PersonMax),
        ["email"] = Cut(person.Email, PersonMax),
        ["date"] = person.Date,
    };

    private static string Cut(string text, int max) => text.Length <= max ? text : text[..(max - 1)] + "…";
}
