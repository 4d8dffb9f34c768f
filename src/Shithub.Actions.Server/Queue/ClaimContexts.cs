using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Protocol;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Queue;

/// <summary>Puts the contexts of a claimed job together: those of its run and its own.</summary>
internal static class ClaimContexts
{
    /// <summary>Null for a job that was made without any, by an older version.</summary>
    public static ClaimedContexts? Write(ClaimedRow row)
    {
        if (row.GitHub is null || row.Contexts is null)
            return null;
        var github = (JsonObject)JsonNode.Parse(row.GitHub)!;
        github["event"] = JsonNode.Parse(row.EventPayload.GetRawText());
        github["job"] = RunMachine.KeyOf(row.JobKey);
        var own = JsonNode.Parse(row.Contexts)!;
        var values = new JsonObject
        {
            ["github"] = github,
            ["vars"] = row.Vars is null ? new JsonObject() : JsonNode.Parse(row.Vars),
            ["inputs"] = JsonNode.Parse(row.Inputs),
        };
        var tainted = ContextTaint.Pointers(github).ToList();
        var ownValues = (JsonObject)own["value"]!;
        if (!ownValues.ContainsKey("inputs"))
            tainted.Add("/inputs");
        foreach (var (name, value) in ownValues)
            values[name] = value?.DeepClone();
        tainted.AddRange(((JsonArray)own["tainted"]!).Select(pointer => (string)pointer!));
        return new ClaimedContexts(JsonSerializer.SerializeToElement(values), tainted);
    }
}
