namespace Shithub.Actions.Workflows;

/// <summary>What a job hands to those that need it.</summary>
/// <param name="Values">By name, in the file's order.</param>
/// <param name="Tainted">Names of those that may hold what people outside have chosen.</param>
public sealed record JobOutputs(IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Tainted)
{
    public static JobOutputs None { get; } = new(new Dictionary<string, string>(), []);
}
