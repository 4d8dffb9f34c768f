using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// Secrets as their administrators see them: set, listed by name, deleted, never read back. The nearest scope wins: environment,
/// repository, owner, site. Their names are one whatever their case and are kept in upper case, as on GitHub.
/// </summary>
public sealed partial class WorkflowSecrets(NpgsqlDataSource dataSource, RootKey root, AuditLog audit)
{
    public const int ValueBytesMax = 48 * 1024;

    /// <summary>Shorter ones can't be hidden in logs: <c>1</c> would black out every number.</summary>
    public const int ValueLengthMin = 4;

    /// <summary>GitHub's number for a repository. A claim may carry those of all scopes.</summary>
    public const int PerScopeMax = 100;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private const string OfScope =
        "owner_id is not distinct from @OwnerId and repo_id is not distinct from @RepoId and environment is not distinct from @Environment";

    private const string Upsert = $"""
        insert into workflow_secrets (owner_id, repo_id, environment, name, sealed)
        select @OwnerId, @RepoId, @Environment, @Name, @Sealed
        where (select count(*) from workflow_secrets where {OfScope} and name <> @Name) < @PerScopeMax
        on conflict (repo_id, owner_id, environment, name) do update
        set sealed = excluded.sealed, updated_at = now()
        returning xmax = 0 as is_new
        """;

    private const string ListOf = $"select name, environment, updated_at from workflow_secrets where {OfScope} order by name";

    private const string DeleteOf = $"delete from workflow_secrets where {OfScope} and name = @Name";

    /// <returns>What is wrong with a name, or null.</returns>
    public static string? NameComplaint(string name) =>
        !NamePattern().IsMatch(name)
            ? "The name of a secret is letters, digits and '_', at most 255, and does not begin with a digit."
        : name.StartsWith("GITHUB_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("SHITHUB_", StringComparison.OrdinalIgnoreCase)
            ? "Names that begin with GITHUB_ or SHITHUB_ are the system's own; choose another."
        : null;

    /// <returns>What is wrong with a value, or null. Never quotes it.</returns>
    public static string? ValueComplaint(string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
            return "A value has no NUL character; encode binary data, as with base64.";
        // Every UTF-16 unit is at least one byte: what is longer need not be counted.
        if (value.Length > ValueBytesMax || Encoding.UTF8.GetByteCount(value) > ValueBytesMax)
            return $"A value has at most {ValueBytesMax} bytes; encrypt more into a file of the repository and keep its key as the secret.";
        if (value.Trim().EnumerateRunes().Count() < ValueLengthMin)
        {
            return $"A value has at least {ValueLengthMin} characters, blanks around it not counted: a shorter one could not be hidden in logs " +
                "without hiding half of them.";
        }

        return IsText(value) ? null : "A value is Unicode text; this one has half of a surrogate pair.";
    }

    /// <summary>Whether it can be written as UTF-8.</summary>
    public static bool IsText(string value)
    {
        try
        {
            StrictUtf8.GetByteCount(value);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Sets a secret whose name and value have no complaint.</summary>
    public async Task<SecretChange> SetAsync(SecretScope scope, string name, string value, CancellationToken cancellation)
    {
        var canonical = name.ToUpperInvariant();
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var isNew = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            Upsert,
            new
            {
                scope.OwnerId,
                scope.RepoId,
                scope.Environment,
                Name = canonical,
                Sealed = Sealing.Seal(root, scope.RowOf(canonical), Encoding.UTF8.GetBytes(value)),
                PerScopeMax,
            },
            transaction, cancellationToken: cancellation));
        if (isNew is not null)
            await audit.AppendAsync(connection, transaction, Entry("secret.set", scope, canonical), cancellation);
        await transaction.CommitAsync(cancellation);
        return isNew switch
        {
            true => SecretChange.Created,
            false => SecretChange.Updated,
            null => SecretChange.TooMany,
        };
    }

    /// <summary>The scope's own, without those of wider scopes, and without values.</summary>
    public async Task<IReadOnlyList<SecretEntry>> ListAsync(SecretScope scope, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<SecretEntry>(new CommandDefinition(ListOf, scope, cancellationToken: cancellation))];
    }

    /// <returns>False where the scope has none of that name.</returns>
    public async Task<bool> DeleteAsync(SecretScope scope, string name, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, DeleteOf, new { scope.OwnerId, scope.RepoId, scope.Environment, Name = name.ToUpperInvariant() },
            rows => rows > 0 ? Entry("secret.delete", scope, name.ToUpperInvariant()) : null, cancellation) > 0;

    private static AuditEntry Entry(string verb, SecretScope scope, string name) => new(
        verb, "secret", null, name, new { owner_id = scope.OwnerId, repo_id = scope.RepoId, environment = scope.Environment });

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,254}\z")]
    private static partial Regex NamePattern();
}

public enum SecretChange
{
    Created,
    Updated,

    /// <summary>The scope has <see cref="WorkflowSecrets.PerScopeMax"/> others.</summary>
    TooMany,
}

/// <summary>A secret as it may be listed.</summary>
public sealed class SecretEntry
{
    public string Name { get; init; } = "";

    public string? Environment { get; init; }

    public DateTime UpdatedAt { get; init; }
}
