using Npgsql;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>The end of a log as a page shows it at first, whatever the log's size.</summary>
public sealed class LogTail(NpgsqlDataSource dataSource)
{
    /// <summary>Bytes that are read at most, beside the first chunk whole.</summary>
    private const int BytesMax = 1024 * 1024;

    // Served backwards by the unique index workflow_step_log_chunks_seq. Tiny chunks are bounded by their number.
    private const string ReadLast = """
        select seq, chunk
        from (
            select seq, chunk, sum(octet_length(chunk)) over (order by seq desc) - octet_length(chunk) as bytes_after
            from workflow_step_log_chunks
            where job_id = @job_id and attempt = @attempt and {0}
            order by seq desc
            limit 8192
        ) last
        where bytes_after < @bytes
        order by seq
        """;

    // encode(…, 'escape') leaves line feeds as they are and makes text of all else.
    private const string CountLines = """
        select coalesce(sum(length(e) - length(replace(e, E'\n', ''))), 0)::int
        from (
            select encode(chunk, 'escape') as e
            from workflow_step_log_chunks
            where job_id = @job_id and attempt = @attempt and {0} and seq < @seq
        ) earlier
        """;

    private static readonly string ReadLastOfStep = Of(ReadLast, "step_id = @step_id");
    private static readonly string ReadLastOfJobItself = Of(ReadLast, "step_id is null");
    private static readonly string CountLinesOfStep = Of(CountLines, "step_id = @step_id");
    private static readonly string CountLinesOfJobItself = Of(CountLines, "step_id is null");

    /// <param name="linesMax">More are left out, the earliest first.</param>
    public async Task<LogExcerpt> ReadAsync(long jobId, int attempt, long? stepId, int linesMax, CancellationToken cancellation)
    {
        var chunks = await ReadChunksAsync(jobId, attempt, stepId, cancellation);
        if (chunks.Count == 0)
            return LogExcerpt.Empty;
        var (index, offset) = FirstShown(chunks, linesMax);
        var line = 1 + chunks.Take(index).Sum(chunk => chunk.Bytes.Count((byte)'\n')) + chunks[index].Bytes.AsSpan(0, offset).Count((byte)'\n');
        if (chunks[0].Seq > 0)
            line += await CountLinesAsync(jobId, attempt, stepId, chunks[0].Seq, cancellation);

        var lines = new LineAssembler(LogPosition.Start with { Seq = chunks[index].Seq, Offset = offset, Line = line });
        for (var i = index; i < chunks.Count; i++)
        {
            var from = i == index ? offset : 0;
            lines.Add(chunks[i].Seq, from, chunks[i].Bytes.AsSpan(from));
            lines.EndChunk(chunks[i].Seq, chunks[i].Bytes.Length);
        }

        var shown = lines.Take();
        return new LogExcerpt(shown, shown.Count == 0 ? line - 1 : shown[0].Number - 1, lines.Position);
    }

    /// <summary>Where the last <paramref name="linesMax"/> lines begin.</summary>
    private static (int Index, int Offset) FirstShown(List<(int Seq, byte[] Bytes)> chunks, int linesMax)
    {
        var ends = 0;
        for (var i = chunks.Count - 1; i >= 0; i--)
        {
            var bytes = chunks[i].Bytes.AsSpan();
            for (var end = bytes.LastIndexOf((byte)'\n'); end >= 0; end = bytes[..end].LastIndexOf((byte)'\n'))
            {
                // The log's very last line feed begins no line yet.
                var isLast = i == chunks.Count - 1 && end == bytes.Length - 1;
                if (!isLast && ++ends == linesMax)
                    return (i, end + 1);
            }
        }

        return (0, 0);
    }

    private async Task<List<(int Seq, byte[] Bytes)>> ReadChunksAsync(long jobId, int attempt, long? stepId, CancellationToken cancellation)
    {
        await using var command = Command(stepId is null ? ReadLastOfJobItself : ReadLastOfStep, jobId, attempt, stepId);
        command.Parameters.Add(new NpgsqlParameter<int>("bytes", BytesMax));
        var chunks = new List<(int, byte[])>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            chunks.Add((reader.GetInt32(0), reader.GetFieldValue<byte[]>(1)));
        return chunks;
    }

    private async Task<int> CountLinesAsync(long jobId, int attempt, long? stepId, int seq, CancellationToken cancellation)
    {
        await using var command = Command(stepId is null ? CountLinesOfJobItself : CountLinesOfStep, jobId, attempt, stepId);
        command.Parameters.Add(new NpgsqlParameter<int>("seq", seq));
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private NpgsqlCommand Command(string sql, long jobId, int attempt, long? stepId)
    {
        var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        if (stepId is { } id)
            command.Parameters.Add(new NpgsqlParameter<long>("step_id", id));
        return command;
    }

    private static string Of(string sql, string which) => sql.Replace("{0}", which, StringComparison.Ordinal);
}

/// <summary>The last lines of a log.</summary>
/// <param name="LeftOut">How many lines come before the first one here.</param>
/// <param name="Next">Where a live viewer goes on.</param>
public sealed record LogExcerpt(IReadOnlyList<LogLine> Lines, int LeftOut, LogPosition Next)
{
    public static LogExcerpt Empty { get; } = new([], 0, LogPosition.Start);
}
