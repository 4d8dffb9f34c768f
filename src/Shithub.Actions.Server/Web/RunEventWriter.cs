using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Shithub.Actions.Server.Web.LogView;
using Shithub.Actions.Server.Web.Parts;

namespace Shithub.Actions.Server.Web;

/// <summary>The events of one viewer's connection: knows what was told, writes what is new.</summary>
/// <param name="logs">Starts where the viewer is.</param>
public sealed class RunEventWriter(HttpContext http, RunView view, LogFollower logs)
{
    /// <summary>What was last sent of each piece of the page, by its element's id.</summary>
    private readonly Dictionary<string, string> _sent = new(StringComparer.Ordinal);

    public RunView View { get; private set; } = view;

    public Task SendRetryAsync(CancellationToken cancellation) => WriteAsync("retry: 1000\n\n", cancellation);

    public Task SendKeepAliveAsync(CancellationToken cancellation) => WriteAsync(": still here\n\n", cancellation);

    public Task SendEndAsync(CancellationToken cancellation) => WriteAsync("event: end\ndata: {}\n\n", cancellation);

    /// <summary>Sends the logs up to now, then the state, so that no step is shown as ended before its last line is there.</summary>
    /// <param name="now">As it was before the logs are read.</param>
    public async Task SendAsync(RunView now, CancellationToken cancellation)
    {
        View = now;
        if (now.Job is { } job)
        {
            await foreach (var batch in logs.ReadAsync(job, cancellation))
            {
                var data = JsonSerializer.Serialize(
                    new LinesEvent(batch.Log, [.. batch.Lines.Select(line => new LineEvent(line.Number, line.Html))]),
                    RunEventJson.Default.LinesEvent);
                await WriteAsync($"event: lines\nid: {batch.Cursor}\ndata: {data}\n\n", cancellation);
            }
        }

        await SendStateAsync(cancellation);
    }

    private async Task SendStateAsync(CancellationToken cancellation)
    {
        var changed = Pieces().Where(piece => !_sent.TryGetValue(piece.Id, out var sent) || sent != piece.State).ToList();
        if (changed.Count == 0)
            return;
        foreach (var piece in changed)
        {
            var html = await RenderedPage.RenderAsync(http.RequestServices, piece.Component, piece.Parameters);
            var data = JsonSerializer.Serialize(new StateEvent(piece.Id, html), RunEventJson.Default.StateEvent);
            await WriteAsync($"event: state\ndata: {data}\n\n", cancellation);
            _sent[piece.Id] = piece.State;
        }
    }

    /// <summary>The pieces of the page that change, each with what its look depends on.</summary>
    private IEnumerable<Piece> Pieces()
    {
        var run = View.Run;
        yield return new Piece("run", typeof(RunSummary), $"{run.Status} {run.Conclusion} {run.StartedAt:o} {run.Hold} {run.WorkflowSha}", new() { ["View"] = View });
        foreach (var job in View.Jobs)
        {
            yield return new Piece(
                string.Create(CultureInfo.InvariantCulture, $"job-{job.Id}"), typeof(JobEntry),
                $"{job.Status} {job.Conclusion} {job.StartedAt:o} {job.Hold} {job.WaitsForReview}", new() { ["View"] = View, ["Job"] = job });
        }

        if (View.Job is not { } shown)
            yield break;
        yield return new Piece(
            "job", typeof(JobSummary),
            $"{shown.Status} {shown.Conclusion} {shown.StartedAt:o} {shown.Attempt} {shown.Runner} {shown.CancelRequested} {shown.IsServed} {shown.Hold} {shown.WaitsForReview} {shown.RunHold}",
            new() { ["View"] = View });
        yield return new Piece(
            "job-notes", typeof(JobNotes), $"{shown.Attempt} {shown.Steps.Sum(step => step.Annotations.Count)} {View.Summary?.Bytes} {shown.Conclusion}",
            new() { ["View"] = View });
        for (var i = 0; i <= shown.Steps.Count; i++)
        {
            var step = i == 0 ? null : shown.Steps[i - 1];
            yield return new Piece(
                string.Create(CultureInfo.InvariantCulture, $"step-head-{i}"), typeof(StepSummary),
                step is null
                    ? $"{shown.Conclusion} {shown.StartedAt:o} {shown.Steps.All(other => other.Status == "queued")}"
                    : $"{step.Status} {step.Conclusion} {step.StartedAt:o}",
                new() { ["View"] = View, ["Index"] = i });
        }
    }

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        // Waits until the viewer has taken what came before: a slow one holds up nothing but its own connection.
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await http.Response.BodyWriter.FlushAsync(cancellation);
    }

    private sealed record Piece(string Id, Type Component, string State, Dictionary<string, object?> Parameters);
}

/// <param name="Log">The log's number on the page, or null: empty all of them.</param>
internal sealed record LinesEvent(int? Log, IReadOnlyList<LineEvent> Lines);

internal sealed record LineEvent(int N, string Html);

/// <param name="Id">The element whose contents these are.</param>
internal sealed record StateEvent(string Id, string Html);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LinesEvent))]
[JsonSerializable(typeof(StateEvent))]
internal sealed partial class RunEventJson : JsonSerializerContext;
