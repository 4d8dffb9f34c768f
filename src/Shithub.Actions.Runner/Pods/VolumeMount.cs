using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>A volume of a container.</summary>
/// <param name="Name">A folder that the job's containers share; null: memory of this container's own.</param>
internal sealed partial record VolumeMount(string? Name, string Path, bool IsReadOnly)
{
    /// <summary>Reads <c>[NAME:]PATH[:ro]</c>. Folders of the host can't be mounted.</summary>
    /// <param name="where">Where it stands in the workflow, for messages.</param>
    /// <exception cref="SandboxException">It is not such a volume.</exception>
    public static VolumeMount Parse(string text, string where)
    {
        if (text.Split(':') is [['/' or '.' or '~' or '$', ..] source, _, ..])
            throw new SandboxException($"{where} '{text}': {source} is a folder of the host, which containers don't see; give the volume a name.");
        var match = Form().Match(text);
        if (!match.Success || match.Groups["path"].Value.Split('/').Contains(".."))
            throw new SandboxException($"{where} '{text}' is not a volume; write 'name:/path'.");
        var path = match.Groups["path"].Value.TrimEnd('/');
        if (path.Length == 0 || path == ContainerPaths.Mount || path.StartsWith(ContainerPaths.Mount + "/", StringComparison.Ordinal)
            || path is "/proc" or "/sys" or "/dev" || path.StartsWith("/proc/", StringComparison.Ordinal)
            || path.StartsWith("/sys/", StringComparison.Ordinal) || path.StartsWith("/dev/", StringComparison.Ordinal))
        {
            throw new SandboxException($"{where} '{text}': there can be no volume at {match.Groups["path"].Value}.");
        }

        return new VolumeMount(match.Groups["name"] is { Success: true } name ? name.Value : null, path, match.Groups["mode"].Value == "ro");
    }

    [GeneratedRegex(@"\A(?:(?<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,63}):)?(?<path>/[^:,\x00-\x1f]{0,255})(?::(?<mode>ro|rw))?\z")]
    private static partial Regex Form();
}
