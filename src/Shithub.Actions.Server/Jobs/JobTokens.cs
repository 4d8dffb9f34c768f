using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Jobs;

/// <summary>What a job token says. Two tokens with the same claims are the same bytes: a stored <see cref="Jti"/> is enough to make one again.</summary>
/// <param name="Purpose"><see cref="JobTokens.ApiPurpose"/> or <see cref="JobTokens.CheckoutPurpose"/>.</param>
/// <param name="Expires">Seconds since 1970.</param>
public sealed record JobTokenClaims(
    long RunnerId, string Purpose, long JobId, long RunId, long RepoId, int Attempt, long Expires, Guid Jti)
{
    /// <summary>The bytes of the attempt's log so far; null when no call of it has told yet, or one of a previous version did: see its row.</summary>
    public long? LogBytes { get; init; }

    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(Expires);
}

/// <summary>
/// Makes and checks the JWTs of the runner protocol: HS256 and nothing else, with a key derived from the root key. The platform has no
/// JWT codec that can be restored here without known vulnerabilities (docs/decisions/0003-job-token-codec.md), hence this small one.
/// </summary>
public sealed class JobTokens(RootKey root, TimeProvider time) : IDisposable
{
    public const string ApiPurpose = "api";
    public const string CheckoutPurpose = "checkout";

    /// <summary>No token of ours comes near; a longer one is refused unread.</summary>
    private const int MaxLength = 2048;

    private static readonly byte[] Header = Base64Url.EncodeToUtf8("""{"alg":"HS256","typ":"JWT"}"""u8);

    /// <summary>What every token begins with.</summary>
    public static string Beginning => Encoding.ASCII.GetString(Header) + ".";

    private const string KeyLabel = "actions-runner-jwt-v1";

    // Not before they are needed: commands that sign nothing have no root key.
    private readonly Lazy<TokenSignature> _key = new(() => new TokenSignature(root.Derive(KeyLabel)));

    /// <summary>While the root key is being replaced: tokens signed with the previous one stay good until they expire.</summary>
    private readonly Lazy<TokenSignature?> _previousKey = new(
        () => root.DerivePrevious(KeyLabel) is { } key ? new TokenSignature(key) : null);

    public string Issue(JobTokenClaims claims) => Issue(_key.Value, claims);

    /// <summary>Every token that may have been given for these claims: one, or two while the root key is being replaced.</summary>
    public IEnumerable<string> AllOf(JobTokenClaims claims)
    {
        yield return Issue(claims);
        if (_previousKey.Value is { } previous)
            yield return Issue(previous, claims);
    }

    public void Dispose()
    {
        if (_key.IsValueCreated)
            _key.Value.Dispose();
        if (_previousKey.IsValueCreated)
            _previousKey.Value?.Dispose();
    }

    private static string Issue(TokenSignature key, JobTokenClaims claims)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new TokenPayload(
                $"runner:{claims.RunnerId.ToString(CultureInfo.InvariantCulture)}", claims.Purpose, claims.JobId, claims.RunId,
                claims.RepoId, claims.Attempt, claims.Expires, claims.Jti, claims.LogBytes),
            JobTokenJson.Default.TokenPayload);
        Span<byte> token = stackalloc byte[MaxLength];
        Header.CopyTo(token);
        token[Header.Length] = (byte)'.';
        var signed = Header.Length + 1 + Base64Url.EncodeToUtf8(payload, token[(Header.Length + 1)..]);
        token[signed] = (byte)'.';
        key.Write(token[..signed], token.Slice(signed + 1, TokenSignature.Length));
        return Encoding.ASCII.GetString(token[..(signed + 1 + TokenSignature.Length)]);
    }

    /// <summary>The claims of a token that we signed, that is meant for <paramref name="purpose"/> and has not expired; else null.</summary>
    public JobTokenClaims? Verify(string token, string purpose)
    {
        Span<byte> all = stackalloc byte[MaxLength];
        if (Ascii.FromUtf16(token, all, out var length) != OperationStatus.Done)
            return null;
        all = all[..length];
        var (dot, lastDot) = (all.IndexOf((byte)'.'), all.LastIndexOf((byte)'.'));
        if (dot == lastDot)
            return null;
        var signed = all[..lastDot];
        var signature = all[(lastDot + 1)..];
        if (!_key.Value.Is(signature, signed) && (_previousKey.Value is not { } previous || !previous.Is(signature, signed)))
            return null;

        // What we signed is well-formed, but the header is compared whole all the same: no algorithm is up for negotiation.
        if (!signed[..dot].SequenceEqual(Header))
            return null;
        var written = signed[(dot + 1)..];
        var payload = JsonSerializer.Deserialize(written[..Base64Url.DecodeFromUtf8InPlace(written)], JobTokenJson.Default.TokenPayload);
        if (payload is null || payload.Purpose != purpose || payload.Exp <= time.GetUtcNow().ToUnixTimeSeconds())
            return null;
        var runner = long.Parse(payload.Sub.AsSpan("runner:".Length), NumberStyles.None, CultureInfo.InvariantCulture);
        return new JobTokenClaims(
            runner, payload.Purpose, payload.JobId, payload.RunId, payload.RepoId, payload.Attempt, payload.Exp, payload.Jti)
        {
            LogBytes = payload.LogBytes,
        };
    }
}
