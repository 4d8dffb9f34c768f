using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// The server's root key (<c>auth.totp_key_b64</c>, <c>SHITHUB_TOTP_KEY</c>). Nothing uses it directly: every purpose has a key of
/// its own, derived by HKDF-SHA256 with the purpose as label.
/// </summary>
public sealed class RootKey
{
    private readonly Lazy<byte[]> _key;
    private readonly byte[]? _previous;

    /// <inheritdoc cref="RootKey(Func{byte[]}, byte[])"/>
    public RootKey(byte[] key, byte[]? previous = null)
        : this(() => key, previous)
    {
    }

    /// <param name="key">Asked for when something is sealed, opened or signed: most commands need none.</param>
    /// <param name="previous">Opens and verifies what the key before this one (or the one to come) made, and makes nothing:
    /// <c>auth.previous_totp_key_b64</c>.</param>
    public RootKey(Func<byte[]> key, byte[]? previous) => (_key, _previous) = (new Lazy<byte[]>(key), previous);

    public bool HasPrevious => _previous is not null;

    /// <summary>A key of 32 bytes for one purpose.</summary>
    public byte[] Derive(string label) => Derive(_key.Value, label);

    /// <summary>The same of the previous key, or null where there is none.</summary>
    public byte[]? DerivePrevious(string label) => _previous is null ? null : Derive(_previous, label);

    /// <summary>This key alone, without the previous one.</summary>
    public RootKey Alone() => _previous is null ? this : new RootKey(() => _key.Value, null);

    private static byte[] Derive(byte[] root, string label) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: Encoding.UTF8.GetBytes(label));
}
