using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>Calls that are repeated, each with one idempotency key, until an answer arrives, as the real runner does.</summary>
internal sealed class ProtocolClient(HttpClient http, TimeSpan patience)
{
    /// <summary>One look, without a repeat.</summary>
    /// <returns>Null where no answer came.</returns>
    public async Task<JsonElement?> GetAsync(string path, string token)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
            using var response = await http.SendAsync(request);
            var answer = await response.Content.ReadAsStringAsync();
            return response.IsSuccessStatusCode ? JsonDocument.Parse(answer).RootElement : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <returns>The status and the body, null if it is empty.</returns>
    public async Task<(HttpStatusCode Status, JsonElement? Body)> PostAsync(string path, string token, object body)
    {
        var key = Guid.NewGuid().ToString("N");
        var text = JsonSerializer.Serialize(body);
        var until = DateTime.UtcNow + patience;
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path)
                {
                    Content = new StringContent(text, Encoding.UTF8, "application/json"),
                    Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
                };
                request.Headers.Add("Idempotency-Key", key);
                using var response = await http.SendAsync(request);
                var answer = await response.Content.ReadAsStringAsync();
                if ((int)response.StatusCode < 500)
                    return (response.StatusCode, answer.Length > 0 ? JsonDocument.Parse(answer).RootElement : null);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
            {
                // Dropped, killed or down: the same again.
            }

            if (DateTime.UtcNow > until) throw new TimeoutException($"No server answered POST {path} within {patience}.");
            await Task.Delay(20);
        }
    }
}
