using Microsoft.Extensions.Logging;
using Shithub.Actions.Configuration;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Startup;

/// <summary>Finds out which limit of workspaces this host and its engine give.</summary>
internal static partial class WorkspaceStartup
{
    /// <exception cref="RunnerException">The settings want a hard limit, and there is none.</exception>
    public static async Task<WorkspaceLimits> LimitAsync(
        EngineClient engine, ContainerSpec spec, string root, ILogger logger, CancellationToken cancellationToken)
    {
        var settings = spec.Settings;
        var watched = new WorkspaceLimits(settings.WorkspaceBytes, settings.WorkspaceInodes, null, "engine.workspace_limit is \"watch\"");
        if (settings.WorkspaceLimit == WorkspaceLimitMode.Watch) return watched;
        try
        {
            var disk = await WorkspaceDisk.PrepareAsync(root, settings.WorkspaceBytes, settings.WorkspaceInodes, cancellationToken);
            await FenceTrial.DiskAsync(engine, spec, disk, root, cancellationToken);
            return watched with { Disk = disk, WhyNoDisk = null };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SandboxException or EngineException)
        {
            if (settings.WorkspaceLimit == WorkspaceLimitMode.Disk)
                throw new RunnerException($"engine.workspace_limit is \"disk\", and a workspace can't have its own: {e.Message}", ExitCodes.Refused);
            NoDisk(logger, e.Message);
            return watched with { WhyNoDisk = e.Message };
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Workspaces are watched, not bounded by a file system of their own, which this host does not give: {Reason}")]
    private static partial void NoDisk(ILogger logger, string reason);
}
