namespace Shithub.Actions.Workflows.Syntax;

/// <summary>
/// <c>cache-mode:</c> of a workflow or of a job: what its steps may do with caches. Nothing keeps caches yet, so there is nothing to allow
/// or forbid: the word is checked and has no effect.
/// </summary>
internal static class CacheMode
{
    public const string Key = "cache-mode";

    private static readonly string[] Words = ["read", "write", "write-only", "none"];

    public static void Check(Field field, NodeReader reader) => reader.Word(field, Words, "a cache mode");
}
