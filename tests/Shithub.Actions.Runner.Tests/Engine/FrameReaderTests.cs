using System.Buffers.Binary;
using System.Text;
using Shithub.Actions.Runner.Engine;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Engine;

public sealed class FrameReaderTests
{
    [Fact]
    public async Task Payloads_of_both_streams_come_out_in_their_order() =>
        Assert.Equal("outerr!", await ReadAsync([.. Frame(1, "out"), .. Frame(2, "err"), .. Frame(1, ""), .. Frame(1, "!")], 100));

    [Fact]
    public async Task A_frame_larger_than_the_buffer_comes_in_pieces() =>
        Assert.Equal(new string('x', 1000), await ReadAsync(Frame(1, new string('x', 1000)), 7));

    [Fact]
    public async Task Frames_that_arrive_byte_by_byte_are_put_together() =>
        Assert.Equal("abcdef", await ReadAsync([.. Frame(1, "abc"), .. Frame(2, "def")], 100, slow: true));

    [Fact]
    public async Task A_stream_that_is_cut_off_ends_with_what_arrived()
    {
        Assert.Equal("ab", await ReadAsync(Frame(1, "abc")[..^1], 100));
        Assert.Equal("abc", await ReadAsync([.. Frame(1, "abc"), 1, 0, 0], 100));
    }

    [Fact]
    public async Task A_stream_without_frames_is_refused() =>
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync("plain terminal output"u8.ToArray(), 100));

    private static byte[] Frame(byte stream, string payload)
    {
        var frame = new byte[8 + payload.Length];
        frame[0] = stream;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        Encoding.ASCII.GetBytes(payload, frame.AsSpan(8));
        return frame;
    }

    private static async Task<string> ReadAsync(byte[] bytes, int bufferSize, bool slow = false)
    {
        using var stream = slow ? new SlowStream(bytes) : new MemoryStream(bytes);
        var reader = new FrameReader(stream);
        var output = new StringBuilder();
        var buffer = new byte[bufferSize];
        int read;
        while ((read = await reader.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
            output.Append(Encoding.ASCII.GetString(buffer, 0, read));
        return output.ToString();
    }

    private sealed class SlowStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
