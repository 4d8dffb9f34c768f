using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Runners;

/// <summary>
/// The token that a runner shows at every heartbeat (the runbook calls it the registration token): 256 random bits, of which only the
/// SHA-256 is stored.
/// </summary>
public static class RunnerToken
{
    private const string Prefix = "shr_";

    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>The token of an <c>Authorization: Bearer</c> header, or null.</summary>
    public static string? FromHeader(string? authorization) =>
        authorization is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? authorization["Bearer ".Length..].Trim()
            : null;
}
