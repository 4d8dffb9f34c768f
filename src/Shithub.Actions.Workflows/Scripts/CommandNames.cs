namespace Shithub.Actions.Workflows.Scripts;

/// <summary>What the scanner knows about commands. The lists are of commands that make code or names out of their arguments.</summary>
internal static class CommandNames
{
    /// <summary>Reserved words after which a command is still to come.</summary>
    public static HashSet<string> Openers { get; } = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "coproc"];

    /// <summary>Commands that run the command in their arguments, with those of their options that take a value.</summary>
    public static Dictionary<string, string> Wrappers { get; } = new()
    {
        ["sudo"] = "CDghpRrTtUu",
        ["doas"] = "Cu",
        ["env"] = "CSu",
        ["exec"] = "a",
        ["command"] = "",
        ["builtin"] = "",
        ["nohup"] = "",
        ["nice"] = "n",
        ["ionice"] = "cn",
        ["setsid"] = "",
        ["stdbuf"] = "eio",
        ["xargs"] = "adEILnPs",
        ["strace"] = "eop",
        ["timeout"] = "ks",
        ["chroot"] = "",
        ["gosu"] = "",
        ["su-exec"] = "",
        ["flock"] = "wE",
        ["taskset"] = "",
    };

    /// <summary>Those of the wrappers whose first argument is not the command.</summary>
    public static HashSet<string> WrappersWithOperand { get; } = ["timeout", "chroot", "gosu", "su-exec", "flock", "taskset"];

    /// <summary>Commands that read any of their arguments as code, or as a name whose subscript is code.</summary>
    public static HashSet<string> Evaluators { get; } =
    [
        "eval", "let", "trap", "source", ".", "unset", "alias", "read", "mapfile", "readarray", "getopts", "ssh", "watch", "parallel",
        "bind", "complete", "compgen", "enable", "hash",
    ];

    /// <summary>Commands that assign: only what follows a <c>=</c> is a value.</summary>
    public static HashSet<string> Declarers { get; } = ["declare", "typeset", "local", "readonly", "export"];

    public static HashSet<string> Shells { get; } = ["sh", "bash", "dash", "ash", "ksh", "zsh", "fish"];

    private static readonly HashSet<string> OtherInterpreters =
        ["su", "runuser", "python", "python2", "python3", "perl", "ruby", "node", "php", "lua", "pwsh", "deno", "bun", "Rscript"];

    public static bool IsInterpreter(string name) => Shells.Contains(name) || OtherInterpreters.Contains(name);

    /// <summary>An option whose value is code: <c>sh -ec</c>, <c>python -c</c>, <c>perl -ne</c>, <c>node --eval</c>.</summary>
    public static bool IsCodeOption(string interpreter, string word)
    {
        if (word is "--eval" or "--print" or "--command" or "-Command" or "eval")
            return true;
        var isCluster = word.Length is > 1 and < 10 && word[0] == '-' && word.AsSpan(1).IndexOfAnyExceptInRange('A', 'z') < 0;
        return isCluster && (word[^1] == 'c' || (word[^1] is 'e' or 'E' or 'r' or 'p' && !Shells.Contains(interpreter)));
    }

    /// <summary>Operators of <c>[[ ]]</c> that evaluate their operands as arithmetic, in which a subscript is code.</summary>
    public static bool IsArithmeticTest(string word) => word is "-eq" or "-ne" or "-lt" or "-le" or "-gt" or "-ge" or "-v" or "-R";

    /// <summary>Whether a word begins with <c>NAME=</c> or <c>NAME+=</c>.</summary>
    public static bool IsAssignment(string word)
    {
        var end = 0;
        while (end < word.Length && (char.IsAsciiLetterOrDigit(word[end]) || word[end] == '_'))
            end++;
        if (end == 0 || char.IsAsciiDigit(word[0]))
            return false;
        return word.AsSpan(end).StartsWith("=", StringComparison.Ordinal) || word.AsSpan(end).StartsWith("+=", StringComparison.Ordinal);
    }
}
