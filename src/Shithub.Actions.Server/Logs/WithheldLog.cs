using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Metrics;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// The ends of logs that were acknowledged and are not shown yet, since a secret may begin with them. Whoever ends a step or an attempt
/// releases them in the same transaction: no more of that log is taken, so nothing can complete the secret.
/// </summary>
public sealed partial class WithheldLog(AttemptMasks attempts, RootKey root, ServerMetrics metrics, ILogger<WithheldLog> logger)
{
    /// <summary>The number of the chunk that ends a log: above all that runners give.</summary>
    public const int LastSeq = 10_000_000;

    private const int HeaderBytes = 5;

    private const string Take = """
        delete from workflow_log_withheld
        where job_id = @job_id and attempt = @attempt and (@all or step_id is not distinct from @step_id)
        returning step_id, sealed
        """;

    private const string Store = """
        insert into workflow_step_log_chunks (job_id, attempt, step_id, seq, chunk, sent_hash)
        values (@job_id, @attempt, @step_id, @seq, @chunk, sha256(''))
        on conflict (job_id, attempt, step_id, seq) do nothing
        """;

    /// <summary>Releases what is withheld of one log.</summary>
    public Task ReleaseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long jobId, int attempt, long? stepId, CancellationToken cancellation) =>
        ReleaseAsync(connection, transaction, jobId, attempt, stepId, false, cancellation);

    /// <summary>Releases what is withheld of all logs of an attempt that ends.</summary>
    public Task ReleaseAllAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long jobId, int attempt, CancellationToken cancellation) =>
        ReleaseAsync(connection, transaction, jobId, attempt, null, true, cancellation);

    internal static byte[] Seal(RootKey root, long jobId, int attempt, long? stepId, LogScrubberState state)
    {
        var clear = new byte[HeaderBytes + state.Held.Length];
        clear[0] = state.InRun ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(clear.AsSpan(1), state.Covered);
        state.Held.CopyTo(clear.AsMemory(HeaderBytes));
        return Sealing.Seal(root, RowOf(jobId, attempt, stepId), clear);
    }

    internal static LogScrubberState Open(RootKey root, long jobId, int attempt, long? stepId, byte[] box)
    {
        var clear = Sealing.Open(root, RowOf(jobId, attempt, stepId), box);
        return new LogScrubberState(
            clear.AsMemory(HeaderBytes), BinaryPrimitives.ReadInt32LittleEndian(clear.AsSpan(1)), clear[0] == 1);
    }

    /// <summary>Names the row for <see cref="Sealing"/>.</summary>
    public static string RowOf(long jobId, int attempt, long? stepId) =>
        string.Create(CultureInfo.InvariantCulture, $"log-withheld:{jobId}:{attempt}:{stepId}");

    private async Task ReleaseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long jobId, int attempt, long? stepId, bool all,
        CancellationToken cancellation)
    {
        var withheld = new List<(long? StepId, byte[] Sealed)>();
        await using (var take = new NpgsqlCommand(Take, connection, transaction))
        {
            Bind(take, jobId, attempt, stepId);
            take.Parameters.Add(new NpgsqlParameter<bool>("all", all));
            await using var reader = await take.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                withheld.Add((await reader.IsDBNullAsync(0, cancellation) ? null : reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        }

        if (withheld.Count == 0 || await attempts.LoadAsync(jobId, attempt, cancellation, transaction) is not { } logs)
            return;
        foreach (var (stream, box) in withheld)
        {
            var scrubber = new LogScrubber(logs.Automaton);
            try
            {
                scrubber.Restore(Open(root, jobId, attempt, stream, box));
            }
            catch (CryptographicException)
            {
                // A job must be able to end though the root key was lost.
                LogNotOpened(jobId, attempt);
                continue;
            }

            var rest = new ArrayBufferWriter<byte>();
            scrubber.Flush(rest);
            if (rest.WrittenCount == 0)
                continue;
            await using var store = new NpgsqlCommand(Store, connection, transaction);
            Bind(store, jobId, attempt, stream);
            store.Parameters.Add(new NpgsqlParameter<int>("seq", LastSeq));
            store.Parameters.Add(new NpgsqlParameter<byte[]>("chunk", rest.WrittenSpan.ToArray()));
            await store.ExecuteNonQueryAsync(cancellation);
            metrics.Scrubbed(scrubber.Replacements);
        }
    }

    [LoggerMessage(
        EventId = 370, Level = LogLevel.Error, Message =
        "The last bytes of a log of job {JobId} (attempt {Attempt}) do not open: they were sealed with another root key. They are left out.")]
    private partial void LogNotOpened(long jobId, int attempt);

    private static void Bind(NpgsqlCommand command, long jobId, int attempt, long? stepId)
    {
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        command.Parameters.Add(new NpgsqlParameter("step_id", NpgsqlDbType.Bigint) { Value = stepId is { } id ? id : DBNull.Value });
    }
}
