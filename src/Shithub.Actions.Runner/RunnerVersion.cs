using System.Reflection;

namespace Shithub.Actions.Runner;

/// <summary>The version that the build stamped on this program.</summary>
internal static class RunnerVersion
{
    /// <summary>Without the commit that source link adds after a plus sign.</summary>
    public static string Number { get; } =
        typeof(RunnerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "0.0.0";
}
