namespace Shithub.Actions.Runner.Jobs;

/// <summary>How a <c>run:</c> script is started, as GitHub's documentation of <c>jobs.&lt;job_id&gt;.steps[*].shell</c> has it.</summary>
internal static class StepShell
{
    /// <summary>One pipe for both streams keeps what a step writes in the order it was written.</summary>
    private static readonly string[] Merged = ["sh", "-c", "exec \"$@\" 2>&1", "sh"];

    /// <param name="shell">The step's <c>shell:</c>, if any.</param>
    /// <param name="script">The script's path in the container.</param>
    public static IReadOnlyList<string> Command(string? shell, bool hasBash, string script) =>
    [
        .. Merged,
        .. shell switch
        {
            null => hasBash ? ["bash", "-e", script] : ["sh", "-e", script],
            "bash" => ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            "sh" => ["sh", "-e", script],
            _ => Template(shell, script),
        },
    ];

    /// <summary>Words in which <c>{0}</c> stands for the script; without one the script is the last argument.</summary>
    private static List<string> Template(string shell, string script)
    {
        var words = shell.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (!words.Exists(word => word.Contains("{0}", StringComparison.Ordinal))) words.Add("{0}");
        return words.ConvertAll(word => word.Replace("{0}", script, StringComparison.Ordinal));
    }
}
