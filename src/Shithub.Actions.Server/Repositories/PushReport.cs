using System.Text;

namespace Shithub.Actions.Server.Repositories;

/// <summary>What a push came to, in the protocol's own words ("report-status"), so that git shows the reason beside each ref.</summary>
internal static class PushReport
{
    /// <param name="unpack">The report's first line.</param>
    /// <param name="refusal">Why no ref was taken, or null.</param>
    /// <param name="message">What the client shows behind <c>remote:</c>, or null.</param>
    public static async Task WriteAsync(
        HttpContext context, ReceivePackRequest request, string unpack, string? refusal, string? message, CancellationToken cancellation)
    {
        using var report = new MemoryStream();
        report.Write(PktLine.Of(unpack + "\n"));
        foreach (var name in request.RawRefs)
        {
            report.Write(refusal is null
                ? PktLine.Of([.. "ok "u8, .. name, (byte)'\n'])
                : PktLine.Of([.. "ng "u8, .. name, .. Encoding.UTF8.GetBytes($" {refusal}\n")]));
        }

        report.Write(PktLine.Flush);
        if (!request.Capabilities.Contains("side-band-64k"))
        {
            await context.Response.Body.WriteAsync(report.ToArray(), cancellation);
            return;
        }

        // Band 2 is for people; band 1 carries the report, in pieces that fit a pkt-line.
        if (message is not null)
            await context.Response.Body.WriteAsync(PktLine.Of([2, .. Encoding.UTF8.GetBytes(message + "\n")]), cancellation);
        foreach (var piece in report.ToArray().Chunk(65000))
            await context.Response.Body.WriteAsync(PktLine.Of([1, .. piece]), cancellation);
        await context.Response.Body.WriteAsync(PktLine.Flush, cancellation);
    }
}
