using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Shithub.Actions.Server.Web;

/// <summary>The style sheet, the script and the icon, from inside the program. Their addresses change with their contents.</summary>
public static class PageAssets
{
    private const string Prefix = "assets/";

    private static readonly Dictionary<string, Asset> Assets = Read();

    public static string Style => Assets["site.css"].Address;

    public static string Script => Assets["site.js"].Address;

    public static string Icon => Assets["icon.svg"].Address;

    public static void MapPageAssets(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/assets/{name}", Get).ExcludeFromDescription();

    private static Results<FileContentHttpResult, NotFound> Get(HttpContext http, string name, string? v)
    {
        if (!Assets.TryGetValue(name, out var asset))
            return TypedResults.NotFound();
        // The same address with other contents never happens, except for an old page during an upgrade: that one is not kept.
        http.Response.Headers.CacheControl = v == asset.Version ? "public, max-age=31536000, immutable" : "no-cache";
        return TypedResults.File(asset.Bytes, asset.ContentType, entityTag: new EntityTagHeaderValue($"\"{asset.Version}\""));
    }

    private static Dictionary<string, Asset> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var assets = new Dictionary<string, Asset>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var name = resource[Prefix.Length..];
            assets[name] = new Asset(name, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        }

        return assets;
    }

    private sealed record Asset(string Name, byte[] Bytes, string Version)
    {
        public string Address => $"/assets/{Name}?v={Version}";

        public string ContentType => Path.GetExtension(Name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
    }
}
