using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// The server's root key (<c>auth.totp_key_b64</c>, <c>SHITHUB_TOTP_KEY</c>). Nothing uses it directly: every purpose has a key of
/// its own, derived by HKDF-SHA256 with the purpose as label.
/// </summary>
/// <param name="previous">Opens and verifies what the key before this one (or the one to come) made, and makes nothing: <c>auth.previous_totp_key_b64</c>.</param>
public sealed class RootKey(byte[] key, byte[]? previous = null)
{
    public bool HasPrevious => previous is not null;

    /// <summary>A key of 32 bytes for one purpose.</summary>
    public byte[] Derive(string label) => Derive(key, label);

    /// <summary>The same of the previous key, or null where there is none.</summary>
    public byte[]? DerivePrevious(string label) => previous is null ? null : Derive(previous, label);

    /// <summary>This key alone, without the previous one.</summary>
    public RootKey Alone() => previous is null ? this : new RootKey(key);

    private static byte[] Derive(byte[] root, string label) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: Encoding.UTF8.GetBytes(label));
}
