using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>Which of a job's logs have more than a viewer has read, and the bytes, a bounded window at a time.</summary>
public sealed class LogNews(NpgsqlDataSource dataSource)
{
    /// <summary>A window is at most this many pieces of at most this many bytes, whatever the size of the chunks.</summary>
    private const int PiecesMax = 4;
    private const int PieceBytes = 64 * 1024;

    // Served by the unique index workflow_step_log_chunks_seq; octet_length reads no chunk's contents.
    private const string Find = """
        select p.ordinal
        from unnest(@step_ids, @seqs, @offsets) with ordinality as p (step_id, seq, "offset", ordinal)
        where p.step_id is not null
            and exists (
                select
                from workflow_step_log_chunks c
                where c.job_id = @job_id and c.attempt = @attempt and c.step_id = p.step_id
                    and c.seq >= p.seq and (c.seq > p.seq or octet_length(c.chunk) > p."offset"))
            or p.step_id is null
            and exists (
                select
                from workflow_step_log_chunks c
                where c.job_id = @job_id and c.attempt = @attempt and c.step_id is null
                    and c.seq >= p.seq and (c.seq > p.seq or octet_length(c.chunk) > p."offset"))
        order by p.ordinal
        """;

    private const string Columns = """
        select seq,
            case when seq = @seq then @offset else 0 end as piece_offset,
            octet_length(chunk) as length,
            substring(chunk from case when seq = @seq then @offset + 1 else 1 end for @piece_bytes) as piece
        from workflow_step_log_chunks
        """;

    private const string ReadStep = $"""
        {Columns}
        where job_id = @job_id and attempt = @attempt and step_id = @step_id and seq >= @seq
        order by seq
        limit @pieces
        """;

    private const string ReadJobItself = $"""
        {Columns}
        where job_id = @job_id and attempt = @attempt and step_id is null and seq >= @seq
        order by seq
        limit @pieces
        """;

    /// <summary>Viewers who have read the same far share what comes next.</summary>
    private readonly SharedReads<string, IReadOnlyList<int>> _found = new();

    private readonly SharedReads<(long, int, long?, int, int), IReadOnlyList<LogPiece>> _windows = new();

    /// <param name="stepIds">The logs asked about; null is the job's own.</param>
    /// <param name="read">For each, what the viewer has read: all before this offset of this chunk.</param>
    /// <returns>Indexes of the logs that have more.</returns>
    public Task<IReadOnlyList<int>> FindAsync(
        long jobId, int attempt, IReadOnlyList<long?> stepIds, IReadOnlyList<(int Seq, int Offset)> read, CancellationToken cancellation)
    {
        (int Seq, int Offset)[] places = [.. read];
        return _found.ReadAsync(
            string.Create(CultureInfo.InvariantCulture, $"{jobId}:{attempt}:{string.Join(',', places)}"),
            () => FindAsync(jobId, attempt, stepIds, places), cancellation);
    }

    /// <summary>The next window of one log. An empty one is its end for now.</summary>
    public Task<IReadOnlyList<LogPiece>> ReadAsync(
        long jobId, int attempt, long? stepId, int seq, int offset, CancellationToken cancellation) =>
        _windows.ReadAsync((jobId, attempt, stepId, seq, offset), () => ReadAsync(jobId, attempt, stepId, seq, offset), cancellation);

    private async Task<IReadOnlyList<int>> FindAsync(
        long jobId, int attempt, IReadOnlyList<long?> stepIds, IReadOnlyList<(int Seq, int Offset)> read)
    {
        await using var command = dataSource.CreateCommand(Find);
        Bind(command, jobId, attempt);
        command.Parameters.Add(new NpgsqlParameter("step_ids", NpgsqlDbType.Array | NpgsqlDbType.Bigint) { Value = stepIds.ToArray() });
        command.Parameters.Add(new NpgsqlParameter<int[]>("seqs", [.. read.Select(place => place.Seq)]));
        command.Parameters.Add(new NpgsqlParameter<int[]>("offsets", [.. read.Select(place => place.Offset)]));
        var found = new List<int>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            found.Add((int)reader.GetInt64(0) - 1);
        return found;
    }

    private async Task<IReadOnlyList<LogPiece>> ReadAsync(long jobId, int attempt, long? stepId, int seq, int offset)
    {
        await using var command = dataSource.CreateCommand(stepId is null ? ReadJobItself : ReadStep);
        Bind(command, jobId, attempt);
        if (stepId is { } id)
            command.Parameters.Add(new NpgsqlParameter<long>("step_id", id));
        command.Parameters.Add(new NpgsqlParameter<int>("seq", seq));
        command.Parameters.Add(new NpgsqlParameter<int>("offset", offset));
        command.Parameters.Add(new NpgsqlParameter<int>("piece_bytes", PieceBytes));
        command.Parameters.Add(new NpgsqlParameter<int>("pieces", PiecesMax));
        var window = new List<LogPiece>(PiecesMax);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var piece = new LogPiece(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetFieldValue<byte[]>(3));
            // An empty chunk counts too: all of it may be withheld, and more may follow.
            window.Add(piece);
            // The rest of this chunk comes before the next one.
            if (!piece.IsLast)
                break;
        }

        return window;
    }

    private static void Bind(NpgsqlCommand command, long jobId, int attempt)
    {
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
    }
}

/// <summary>Bytes of one chunk from <paramref name="Offset"/> on.</summary>
/// <param name="Length">The whole chunk's.</param>
public readonly record struct LogPiece(int Seq, int Offset, int Length, byte[] Bytes)
{
    public bool IsLast => Offset + Bytes.Length >= Length;
}
