using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Web.LogView;

namespace Shithub.Actions.Server.Web;

/// <summary>
/// <c>GET …/runs/{run_index}/events</c>: the live run as server-sent events, <c>lines</c> of the selected job's logs and <c>state</c> as
/// pieces of the page. An event's id says which lines the viewer has, so that a connection that was cut goes on exactly there. It ends
/// when the run has and all was sent. A viewer costs one window of log, whatever its connection's speed.
/// </summary>
public static class RunEvents
{
    /// <summary>At least this long between two looks at the database.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>A look without a notification: what was missed comes then, and what stands between keeps the connection.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>After this the browser connects anew, and who it is and what it may see is looked up again.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    public static async Task<IResult> StreamAsync(
        HttpContext http, string owner, string repo, int runIndex, long? job, string? after, PageResults pages, ReadRunView views,
        LogNews news, Notifications notifications, IHostApplicationLifetime lifetime, TimeProvider time, CancellationToken cancellation)
    {
        var frame = await pages.FrameAsync(http, cancellation);
        if (await views.FindAsync(frame, owner, repo, runIndex, job, cancellation) is not { } view)
            return TypedResults.NotFound();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store, no-transform";
        // nginx and others that know this header pass events on as they come.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        // A server that stops does not wait for its viewers.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        var lastId = http.Request.Headers["Last-Event-ID"].ToString();
        var cursor = LogCursor.Parse(lastId.Length > 0 ? lastId : after, 1 + (view.Job?.Steps.Count ?? 0));
        var events = new RunEventWriter(http, view, new LogFollower(news, cursor));
        try
        {
            await FollowAsync(events, views, notifications, time, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The viewer left or the server stops: both are an end like any other.
        }

        return TypedResults.Empty;
    }

    private static async Task FollowAsync(
        RunEventWriter events, ReadRunView views, Notifications notifications, TimeProvider time, CancellationToken cancellation)
    {
        using var watch = notifications.Subscribe(Topic.Run, events.View.Run.Id);
        var begun = time.GetTimestamp();
        await events.SendRetryAsync(cancellation);
        while (await views.MayStillSeeAsync(events.View, cancellation))
        {
            var checkedAt = time.GetTimestamp();
            while (time.GetElapsedTime(checkedAt) < Patience)
            {
                var news = watch.Next;
                if (await views.AgainAsync(events.View, cancellation) is not { } view)
                    return;
                await events.SendAsync(view, cancellation);
                if (view.HasEnded)
                {
                    await events.SendEndAsync(cancellation);
                    return;
                }

                if (time.GetElapsedTime(begun) > Longest)
                    return;
                await Task.Delay(Pause, time, cancellation);
                await Waiting.ForAsync(news, Patience, time, CancellationToken.None, cancellation);
                if (!news.IsCompleted)
                    await events.SendKeepAliveAsync(cancellation);
            }
        }
    }
}
