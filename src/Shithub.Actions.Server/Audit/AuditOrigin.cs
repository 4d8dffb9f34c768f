namespace Shithub.Actions.Server.Audit;

/// <summary>Who decided something, and from where.</summary>
/// <param name="Kind">As in <c>audit_log.actor_kind</c>.</param>
public sealed record AuditOrigin(string Kind, string? ActorName, string? Origin, string? Client)
{
    public long? ActorId { get; init; }

    public long? TokenId { get; init; }

    /// <summary>The server by itself.</summary>
    public static AuditOrigin Server { get; } = new("system", "shithubd", Environment.MachineName, null);

    /// <summary>Somebody with a shell on a server; of somebody who used sudo, the own name.</summary>
    public static AuditOrigin CommandLine() => new(
        "operator",
        Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } user ? user : Environment.UserName,
        Environment.MachineName,
        "command line");
}
