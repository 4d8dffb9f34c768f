namespace Shithub.Actions.Workflows;

/// <summary>Which language a script is in, as far as that decides how a value from outside can be handed to it.</summary>
internal static class ShellFamily
{
    private static readonly string[] LikeSh = ["sh", "dash", "ash"];

    /// <param name="shell">A known name, or a command with <c>{0}</c>; null: the runner's default.</param>
    /// <param name="family"><c>bash</c>, <c>sh</c>, or null for either.</param>
    /// <returns>False for another language, in which nothing can be bound.</returns>
    public static bool TryGet(string? shell, out string? family)
    {
        var program = shell?.Trim().Split(' ', 2)[0].Split('/')[^1].ToLowerInvariant();
        family = program == "bash" ? "bash" : LikeSh.Contains(program) ? "sh" : null;
        return program is null || family is not null;
    }
}
