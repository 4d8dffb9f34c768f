using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Shithub.Actions.Server.Logs;

/// <summary>Reads stored logs in order, a bounded number of chunks at a time.</summary>
public sealed class ReadLog(NpgsqlDataSource dataSource)
{
    private const int ChunksPerRead = 16;

    // Served by the unique index workflow_step_log_chunks_seq.
    private const string OfStep = """
        select seq, chunk
        from workflow_step_log_chunks
        where job_id = @job_id and attempt = @attempt and step_id = @step_id and seq > @after
        order by seq
        limit @limit
        """;

    private const string OfJobItself = """
        select seq, chunk
        from workflow_step_log_chunks
        where job_id = @job_id and attempt = @attempt and step_id is null and seq > @after
        order by seq
        limit @limit
        """;

    /// <param name="stepId">Null reads what was logged for the job itself.</param>
    /// <param name="after">The last <c>seq</c> that the reader has; -1 from the beginning.</param>
    public async IAsyncEnumerable<LogChunk> ReadAsync(
        long jobId, int attempt, long? stepId, int after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var read = 0;
            await using (var command = dataSource.CreateCommand(stepId is null ? OfJobItself : OfStep))
            {
                command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
                command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
                if (stepId is { } id)
                    command.Parameters.Add(new NpgsqlParameter<long>("step_id", NpgsqlDbType.Bigint) { TypedValue = id });
                command.Parameters.Add(new NpgsqlParameter<int>("after", after));
                command.Parameters.Add(new NpgsqlParameter<int>("limit", ChunksPerRead));
                var chunks = new List<LogChunk>(ChunksPerRead);
                await using (var reader = await command.ExecuteReaderAsync(cancellation))
                {
                    while (await reader.ReadAsync(cancellation))
                        chunks.Add(new LogChunk(reader.GetInt32(0), reader.GetFieldValue<byte[]>(1)));
                }

                // The connection is back in the pool while the caller, which may be a slow client, takes the chunks.
                foreach (var chunk in chunks)
                {
                    after = chunk.Seq;
                    read++;
                    yield return chunk;
                }
            }

            if (read < ChunksPerRead)
                yield break;
        }
    }
}

public readonly record struct LogChunk(int Seq, byte[] Bytes);
