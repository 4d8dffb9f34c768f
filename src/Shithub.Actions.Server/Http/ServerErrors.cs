using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Shithub.Actions.Server.Http;

/// <summary>The answer when something broke: a problem that tells the caller whether to try again, and nothing of the inside.</summary>
public static class ServerErrors
{
    public static Task AnswerAsync(HttpContext context)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var problem = error switch
        {
            BadHttpRequestException bad => Problems.Of(bad.StatusCode, bad.Message),
            NpgsqlException { IsTransient: true } => Problems.Of(
                StatusCodes.Status503ServiceUnavailable, "The database can't be reached right now. Nothing was changed; try again in a moment."),
            _ => Problems.Of(
                StatusCodes.Status500InternalServerError, "The server failed at this request. Try again; if it stays, see the server's log."),
        };
        return problem.ExecuteAsync(context);
    }
}
