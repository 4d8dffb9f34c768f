using System.IO.Pipelines;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Runner.Jobs;

namespace Shithub.Actions.Runner.Logs;

/// <summary>
/// One log, of a step or of the job itself, on its way out: scrubbed, then sent in chunks. What is written first goes out at
/// once; after that a chunk waits until it is big or 200 ms old. At most 1 MiB is kept: whoever writes faster than it is taken
/// waits.
/// </summary>
internal sealed class LogStream : IAsyncDisposable
{
    private const int ChunkBytesMax = ProtocolLimits.LogChunkBytes;
    private const int ChunkBytesEnough = 64 * 1024;
    private const int KeptBytesMax = 1024 * 1024;
    private static readonly TimeSpan ChunkAge = TimeSpan.FromMilliseconds(200);
    private readonly IJobReport _report;
    private readonly long? _stepId;
    private readonly TimeProvider _time;
    private readonly JobMasks _masks;
    private readonly LogScrubber _scrubber;
    private readonly Pipe _pipe = new(new PipeOptions(
        pauseWriterThreshold: KeptBytesMax, resumeWriterThreshold: KeptBytesMax - (ChunkBytesMax / 2), minimumSegmentSize: ChunkBytesEnough, useSynchronizationContext: false));
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task _sending;
    private bool _completed;

    /// <param name="stepId">Absent for the log of the job itself.</param>
    public LogStream(IJobReport report, long? stepId, JobMasks masks, TimeProvider time)
    {
        (_report, _stepId, _time) = (report, stepId, time);
        _masks = masks;
        _scrubber = new LogScrubber(masks.Current);
        _sending = SendAsync();
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (_completed) return;
            _scrubber.Use(_masks.Current);
            _scrubber.Write(bytes.Span, _pipe.Writer);
            await _pipe.Writer.FlushAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken) =>
        WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken);

    /// <summary>Nothing more is written; returns when all of it is taken.</summary>
    /// <exception cref="OperationCanceledException">The attempt is lost.</exception>
    public async Task CompleteAsync()
    {
        await _writing.WaitAsync();
        try
        {
            if (!_completed)
            {
                _completed = true;
                _scrubber.Flush(_pipe.Writer);
                await _pipe.Writer.CompleteAsync();
            }
        }
        finally
        {
            _writing.Release();
        }

        await _sending;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await CompleteAsync();
        }
        catch (OperationCanceledException)
        {
            // Lost: nobody takes the rest.
        }

        _writing.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            var seq = 0;
            var wanted = true;
            while (true)
            {
                var result = await _pipe.Reader.ReadAsync();
                if (seq > 0 && !result.IsCompleted && result.Buffer.Length < ChunkBytesEnough)
                    result = await GatherAsync(result);
                var chunk = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, ChunkBytesMax));
                if (!chunk.IsEmpty && wanted) wanted = await _report.AppendLogAsync(_stepId, seq++, chunk, _masks);
                var last = result.IsCompleted && chunk.Length == result.Buffer.Length;
                _pipe.Reader.AdvanceTo(chunk.End);
                if (last) break;
            }

            await _pipe.Reader.CompleteAsync();
        }
        catch (Exception e)
        {
            // Writers must not wait for a reader that is gone; what they write then goes nowhere.
            await _pipe.Reader.CompleteAsync(e);
            throw;
        }
    }

    private async Task<ReadResult> GatherAsync(ReadResult first)
    {
        _pipe.Reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        await using var timer = _time.CreateTimer(_ => _pipe.Reader.CancelPendingRead(), null, ChunkAge, Timeout.InfiniteTimeSpan);
        return await _pipe.Reader.ReadAtLeastAsync(ChunkBytesEnough);
    }
}
