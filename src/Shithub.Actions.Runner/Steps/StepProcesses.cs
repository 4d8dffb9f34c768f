using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Steps;

/// <summary>
/// Ends the processes of one step in a container that others still need: those with the step's mark in their environment, which whatever
/// a step starts inherits. A process that has cleared its environment is not found; it ends with the container.
/// </summary>
internal static class StepProcesses
{
    /// <summary>Asked first, killed after 0.8 s. With the shell's own means and <c>cat</c>: the image need not have more.</summary>
    private const string KillScript = """
        exec 2>/dev/null
        signal() {
          n=0
          for p in /proc/[0-9]*; do
            case "$(cat "$p/environ")" in *"$2"*) kill -s "$1" "${p#/proc/}" && n=$((n+1)) ;; esac
          done
        }
        signal TERM "$1"
        i=0
        while [ $n -gt 0 ] && [ $i -lt 8 ]; do sleep 0.1; i=$((i+1)); signal 0 "$1"; done
        i=0
        while [ $n -gt 0 ] && [ $i -lt 50 ]; do signal KILL "$1"; i=$((i+1)); done
        [ $n -eq 0 ]
        """;

    /// <returns>False if some may be left.</returns>
    public static async Task<bool> KillAsync(JobContainer container, string mark, CancellationToken cancellationToken)
    {
        var (exitCode, _) = await container.ExecShortAsync(["/bin/sh", "-c", KillScript, "sh", mark], cancellationToken);
        return exitCode == 0;
    }
}
