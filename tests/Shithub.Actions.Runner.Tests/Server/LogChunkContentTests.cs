using System.Buffers;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Server;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Server;

/// <summary>The body of a log request, which is made while it is sent.</summary>
public sealed class LogChunkContentTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(5, 2)]
    [InlineData(48 * 1024, 48 * 1024)]
    [InlineData((48 * 1024) - 1, 10_000)]
    [InlineData((48 * 1024) + 1, 10_000)]
    [InlineData((96 * 1024) + 2, 64 * 1024)]
    [InlineData(ProtocolLimits.LogChunkBytes, 65_535)]
    [InlineData(ProtocolLimits.LogChunkBytes, ProtocolLimits.LogChunkBytes)]
    public async Task However_a_chunk_lies_in_memory_its_request_is_the_same(int length, int segment)
    {
        var chunk = new byte[length];
        new Random(length).NextBytes(chunk);
        string[] masks = ["hidden \"value\""];
        using var content = new LogChunkContent(new AppendLogRequest(7, null, 12, masks), Split(chunk, segment));
        var body = await content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal(body.Length, content.Headers.ContentLength);
        var read = JsonSerializer.Deserialize(body, ProtocolJson.Default.AppendLogRequest)!;
        Assert.Equal(chunk, Convert.FromBase64String(read.Chunk!));
        Assert.Equal((7, 12), (read.Seq, read.StepId));
        Assert.Equal(masks, read.MaskValues);
    }

    [Fact]
    public async Task A_request_that_is_over_does_not_look_at_its_chunk_any_more()
    {
        var content = new LogChunkContent(new AppendLogRequest(0), new ReadOnlySequence<byte>(new byte[ProtocolLimits.LogChunkBytes]));
        await using var stream = new EndsRequest(content);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => content.CopyToAsync(stream, Cancellation));
        Assert.IsType<ObjectDisposedException>(refused.InnerException);
        Assert.InRange(stream.Written, 1, ProtocolLimits.LogChunkBytes / 2);
    }

    private static ReadOnlySequence<byte> Split(byte[] bytes, int segment)
    {
        var first = new Segment(bytes.AsMemory(0, Math.Min(segment, bytes.Length)), null);
        var last = first;
        for (var at = segment; at < bytes.Length; at += segment) last = new Segment(bytes.AsMemory(at, Math.Min(segment, bytes.Length - at)), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }

    /// <summary>A connection on which the answer comes when the first bytes of the chunk were sent.</summary>
    private sealed class EndsRequest(HttpContent content) : MemoryStream
    {
        public long Written { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            if (buffer.Length > 1000) content.Dispose();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
