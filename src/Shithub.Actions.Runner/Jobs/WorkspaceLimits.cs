using System.Globalization;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>What the files of one job may take, all folders of its workspace together.</summary>
/// <param name="Disk">Makes the limit a hard one; null: a <see cref="WorkspaceWatch"/> ends the job that exceeds it.</param>
/// <param name="WhyNoDisk">For the job's log.</param>
internal sealed record WorkspaceLimits(long Bytes, int Files, WorkspaceDisk? Disk, string? WhyNoDisk)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"workspace {Bytes / (1024 * 1024)} MiB and {Files} files, ")
        + (Disk is not null ? "a file system of its own" : $"watched: a job that exceeds it is stopped ({WhyNoDisk})");
}
