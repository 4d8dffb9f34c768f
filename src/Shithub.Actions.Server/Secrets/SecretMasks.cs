using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// What must not appear in the logs of an attempt: the secrets it was given, kept sealed beyond their own change or deletion. Its tokens
/// are not among them, since they can be made again from its row.
/// </summary>
public sealed class SecretMasks(NpgsqlDataSource dataSource, RootKey root)
{
    private const string Insert = """
        insert into workflow_job_secret_masks (job_id, attempt, sealed)
        values (@job_id, @attempt, @sealed)
        on conflict (job_id, attempt) do nothing
        """;

    private const string Read = "select sealed from workflow_job_secret_masks where job_id = @job_id and attempt = @attempt for update";

    private const string Replace = "update workflow_job_secret_masks set sealed = @sealed where job_id = @job_id and attempt = @attempt";

    /// <summary>
    /// Keeps an attempt's masks, before anybody is told the values. An attempt that is claimed again, because the answer was lost, keeps
    /// those of its first claim too: a secret may have been changed in between.
    /// </summary>
    public async Task StoreAsync(long jobId, int attempt, IReadOnlyCollection<string> values, CancellationToken cancellation)
    {
        await using (var insert = dataSource.CreateCommand(Insert))
        {
            Bind(insert, jobId, attempt, Seal(jobId, attempt, values));
            if (await insert.ExecuteNonQueryAsync(cancellation) > 0)
                return;
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var read = new NpgsqlCommand(Read, connection, transaction);
        Bind(read, jobId, attempt, null);
        var known = Open(jobId, attempt, (byte[])(await read.ExecuteScalarAsync(cancellation))!);
        if (!values.All(known.Contains))
        {
            await using var replace = new NpgsqlCommand(Replace, connection, transaction);
            Bind(replace, jobId, attempt, Seal(jobId, attempt, [.. known.Union(values, StringComparer.Ordinal)]));
            await replace.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <returns>Empty for an attempt that was given no secret.</returns>
    public async Task<IReadOnlyList<string>> ReadAsync(long jobId, int attempt, CancellationToken cancellation)
    {
        await using var read = dataSource.CreateCommand(Read);
        Bind(read, jobId, attempt, null);
        return await read.ExecuteScalarAsync(cancellation) is byte[] box ? Open(jobId, attempt, box) : [];
    }

    private byte[] Seal(long jobId, int attempt, IReadOnlyCollection<string> values) =>
        Sealing.Seal(root, RowOf(jobId, attempt), JsonSerializer.SerializeToUtf8Bytes(values, SecretJson.Default.IReadOnlyCollectionString));

    private IReadOnlyList<string> Open(long jobId, int attempt, byte[] box) =>
        JsonSerializer.Deserialize(Sealing.Open(root, RowOf(jobId, attempt), box), SecretJson.Default.IReadOnlyListString)!;

    private static string RowOf(long jobId, int attempt) => string.Create(CultureInfo.InvariantCulture, $"job-masks:{jobId}:{attempt}");

    private static void Bind(NpgsqlCommand command, long jobId, int attempt, byte[]? box)
    {
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        if (box is not null)
            command.Parameters.Add(new NpgsqlParameter<byte[]>("sealed", box));
    }
}
