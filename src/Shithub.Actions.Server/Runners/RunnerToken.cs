namespace Shithub.Actions.Server.Runners;

/// <summary>The token that a runner shows at every heartbeat (the runbook calls it the registration token); see Access/OpaqueToken.cs.</summary>
public static class RunnerToken
{
    public const string Prefix = "shr_";

    /// <summary>The token of an <c>Authorization: Bearer</c> header, or null.</summary>
    public static string? FromHeader(string? authorization) =>
        authorization is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? authorization["Bearer ".Length..].Trim()
            : null;
}
