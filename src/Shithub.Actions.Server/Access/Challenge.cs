using Microsoft.AspNetCore.Http.HttpResults;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Access;

/// <summary>401 with the challenge that makes git and curl ask for, or send, their credentials.</summary>
public static class Challenge
{
    public const string Basic = "Basic realm=\"shithub\", charset=\"UTF-8\"";

    public static ProblemHttpResult Answer(HttpContext context, string detail)
    {
        context.Response.Headers.WWWAuthenticate = Basic;
        return Problems.Unauthorized(detail);
    }
}
