namespace Shithub.Actions.Runner.Engine;

/// <summary>What an engine says of itself and its host (<c>/info</c>), as far as it decides whether jobs can be fenced.</summary>
internal sealed record EngineInfo(
    bool MemoryLimit, bool PidsLimit, bool CpuCfsQuota, string? CgroupVersion, bool? Rootless, IReadOnlyList<string>? SecurityOptions)
{
    /// <summary>Podman says it in one way, Docker in the other.</summary>
    private bool IsRootless => Rootless == true || SecurityOptions?.Any(option => option.Contains("rootless", StringComparison.Ordinal)) == true;

    /// <param name="isFenced">Steps are on a network that must be fenced.</param>
    /// <returns>Why this engine can't hold jobs, with the remedy; null: nothing speaks against it yet.</returns>
    public string? Refusal(string engine, bool isFenced)
    {
        // Podman without root speaks of the host's first hierarchy, which it may not use, and then ignores limits silently.
        var none = IsRootless && CgroupVersion == "1";
        var missing = new List<string>();
        if (!MemoryLimit || none) missing.Add("memory");
        if (!PidsLimit || none) missing.Add("processes");
        if (!CpuCfsQuota || none) missing.Add("processors");
        if (missing.Count > 0)
        {
            var limits = $"limit {string.Join(", ", missing)} (cgroup v{CgroupVersion ?? "?"})";
            return IsRootless
                ? $"{engine} runs without root and can't {limits}: it needs cgroup v2 with these controllers delegated to its user "
                    + "(systemd: Delegate=yes), or run it as root."
                : $"{engine} can't {limits}: enable these cgroup controllers on this host.";
        }

        return IsRootless && isFenced
            ? $"{engine} runs without root: its networks are in a namespace of its own, where this runner's fence does not reach. Run it as root, or "
                + "set engine.network = \"none\"."
            : null;
    }
}
