using System.Security.Cryptography;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// Seals everything anew that was sealed with another root key. It may be stopped at any moment and started again: a value that opens with
/// the new key is done. Values that are changed meanwhile are left to whoever changed them.
/// </summary>
/// <param name="root">The new key, with which all is sealed in the end.</param>
/// <param name="others">The keys that values may be sealed with now.</param>
public sealed class RotateKey(NpgsqlDataSource dataSource, RootKey root, IReadOnlyList<RootKey> others, AuditLog audit)
{
    /// <summary>Rows of one statement: what a kill costs, and how much is in memory.</summary>
    private const int BatchRows = 200;

    /// <summary>
    /// Every column that has sealed values: the columns that its table is read in the order of, and those that make the name that the value
    /// was sealed for.
    /// </summary>
    private static readonly SealedColumn[] Columns =
    [
        new("secrets", "workflow_secrets", "sealed", ["id"],
            "array[id, coalesce(owner_id, 0), coalesce(repo_id, 0)]", "environment", "name",
            row => new SecretScope(row.OrNull(1), row.OrNull(2), row.Environment).RowOf(row.Name!)),
        new("masks of jobs", "workflow_job_secret_masks", "sealed", ["job_id", "attempt"], "array[job_id, attempt]", "null", "null",
            row => SecretMasks.RowOf(row.Numbers[0], (int)row.Numbers[1])),
        new("masks that steps added", "workflow_job_secret_masks", "added", ["job_id", "attempt"], "array[job_id, attempt]", "null", "null",
            row => SecretMasks.AddedRowOf(row.Numbers[0], (int)row.Numbers[1])),
        new("withheld ends of logs", "workflow_log_withheld", "sealed", ["job_id", "attempt", "coalesce(step_id, 0)"],
            "array[job_id, attempt, coalesce(step_id, 0)]", "null", "null",
            row => Logs.WithheldLog.RowOf(row.Numbers[0], (int)row.Numbers[1], row.OrNull(2))),
    ];

    /// <param name="progress">Called after each batch with what it is about and how many rows were looked at so far.</param>
    public async Task<IReadOnlyList<Rotated>> ExecuteAsync(Action<string, long> progress, CancellationToken cancellation)
    {
        // Before the first value: one that is killed half way has been at them, too.
        await AuditAsync("secrets.rotate-key-begin", null, cancellation);
        var rotated = new List<Rotated>();
        foreach (var column in Columns)
            rotated.Add(await RotateAsync(column, looked => progress(column.Title, looked), cancellation));
        await AuditAsync(
            "secrets.rotate-key", new { sealed_anew = rotated.Sum(row => row.SealedAnew), not_opened = rotated.Sum(row => row.Unopened) }, cancellation);
        return rotated;
    }

    private async Task AuditAsync(string verb, object? details, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await audit.AppendAsync(connection, transaction, new AuditEntry(verb, "site", null, null, details), cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task<Rotated> RotateAsync(SealedColumn column, Action<long> progress, CancellationToken cancellation)
    {
        // Served by the table's primary key.
        var key = string.Join(", ", column.Key);
        var place = string.Join(", ", column.Key.Select((_, index) => $"@k{index}"));
        var read = $"""
            select array[{key}]::bigint[] as key, {column.Numbers}::bigint[] as numbers, {column.Environment} as environment,
                {column.Name} as name, {column.Column} as box
            from {column.Table}
            where ({key}) > ({place}) and {column.Column} is not null
            order by {key}
            limit {BatchRows}
            """;
        var write = $"""
            update {column.Table}
            set {column.Column} = @box
            where ({key}) = ({place}) and {column.Column} = @old
            """;
        var (sealedAnew, already, unopened, looked) = (0L, 0L, 0L, 0L);
        var after = new long[column.Key.Length];
        while (true)
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            var rows = (await connection.QueryAsync<SealedRow>(new CommandDefinition(read, Place(after), cancellationToken: cancellation))).AsList();
            if (rows.Count == 0)
                return new Rotated(column.Title, sealedAnew, already, unopened);
            await using (var transaction = await connection.BeginTransactionAsync(cancellation))
            {
                foreach (var row in rows)
                {
                    var name = column.RowOf(row);
                    if (TryOpen(root, name, row.Box) is not null)
                    {
                        already++;
                    }
                    else if (others.Select(key => TryOpen(key, name, row.Box)).FirstOrDefault(clear => clear is not null) is { } clear)
                    {
                        var change = Place(row.Key);
                        change.Add("box", Sealing.Seal(root, name, clear));
                        change.Add("old", row.Box);
                        sealedAnew += await connection.ExecuteAsync(new CommandDefinition(write, change, transaction, cancellationToken: cancellation));
                        CryptographicOperations.ZeroMemory(clear);
                    }
                    else
                    {
                        unopened++;
                    }
                }

                await transaction.CommitAsync(cancellation);
            }

            after = rows[^1].Key;
            progress(looked += rows.Count);
        }
    }

    private static DynamicParameters Place(long[] key)
    {
        var parameters = new DynamicParameters();
        for (var index = 0; index < key.Length; index++)
            parameters.Add($"k{index}", key[index]);
        return parameters;
    }

    private static byte[]? TryOpen(RootKey key, string row, byte[] box)
    {
        try
        {
            return Sealing.Open(key, row, box);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private sealed record SealedColumn(
        string Title, string Table, string Column, string[] Key, string Numbers, string Environment, string Name, Func<SealedRow, string> RowOf);

    private sealed class SealedRow
    {
        public long[] Key { get; init; } = [];

        public long[] Numbers { get; init; } = [];

        public string? Environment { get; init; }

        public string? Name { get; init; }

        public byte[] Box { get; init; } = [];

        /// <summary>0 stands for null: no id is 0.</summary>
        public long? OrNull(int index) => Numbers[index] == 0 ? null : Numbers[index];
    }
}

/// <param name="What">What kind of values.</param>
/// <param name="SealedAnew">Opened with another key, and sealed with the new one.</param>
/// <param name="Already">Were sealed with the new key before.</param>
/// <param name="Unopened">Open with none of the keys.</param>
public sealed record Rotated(string What, long SealedAnew, long Already, long Unopened);
