using System.Net;
using System.Net.Http.Headers;

namespace Shithub.Actions.Runner.Server;

/// <summary>Makes the connections to the control server.</summary>
internal static class ServerHttp
{
    private const int AnswerBytesMax = 32 * 1024 * 1024;

    public static HttpClient Create(Uri baseUrl)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),

            // A restarted server may have moved: addresses are looked up again now and then.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AllowAutoRedirect = false,
            UseCookies = false,
        })
        {
            BaseAddress = baseUrl,

            // Each call has its own limit.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("shithubd-runner", RunnerVersion.Number));
        return http;
    }

    /// <summary>The server, or what stands between, is not well; the same call may succeed later.</summary>
    public static bool IsTransient(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
}
