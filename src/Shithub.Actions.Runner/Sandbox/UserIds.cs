using System.Globalization;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>Who steps run as, by number; never root.</summary>
internal sealed record UserIds(uint Uid, uint Gid)
{
    /// <summary>Reads <c>uid:gid</c> or <c>uid</c>, as the settings have checked it.</summary>
    public static UserIds Parse(string user)
    {
        var parts = user.Split(':');
        var uid = uint.Parse(parts[0], CultureInfo.InvariantCulture);
        return new UserIds(uid, parts.Length > 1 ? uint.Parse(parts[1], CultureInfo.InvariantCulture) : uid);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Uid}:{Gid}");
}
