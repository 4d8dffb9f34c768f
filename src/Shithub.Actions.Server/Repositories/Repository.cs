using System.Globalization;

namespace Shithub.Actions.Server.Repositories;

/// <summary>A hosted repository.</summary>
public record Repository
{
    /// <summary>What a query selects to read one, from <c>repositories r join owners o</c>.</summary>
    public const string Columns = """
        r.id, r.owner_id, o.name as owner, o.kind as owner_kind, r.name, r.is_private, r.default_branch, r.actions_enabled,
        r.github_workflows, r.fork_of, r.created_at
        """;

    public long Id { get; init; }

    public long OwnerId { get; init; }

    /// <summary>The owner's name.</summary>
    public string Owner { get; init; } = "";

    /// <summary><c>user</c> or <c>organization</c>.</summary>
    public string OwnerKind { get; init; } = "";

    public string Name { get; init; } = "";

    public bool IsPrivate { get; init; }

    /// <summary>Without <c>refs/heads/</c>.</summary>
    public string DefaultBranch { get; init; } = "";

    public bool ActionsEnabled { get; init; }

    /// <summary>Whether <c>.github/workflows</c> counts where a commit has no <c>.shithub/workflows</c>.</summary>
    public bool GitHubWorkflows { get; init; }

    /// <summary>The repository that this one was forked from, while that exists.</summary>
    public long? ForkOf { get; init; }

    public DateTime CreatedAt { get; init; }

    public string FullName => string.Create(CultureInfo.InvariantCulture, $"{Owner}/{Name}");
}
