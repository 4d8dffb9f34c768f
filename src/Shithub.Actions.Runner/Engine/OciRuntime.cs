using System.Globalization;
using System.Text.RegularExpressions;

namespace Shithub.Actions.Runner.Engine;

/// <summary>The program that starts containers for the engine, and the holes that its version is known for.</summary>
/// <param name="Name">Such as <c>runc</c>.</param>
/// <param name="Version">As it says itself: <c>1.1.5+ds1</c>.</param>
/// <param name="Package">A distribution's, with its own number, as far as the engine knows: <c>1.1.5+ds1-1+deb12u1</c>.</param>
internal sealed partial record OciRuntime(string Name, string Version, string? Package)
{
    private const string WorkingDirectory = "CVE-2024-21626";
    private const string Masked = "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881";

    /// <param name="component">The engine's word for it: <c>runc</c>, <c>OCI Runtime (runc)</c>.</param>
    /// <param name="version">What stands there, of one line or many.</param>
    public static OciRuntime? Read(string? component, string? version)
    {
        if (component is null || RuntimeName().Match(component) is not { Success: true } name) return null;
        var number = Number().Match(version ?? "");
        var package = PackageNumber().Match(version ?? "");
        return new OciRuntime(name.Value, number.Success ? number.Value : "?", package.Success ? package.Value : null);
    }

    /// <summary>The holes of this version, and how to close them; null: none is known.</summary>
    public string? Warning()
    {
        if (Name != "runc" || Parts().Match(Version) is not { Success: true } match) return null;
        int Part(string group) => match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : int.MaxValue;
        var number = (Part("major"), Part("minor"), Part("patch"), Part("rc"));
        var holes = new List<string>();
        if (number.CompareTo((1, 1, 12, 0)) < 0) holes.Add(WorkingDirectory);
        if (number.CompareTo((1, 2, 8, 0)) < 0
            || (number.CompareTo((1, 3, 0, 0)) >= 0 && number.CompareTo((1, 3, 3, 0)) < 0)
            || (number.CompareTo((1, 4, 0, 0)) >= 0 && number.CompareTo((1, 4, 0, 3)) < 0)) holes.Add(Masked);
        if (holes.Count == 0) return null;
        var remedy = Package is null
            ? "update it to 1.2.8, 1.3.3 or 1.4.0 or newer"
            : $"its package {Package} may be patched: see the distribution's security tracker, and keep it up to date";
        return $"runc {Version} is known for holes through which a container reaches its host ({string.Join(", ", holes)}); {remedy}";
    }

    [GeneratedRegex("runc|crun|youki|runsc|kata")]
    private static partial Regex RuntimeName();

    [GeneratedRegex(@"[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+~-]*")]
    private static partial Regex Number();

    /// <summary>Debian's and Ubuntu's have the distribution in their number.</summary>
    [GeneratedRegex(@"[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+~]*-[0-9][0-9A-Za-z.+~]*(?:deb|ubuntu)[0-9A-Za-z.+~]*")]
    private static partial Regex PackageNumber();

    [GeneratedRegex(@"\A(?<major>[0-9]{1,5})\.(?<minor>[0-9]{1,5})\.(?<patch>[0-9]{1,5})(?:[-~]?rc\.?(?<rc>[0-9]{1,5}))?")]
    private static partial Regex Parts();
}
