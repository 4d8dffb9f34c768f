using Shithub.Actions.Runner.Engine;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// How to see whether a service is ready, with Docker's defaults. The runner asks itself rather than have the engine do it: Podman needs
/// systemd's timers for it, and a runner that asks knows at once.
/// </summary>
/// <param name="Command">What to run in the service's container; exit code 0 means ready.</param>
/// <param name="StartPeriod">How long it may fail at first without that being counted.</param>
internal sealed record HealthCheck(
    IReadOnlyList<string> Command, TimeSpan Interval, TimeSpan Timeout, int Retries, TimeSpan StartPeriod)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>When an engine would give up: by then it has failed as often as it may. At most 10 minutes.</summary>
    public TimeSpan Patience
    {
        get
        {
            var patience = StartPeriod + ((Interval + Timeout) * Retries);
            return patience < Longest ? patience : Longest;
        }
    }

    /// <summary>An engine asks once in an interval; asking often at first makes a job start as soon as its service is there.</summary>
    public TimeSpan PauseAfter(int checks)
    {
        var pause = ShortestPause * Math.Pow(1.5, Math.Min(checks, 20));
        return pause < Interval ? pause : Interval;
    }

    /// <summary>What the image says, with what the workflow says over it; null: nobody says how to ask.</summary>
    public static HealthCheck? Create(ImageHealthcheck? image, ContainerOptions options)
    {
        if (options.NoHealthCheck) return null;
        var command = options.HealthCommand is { } shell
            ? ["/bin/sh", "-c", shell]
            : image?.Test?.ToArray() switch
            {
                ["CMD", .. var words] when words.Length > 0 => words,
                ["CMD-SHELL", var script] => (string[])["/bin/sh", "-c", script],
                _ => null,
            };
        return command is null ? null : new HealthCheck(
            command,
            options.HealthInterval ?? Of(image?.Interval) ?? TimeSpan.FromSeconds(30),
            options.HealthTimeout ?? Of(image?.Timeout) ?? TimeSpan.FromSeconds(30),
            options.HealthRetries ?? (image?.Retries is > 0 and var retries ? retries : 3),
            options.HealthStartPeriod ?? Of(image?.StartPeriod) ?? TimeSpan.Zero);
    }

    /// <summary>An image's times are in nanoseconds; 0 is the default.</summary>
    private static TimeSpan? Of(long? nanoseconds) => nanoseconds is > 0 and var some ? TimeSpan.FromMicroseconds(some / 1000) : null;
}
