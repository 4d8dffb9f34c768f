using System.Globalization;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// What a service's container may and may not do. It starts as the user of its image, which is often root that makes its folders ready and
/// then becomes somebody else; for that, and no more, it has capabilities. What else holds for steps holds for it: no new privileges, the
/// seccomp profile, the limits, no engine socket. Its root file system can be written to, and goes with it.
/// </summary>
internal static class ServiceSpec
{
    public const string ServiceLabel = "shithub.service";

    private static readonly string[] StepDownCapabilities =
        ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

    /// <param name="jobContainer">Whose network it joins.</param>
    /// <param name="volumeFolder">The host's folder of a volume, by its name.</param>
    public static CreateContainerRequest ToRequest(
        PlannedContainer service,
        ImageConfig image,
        ContainerSpec spec,
        string jobContainer,
        IReadOnlyDictionary<string, string> labels,
        Func<string, string> volumeFolder)
    {
        var settings = spec.Settings;
        var memory = string.Create(CultureInfo.InvariantCulture, $"rw,nosuid,nodev,mode=1777,size={settings.MemoryBytes}");
        var inMemory = service.Volumes.Where(volume => volume.Name is null).Select(volume => volume.Path)
            .Concat(image.Volumes?.Keys ?? [])
            .Except(service.Volumes.Where(volume => volume.Name is not null).Select(volume => volume.Path));
        return new CreateContainerRequest(
            service.Image,
            User: null,
            WorkingDir: null,
            service.Entrypoint.Count > 0 ? service.Entrypoint : null,
            // An entrypoint of the author's own takes the image's command away, as on Docker's command line.
            service.Command.Count > 0 || service.Entrypoint.Count > 0 ? service.Command : null,
            service.Env,
            new Dictionary<string, string>(labels) { [ServiceLabel] = service.Name! },
            StopTimeout: 1,
            spec.Limits($"container:{jobContainer}") with
            {
                Binds = Binds(service, volumeFolder),
                Tmpfs = inMemory.ToDictionary(path => path, _ => memory),
                CapAdd = StepDownCapabilities,
            },
            Healthcheck: new ContainerHealthcheck(["NONE"]));
    }

    public static IReadOnlyList<string> Binds(PlannedContainer container, Func<string, string> volumeFolder) =>
    [
        .. container.Volumes.Where(volume => volume.Name is not null)
            .Select(volume => $"{volumeFolder(volume.Name!)}:{volume.Path}:{(volume.IsReadOnly ? "ro" : "rw")}"),
    ];
}
