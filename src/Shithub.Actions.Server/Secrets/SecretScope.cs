using System.Globalization;

namespace Shithub.Actions.Server.Secrets;

/// <summary>Whose secrets: at most one of the ids is set, neither means the whole site's.</summary>
/// <param name="Environment">In lower case, only with <paramref name="RepoId"/>: read by jobs with this <c>environment</c> alone.</param>
public sealed record SecretScope(long? OwnerId, long? RepoId, string? Environment)
{
    private const int EnvironmentLengthMax = 255;

    public static SecretScope Site { get; } = new(null, null, null);

    public static SecretScope OfOwner(long id) => new(id, null, null);

    public static SecretScope OfRepository(long id, string? environment = null) => new(null, id, environment?.ToLowerInvariant());

    /// <returns>What is wrong with an environment's name, or null.</returns>
    public static string? Complaint(string environment) =>
        string.IsNullOrWhiteSpace(environment) || environment.Length > EnvironmentLengthMax || environment.Any(char.IsControl)
            ? $"The name of an environment has 1 to {EnvironmentLengthMax} characters, not all of them blank and none a control character."
            : null;

    /// <summary>Names the row of a secret for <see cref="Sealing"/>: moved to another scope or name, the value does not open.</summary>
    public string RowOf(string name) =>
        RepoId is { } repo ? string.Create(CultureInfo.InvariantCulture, $"secret:repository:{repo}:{name}:{Environment}")
        : OwnerId is { } owner ? string.Create(CultureInfo.InvariantCulture, $"secret:owner:{owner}:{name}")
        : $"secret:site:{name}";
}
