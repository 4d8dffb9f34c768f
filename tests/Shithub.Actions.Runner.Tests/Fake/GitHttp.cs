using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Shithub.Actions.Runner.Tests.Fake;

/// <summary>git's own smart HTTP service, behind Basic authentication.</summary>
/// <param name="allows">Who may ask for what; null: who shows the token, all.</param>
internal sealed class GitHttp(string repositories, Func<HttpContext, bool>? allows = null)
{
    private long _bytesSent;


    public const string Token = "checkout-token-5f1e";

    /// <summary>Of all answers together.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Whether a request shows the token.</summary>
    public static bool ShowsToken(HttpContext http) =>
        http.Request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"x-access-token:{Token}"));

    public async Task HandleAsync(HttpContext http)
    {
        if (!(allows ?? ShowsToken)(http))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        var start = new ProcessStartInfo("git", ["http-backend"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment =
            {
                ["GIT_PROJECT_ROOT"] = repositories,
                ["GIT_HTTP_EXPORT_ALL"] = "1",
                ["PATH_INFO"] = http.Request.Path.Value!["/git".Length..],
                ["QUERY_STRING"] = http.Request.QueryString.Value?.TrimStart('?'),
                ["REQUEST_METHOD"] = http.Request.Method,
                ["CONTENT_TYPE"] = http.Request.ContentType,
                ["HTTP_CONTENT_ENCODING"] = http.Request.Headers.ContentEncoding.ToString(),
                ["GIT_PROTOCOL"] = http.Request.Headers["Git-Protocol"].ToString(),
                ["GIT_CONFIG_COUNT"] = "2",
                ["GIT_CONFIG_KEY_0"] = "safe.directory",
                ["GIT_CONFIG_VALUE_0"] = "*",
                ["GIT_CONFIG_KEY_1"] = "uploadpack.allowAnySHA1InWant",
                ["GIT_CONFIG_VALUE_1"] = "true",
            },
        };
        using var process = Process.Start(start)!;
        await http.Request.Body.CopyToAsync(process.StandardInput.BaseStream);
        process.StandardInput.Close();
        var output = process.StandardOutput.BaseStream;
        while (await ReadLineAsync(output) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name == "Status") http.Response.StatusCode = int.Parse(value[..3], CultureInfo.InvariantCulture);
            else http.Response.Headers[name] = value;
        }

        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await output.ReadAsync(buffer)) > 0)
        {
            Interlocked.Add(ref _bytesSent, read);
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private static async Task<string> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1 && one[0] != '\n') line.Append((char)one[0]);
        return line.ToString().TrimEnd('\r');
    }
}
