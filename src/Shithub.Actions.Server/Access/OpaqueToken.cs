using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Shithub.Actions.Server.Access;

/// <summary>
/// Random tokens of which the database keeps only the SHA-256. With 256 random bits a slow hash would add nothing, and a lookup by
/// hash tells an attacker's clock nothing about the token.
/// </summary>
public static class OpaqueToken
{
    public const string AccessTokenPrefix = "shp_";
    private const int RandomBytes = 32;

    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
