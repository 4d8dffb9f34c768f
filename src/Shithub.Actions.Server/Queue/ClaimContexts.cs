using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Server.Queue;

/// <summary>Puts the contexts of a claimed job together: those of its run and its own.</summary>
/// <param name="token">What <c>github.token</c> is.</param>
internal sealed class ClaimContexts(ClaimedRow row, string token)
{
    /// <summary>An object with <c>github</c>, <c>vars</c> and the run's <c>inputs</c>.</summary>
    public ExpressionValue OfRun()
    {
        var values = RunValues();
        return ContextJson.Read(values, [.. ContextTaint.Pointers((JsonObject)values["github"]!), "/inputs"]);
    }

    /// <param name="taintedSecrets">Names of secrets whose values people outside chose.</param>
    /// <returns>Null for a job that was made without any, by an older version.</returns>
    public ClaimedContexts? Write(IEnumerable<string> taintedSecrets)
    {
        if (row.GitHub is null || row.Contexts is null)
            return null;
        var own = JsonNode.Parse(row.Contexts)!;
        var values = RunValues();
        var tainted = ContextTaint.Pointers((JsonObject)values["github"]!).ToList();
        var ownValues = (JsonObject)own["value"]!;
        if (!ownValues.ContainsKey("inputs"))
            tainted.Add("/inputs");
        foreach (var (name, value) in ownValues)
            values[name] = value?.DeepClone();
        tainted.AddRange(((JsonArray)own["tainted"]!).Select(pointer => (string)pointer!));
        // The values are the claim's own member; a pointer says what it says wherever they are.
        tainted.AddRange(taintedSecrets.Select(name => "/secrets/" + name));
        return new ClaimedContexts(JsonSerializer.SerializeToElement(values), tainted);
    }

    private JsonObject RunValues()
    {
        var github = row.GitHub is null ? [] : (JsonObject)JsonNode.Parse(row.GitHub)!;
        github["event"] = JsonNode.Parse(row.EventPayload.GetRawText());
        github["job"] = RunMachine.KeyOf(row.JobKey);
        github["token"] = token;
        return new JsonObject
        {
            ["github"] = github,
            ["vars"] = row.Vars is null ? new JsonObject() : JsonNode.Parse(row.Vars),
            ["inputs"] = JsonNode.Parse(row.Inputs),
        };
    }
}
