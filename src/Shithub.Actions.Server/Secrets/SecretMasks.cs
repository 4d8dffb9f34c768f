using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// What must not appear in the logs of an attempt: the secrets it was given, kept sealed beyond their own change or deletion, the tokens
/// that its steps may come to hold, and what they added with <c>::add-mask::</c>. Masks are only ever added; each addition counts the
/// version up.
/// </summary>
public sealed class SecretMasks(NpgsqlDataSource dataSource, RootKey root)
{
    /// <summary>Of those that steps add, and their bytes: twice what a runner takes. They bound the memory of the attempt's matcher.</summary>
    public const int AddedMax = 1000;

    public const int AddedBytesMax = 512 * 1024;

    private const string Insert = """
        insert into workflow_job_secret_masks (job_id, attempt, sealed)
        values (@job_id, @attempt, @sealed)
        on conflict (job_id, attempt) do nothing
        """;

    private const string Read = "select version, sealed, added from workflow_job_secret_masks where job_id = @job_id and attempt = @attempt";

    private const string ReadLocked = Read + " for update";

    private const string ReplaceClaimed = """
        update workflow_job_secret_masks
        set sealed = @sealed, version = version + 1
        where job_id = @job_id and attempt = @attempt
        """;

    private const string ReplaceAdded = """
        update workflow_job_secret_masks
        set added = @sealed, version = version + 1
        where job_id = @job_id and attempt = @attempt
        """;

    /// <summary>
    /// Keeps an attempt's masks, before anybody is told the values. An attempt that is claimed again, because the answer was lost, keeps
    /// those of its first claim too: a secret may have been changed in between.
    /// </summary>
    public async Task StoreAsync(long jobId, int attempt, IReadOnlyCollection<string> values, CancellationToken cancellation)
    {
        if (await InsertAsync(jobId, attempt, values, cancellation))
            return;
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (_, known, _) = await ReadAsync(connection, jobId, attempt, cancellation);
        if (!values.All(known.Contains))
        {
            await using var replace = new NpgsqlCommand(ReplaceClaimed, connection, transaction);
            Bind(replace, jobId, attempt, Seal(RowOf(jobId, attempt), [.. known.Union(values, StringComparer.Ordinal)]));
            await replace.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Adds what steps asked to hide.</summary>
    /// <returns>False when there would be too many; then none of these is added.</returns>
    public async Task<bool> AddAsync(long jobId, int attempt, IReadOnlyCollection<string> values, CancellationToken cancellation)
    {
        await InsertAsync(jobId, attempt, [], cancellation);
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (_, _, known) = await ReadAsync(connection, jobId, attempt, cancellation);
        string[] all = [.. known.Union(values, StringComparer.Ordinal)];
        if (all.Length == known.Count)
            return true;
        if (all.Length > AddedMax || all.Sum(value => (long)Encoding.UTF8.GetByteCount(value)) > AddedBytesMax)
            return false;
        await using var replace = new NpgsqlCommand(ReplaceAdded, connection, transaction);
        Bind(replace, jobId, attempt, Seal(AddedRowOf(jobId, attempt), all));
        await replace.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <param name="transaction">Where the caller has one: nobody waits for a second connection while holding the first.</param>
    /// <returns>Version 0 and nothing for an attempt that has none.</returns>
    public async Task<JobMaskValues> ReadAsync(
        long jobId, int attempt, CancellationToken cancellation, NpgsqlTransaction? transaction = null)
    {
        await using var read = transaction is null ? dataSource.CreateCommand(Read) : new NpgsqlCommand(Read, transaction.Connection, transaction);
        Bind(read, jobId, attempt, null);
        var (version, claimed, added) = await ReadAsync(read, jobId, attempt, cancellation);
        return new JobMaskValues(version, [.. claimed.Union(added, StringComparer.Ordinal)]);
    }

    private async Task<bool> InsertAsync(long jobId, int attempt, IReadOnlyCollection<string> values, CancellationToken cancellation)
    {
        await using var insert = dataSource.CreateCommand(Insert);
        Bind(insert, jobId, attempt, Seal(RowOf(jobId, attempt), values));
        return await insert.ExecuteNonQueryAsync(cancellation) > 0;
    }

    private async Task<(int Version, IReadOnlyList<string> Claimed, IReadOnlyList<string> Added)> ReadAsync(
        NpgsqlConnection connection, long jobId, int attempt, CancellationToken cancellation)
    {
        await using var read = new NpgsqlCommand(ReadLocked, connection);
        Bind(read, jobId, attempt, null);
        return await ReadAsync(read, jobId, attempt, cancellation);
    }

    private async Task<(int Version, IReadOnlyList<string> Claimed, IReadOnlyList<string> Added)> ReadAsync(
        NpgsqlCommand read, long jobId, int attempt, CancellationToken cancellation)
    {
        await using var reader = await read.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return (0, [], []);
        return (
            reader.GetInt32(0),
            Open(RowOf(jobId, attempt), reader.GetFieldValue<byte[]>(1)),
            await reader.IsDBNullAsync(2, cancellation) ? [] : Open(AddedRowOf(jobId, attempt), reader.GetFieldValue<byte[]>(2)));
    }

    private byte[] Seal(string row, IReadOnlyCollection<string> values) =>
        Sealing.Seal(root, row, JsonSerializer.SerializeToUtf8Bytes(values, SecretJson.Default.IReadOnlyCollectionString));

    private IReadOnlyList<string> Open(string row, byte[] box) =>
        JsonSerializer.Deserialize(Sealing.Open(root, row, box), SecretJson.Default.IReadOnlyListString)!;

    /// <summary>Names the row for <see cref="Sealing"/>.</summary>
    public static string RowOf(long jobId, int attempt) => string.Create(CultureInfo.InvariantCulture, $"job-masks:{jobId}:{attempt}");

    /// <summary>The same for the masks that steps added.</summary>
    public static string AddedRowOf(long jobId, int attempt) => string.Create(CultureInfo.InvariantCulture, $"job-masks-added:{jobId}:{attempt}");

    private static void Bind(NpgsqlCommand command, long jobId, int attempt, byte[]? box)
    {
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        if (box is not null)
            command.Parameters.Add(new NpgsqlParameter<byte[]>("sealed", box));
    }
}

/// <param name="Version">0: the attempt has no masks.</param>
public sealed record JobMaskValues(int Version, IReadOnlyList<string> Values);
