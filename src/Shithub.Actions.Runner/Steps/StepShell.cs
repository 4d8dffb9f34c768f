namespace Shithub.Actions.Runner.Steps;

/// <summary>How a <c>run:</c> script is started, as GitHub's documentation of <c>jobs.&lt;job_id&gt;.steps[*].shell</c> has it.</summary>
/// <param name="Words">The command; <c>{0}</c> stands for the script's path.</param>
/// <param name="Extension">Of the script's file.</param>
internal sealed record StepShell(IReadOnlyList<string> Words, string Extension)
{
    /// <summary>One pipe for both streams keeps what a step writes in the order it was written. The variables are those of a shell that may have
    /// started it.</summary>
    public static readonly IReadOnlyList<string> Merged = ["sh", "-c", "unset SHLVL _; exec \"$@\" 2>&1", "sh"];

    public string Program => Words[0];

    /// <param name="shell">The step's <c>shell:</c>, or that of the defaults, if any.</param>
    public static StepShell Of(string? shell, bool hasBash) => (IsName(shell) ? shell!.ToLowerInvariant() : shell) switch
    {
        null => new(hasBash ? ["bash", "-e", "{0}"] : ["sh", "-e", "{0}"], ".sh"),
        "bash" => new(["bash", "--noprofile", "--norc", "-eo", "pipefail", "{0}"], ".sh"),
        "sh" => new(["sh", "-e", "{0}"], ".sh"),
        "python" => new(["python", "{0}"], ".py"),
        "pwsh" => new(["pwsh", "-command", ". '{0}'"], ".ps1"),
        _ => new(Template(shell!), ""),
    };

    /// <summary>Names have no case; a command is as its author wrote it.</summary>
    private static bool IsName(string? shell) => shell?.Contains(' ', StringComparison.Ordinal) == false;

    /// <param name="script">The script's path in the container.</param>
    public IReadOnlyList<string> Command(string script) =>
        [.. Merged, .. Words.Select(word => word.Replace("{0}", script, StringComparison.Ordinal))];

    /// <summary>PowerShell goes on after an error unless it is told not to.</summary>
    public string Wrap(string script) => Extension != ".ps1" ? script
        : $"$ErrorActionPreference = 'stop'\n{script}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}";

    /// <summary>Without a <c>{0}</c> the script is the last argument.</summary>
    private static List<string> Template(string shell)
    {
        var words = shell.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (!words.Exists(word => word.Contains("{0}", StringComparison.Ordinal))) words.Add("{0}");
        return words;
    }
}
