using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows.Planning;

/// <summary><c>permissions</c> as the claim carries them.</summary>
internal static class PermissionJson
{
    /// <summary>Scopes with their access; <c>read-all</c> and <c>write-all</c> are the scope <c>*</c>; <c>network</c> is a list.</summary>
    public static JsonObject Write(Permissions? permissions)
    {
        var json = new JsonObject();
        if (permissions is null)
            return json;
        if (permissions.All is { } all)
            json["*"] = all;
        foreach (var (scope, access) in permissions.Scopes)
            json[scope] = access;
        if (permissions.Network is { } network)
            json["network"] = new JsonArray([.. network.Select(name => (JsonNode)name)]);
        return json;
    }
}
