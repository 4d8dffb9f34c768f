namespace Shithub.Actions.Server.Access;

/// <summary>What of a policy is to be changed, as the command and the API say it; what is not given stays.</summary>
public sealed record PolicyChange
{
    public bool? Enabled { get; init; }

    /// <summary>Of the site: of each owner that has none of its own.</summary>
    public CapChange MaxRunning { get; init; }

    /// <summary>Of the site or an owner: of each repository that has none of its own.</summary>
    public CapChange MaxRunningPerRepository { get; init; }

    public CapChange MaxQueued { get; init; }

    public CapChange MaxTriggersPerHour { get; init; }

    /// <returns>False: a repository has no repositories.</returns>
    public bool Fits(PolicyScope scope) => scope.RepoId is null || !MaxRunningPerRepository.IsGiven;

    public PolicyRow Of(PolicyScope scope, PolicyRow old)
    {
        var isSite = scope is { OwnerId: null, RepoId: null };
        return old with
        {
            Enabled = Enabled ?? old.Enabled,
            MaxRunning = isSite ? null : MaxRunning.Of(old.MaxRunning),
            OwnerMaxRunning = isSite ? MaxRunning.Of(old.OwnerMaxRunning) : null,
            RepoMaxRunning = MaxRunningPerRepository.Of(old.RepoMaxRunning),
            MaxQueued = MaxQueued.Of(old.MaxQueued),
            MaxTriggersPerHour = MaxTriggersPerHour.Of(old.MaxTriggersPerHour),
        };
    }
}

/// <param name="Cap">From 0; null: none, the wider scope decides.</param>
public readonly record struct CapChange(bool IsGiven, int? Cap)
{
    public static CapChange To(int? cap) => new(true, cap);

    public int? Of(int? old) => IsGiven ? Cap : old;
}
