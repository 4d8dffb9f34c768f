using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Server.Access;

namespace Shithub.Actions.Server.Http;

/// <summary>
/// The header <c>Idempotency-Key</c> of requests that make something: whoever lost the answer sends the same again and gets what was made.
/// </summary>
public static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    private const int LengthMax = 100;

    /// <param name="body">As it was sent.</param>
    /// <param name="call">Null where the request has no key.</param>
    /// <param name="problem">Of a key that can't be kept: to go on without it would make a second one.</param>
    public static bool TryRead(
        HttpRequest request, Actor actor, ReadOnlySpan<byte> body, out IdempotentCall? call, [NotNullWhen(false)] out IResult? problem)
    {
        (call, problem) = (null, null);
        if (!request.Headers.TryGetValue(Header, out var values))
            return true;
        if (values is not [{ Length: > 0 and <= LengthMax } value] || value.Any(letter => letter is < '!' or > '~'))
        {
            problem = Problems.Invalid(Header, $"'{Header}' is one value of 1 to {LengthMax} printable ASCII characters without blanks, such as a UUID.");
            return false;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"));
        hash.AppendData(body);
        call = new IdempotentCall(actor.UserId, value, hash.GetHashAndReset());
        return true;
    }
}

/// <param name="RequestHash">SHA-256 of method, path and body.</param>
public sealed record IdempotentCall(long ActorId, string Key, byte[] RequestHash);
