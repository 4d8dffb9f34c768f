using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Runner.Network;

namespace Shithub.Actions.Runner.Commands;

/// <summary>What holds and what does not, for a person or as JSON.</summary>
internal static class FactTable
{
    public static void Write(TextWriter output, IReadOnlyList<FenceFact> facts, bool asJson)
    {
        if (asJson)
        {
            var rows = facts.Select(fact => new FactJson(fact.What, fact.Holds, fact.Detail)).ToList();
            output.WriteLine(JsonSerializer.Serialize(new FactsJson(facts.All(fact => fact.Holds), rows), FactJsonContext.Default.FactsJson));
            return;
        }

        var width = facts.Max(fact => fact.What.Length);
        foreach (var fact in facts) output.WriteLine($"{(fact.Holds ? "ok   " : "FAILS")}  {fact.What.PadRight(width)}  {fact.Detail}");
    }
}

internal sealed record FactsJson(
    [property: JsonPropertyName("holds")] bool Holds, [property: JsonPropertyName("facts")] IReadOnlyList<FactJson> Facts);

internal sealed record FactJson(
    [property: JsonPropertyName("what")] string What,
    [property: JsonPropertyName("holds")] bool Holds,
    [property: JsonPropertyName("detail")] string Detail);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(FactsJson))]
internal sealed partial class FactJsonContext : JsonSerializerContext;
