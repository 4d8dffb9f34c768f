using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace Shithub.Actions.Server.Tests.Web;

/// <summary>A viewer of a live run: keeps the lines it was sent, and goes on from the last event's id.</summary>
public sealed class EventReader(Uri server, string cookie, string path) : IDisposable
{
    private readonly Dictionary<int, int> _last = [];
    private readonly HttpClient _client = new() { BaseAddress = server };

    /// <summary>The lines of each log by their numbers, as HTML.</summary>
    public Dictionary<int, SortedDictionary<int, string>> Logs { get; } = [];

    /// <summary>The latest contents of each piece of the page.</summary>
    public Dictionary<string, string> Pieces { get; } = [];

    public string LastId { get; private set; } = "";

    /// <summary>How often all lines were taken back.</summary>
    public int Resets { get; private set; }

    /// <summary>How often a line came that was there already, other than the last of its log.</summary>
    public int Repeated { get; private set; }

    /// <summary>Reads until the condition holds after an event, then hangs up.</summary>
    /// <returns>False when the server ended the stream before.</returns>
    public async Task<bool> ReadUntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Cookie", $"shithub_session={cookie}");
        if (LastId.Length > 0)
            request.Headers.Add("Last-Event-ID", LastId);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellation))
        {
            Take(item);
            if (item.EventType == "end")
                return condition();
            if (condition())
                return true;
        }

        return false;
    }

    public string Log(int index) => Logs.TryGetValue(index, out var lines) ? string.Join('\n', lines.Values) : "";

    public void Dispose() => _client.Dispose();

    private void Take(SseItem<string> item)
    {
        var data = JsonNode.Parse(item.Data)!;
        switch (item.EventType)
        {
            case "state":
                Pieces[data["id"]!.GetValue<string>()] = data["html"]!.GetValue<string>();
                break;
            case "lines" when data["log"] is null:
                LastId = item.EventId!;
                Logs.Clear();
                _last.Clear();
                Resets++;
                break;
            case "lines":
                LastId = item.EventId!;
                var log = data["log"]!.GetValue<int>();
                if (!Logs.TryGetValue(log, out var lines))
                    Logs[log] = lines = [];
                foreach (var line in data["lines"]!.AsArray())
                {
                    var number = line!["n"]!.GetValue<int>();
                    var last = _last.GetValueOrDefault(log);
                    if (number < last)
                        Repeated++;
                    _last[log] = Math.Max(last, number);
                    lines[number] = line["html"]!.GetValue<string>();
                }

                break;
            default:
                break;
        }
    }
}
