namespace Shithub.Actions.Protocol;

/// <summary><c>POST /api/v1/runners/register</c>: a runner registers itself with the server's registration secret as bearer token.</summary>
public sealed record RegisterRunnerRequest(
    string? Name = null,
    IReadOnlyList<string>? Labels = null,
    int? Capacity = null);

/// <summary>The runner's id and its token, which is shown this once.</summary>
public sealed record RegisterRunnerResponse(
    long Id,
    string Name,
    IReadOnlyList<string> Labels,
    int Capacity,
    string Token,
    DateTimeOffset? ExpiresAt);
