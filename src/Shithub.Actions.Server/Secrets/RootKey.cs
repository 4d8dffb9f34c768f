using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// The server's root key (<c>auth.totp_key_b64</c>, <c>SHITHUB_TOTP_KEY</c>). Nothing uses it directly: every purpose has a key of
/// its own, derived by HKDF-SHA256 with the purpose as label.
/// </summary>
public sealed class RootKey(byte[] key)
{
    /// <summary>A key of 32 bytes for one purpose.</summary>
    public byte[] Derive(string label) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: Encoding.UTF8.GetBytes(label));
}
