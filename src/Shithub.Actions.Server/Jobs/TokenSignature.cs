using System.Buffers.Text;
using System.Security.Cryptography;

namespace Shithub.Actions.Server.Jobs;

/// <summary>HMAC-SHA256 with one key, as base64url: <see cref="Length"/> bytes.</summary>
internal sealed class TokenSignature(byte[] key) : IDisposable
{
    public const int Length = 43;

    // Kept, one for each thread: to look the algorithm up and set the key takes OpenSSL longer than the hash of a token does.
    private readonly ThreadLocal<IncrementalHash> _hash = new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key));

    public void Write(ReadOnlySpan<byte> signed, Span<byte> signature)
    {
        Span<byte> bytes = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var hash = _hash.Value!;
        hash.AppendData(signed);
        hash.GetHashAndReset(bytes);
        Base64Url.EncodeToUtf8(bytes, signature);
    }

    /// <summary>Compared as text: there is one way to write a token.</summary>
    public bool Is(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> signed)
    {
        Span<byte> expected = stackalloc byte[Length];
        Write(signed, expected);
        return CryptographicOperations.FixedTimeEquals(expected, signature);
    }

    public void Dispose() => _hash.Dispose();
}
