namespace Shithub.Actions.Protocol;

/// <summary>An RFC 9457 problem details object, as every error of the API carries it.</summary>
/// <param name="Field">The member of the request that was wrong, as a path (<c>chunk</c>, <c>labels[2]</c>), where one was.</param>
public sealed record Problem(string? Type, string? Title, int? Status, string? Detail, string? Field = null);
