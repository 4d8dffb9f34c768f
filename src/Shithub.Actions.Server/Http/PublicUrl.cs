namespace Shithub.Actions.Server.Http;

/// <summary>The address under which users and runners reach this server (<c>server.base_url</c>), without a slash at its end.</summary>
public sealed record PublicUrl(string Base)
{
    public string Of(string path) => $"{Base}/{path}";
}
