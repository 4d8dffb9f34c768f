using System.Globalization;

namespace Shithub.Actions.Server.PullRequests;

/// <summary>A proposed change of a repository.</summary>
public sealed record PullRequest
{
    /// <summary>What a query selects to read one.</summary>
    public const string Select = """
        select p.id, p.repo_id, p.number, p.base_branch, p.base_sha, p.head_repo_id, p.head_branch, p.topic, p.head_sha, p.head_vouched,
            p.title, p.body, p.author_id, coalesce(a.name, '') as author, p.state, p.created_at, p.updated_at, p.closed_at,
            ho.name || '/' || h.name as head_repository
        from pull_requests p
        left join owners a on a.id = p.author_id
        left join repositories h on h.id = p.head_repo_id
        left join owners ho on ho.id = h.owner_id
        """;

    public const string Open = "open";
    public const string Closed = "closed";
    public const string Merged = "merged";

    public long Id { get; init; }

    /// <summary>The repository that it would change.</summary>
    public long RepoId { get; init; }

    public int Number { get; init; }

    /// <summary>Without <c>refs/heads/</c>.</summary>
    public string BaseBranch { get; init; } = "";

    /// <summary>Where that branch was when the head was last brought.</summary>
    public string BaseSha { get; init; } = "";

    /// <summary>Null where it was pushed to <c>refs/for/</c>, or its fork is gone.</summary>
    public long? HeadRepoId { get; init; }

    /// <summary>Null where it was pushed to <c>refs/for/</c>.</summary>
    public string? HeadBranch { get; init; }

    public string? Topic { get; init; }

    public string HeadSha { get; init; } = "";

    /// <summary>Whoever brought the head commit might write to the repository at that moment.</summary>
    public bool HeadVouched { get; init; }

    public string Title { get; init; } = "";

    public string Body { get; init; } = "";

    public long? AuthorId { get; init; }

    public string Author { get; init; } = "";

    /// <summary><c>open</c>, <c>closed</c> or <c>merged</c>.</summary>
    public string State { get; init; } = Open;

    public DateTime CreatedAt { get; init; }

    public DateTime UpdatedAt { get; init; }

    public DateTime? ClosedAt { get; init; }

    /// <summary><c>owner/name</c> of the head's repository.</summary>
    public string? HeadRepository { get; init; }

    /// <summary>The head lies in another repository than the base, or did.</summary>
    public bool IsFromFork => HeadBranch is not null && HeadRepoId != RepoId;

    /// <summary>What the head's branch is called, which says nothing about whom to trust.</summary>
    public string HeadName => HeadBranch ?? new Proposal(BaseBranch, Topic).HeadName;

    public string HeadRef => HeadRefOf(Number);

    public string MergeRef => string.Create(CultureInfo.InvariantCulture, $"refs/pull/{Number}/merge");

    public static string HeadRefOf(int number) => string.Create(CultureInfo.InvariantCulture, $"refs/pull/{number}/head");
}
