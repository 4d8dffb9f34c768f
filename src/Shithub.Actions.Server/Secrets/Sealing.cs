using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// Seals small values with AES-256-GCM under a key of the row's own, so that a sealed value copied to another row does not open.
/// Layout: version (1 byte, 1), nonce (12), tag (16), ciphertext. While the root key is being replaced, values sealed with the previous
/// one open too: the tag says which key it was.
/// </summary>
public static class Sealing
{
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = 1 + NonceBytes + TagBytes;

    /// <param name="row">Names the row, such as <c>job-masks:42:1</c>.</param>
    public static byte[] Seal(RootKey root, string row, ReadOnlySpan<byte> clear)
    {
        var box = new byte[HeaderBytes + clear.Length];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(root.Derive(Label(row)), TagBytes);
        cipher.Encrypt(nonce, clear, box.AsSpan(HeaderBytes), box.AsSpan(1 + NonceBytes, TagBytes), Encoding.UTF8.GetBytes(row));
        return box;
    }

    /// <exception cref="CryptographicException">The value was sealed with another key, for another row, or was changed.</exception>
    public static byte[] Open(RootKey root, string row, ReadOnlySpan<byte> box)
    {
        if (box.Length < HeaderBytes || box[0] != Version)
            throw new CryptographicException($"The sealed value of {row} has no known format.");
        try
        {
            return Open(root.Derive(Label(row)), row, box);
        }
        catch (AuthenticationTagMismatchException) when (root.HasPrevious)
        {
            return Open(root.DerivePrevious(Label(row))!, row, box);
        }
    }

    private static byte[] Open(byte[] key, string row, ReadOnlySpan<byte> box)
    {
        var clear = new byte[box.Length - HeaderBytes];
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Decrypt(
            box.Slice(1, NonceBytes), box[HeaderBytes..], box.Slice(1 + NonceBytes, TagBytes), clear, Encoding.UTF8.GetBytes(row));
        return clear;
    }

    private static string Label(string row) => "sealed:" + row;
}
