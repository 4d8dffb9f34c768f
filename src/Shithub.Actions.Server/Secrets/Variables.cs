using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// Configuration variables, the context <c>vars</c>: of the site, of an owner, of a repository. The nearest wins. Their names are one
/// whatever their case, as on GitHub.
/// </summary>
public sealed partial class Variables(NpgsqlDataSource dataSource, AuditLog audit)
{
    public const int ValueBytesMax = 48 * 1024;

    private const string Upsert = """
        insert into actions_variables (owner_id, repo_id, name, value)
        values (@OwnerId, @RepoId, @name, @value)
        on conflict (owner_id, repo_id, upper(name)) do update
        set name = excluded.name, value = excluded.value, updated_at = now()
        """;

    private const string ListOf = """
        select name, value, updated_at
        from actions_variables
        where owner_id is not distinct from @OwnerId and repo_id is not distinct from @RepoId
        order by upper(name)
        """;

    private const string Delete = """
        delete from actions_variables
        where owner_id is not distinct from @OwnerId and repo_id is not distinct from @RepoId and upper(name) = upper(@name)
        """;

    /// <returns>What is wrong, or null.</returns>
    public static string? Complaint(string name, string value) =>
        !NamePattern().IsMatch(name)
            ? "The name of a variable is letters, digits and '_', at most 255, and does not begin with a digit."
        : IsReserved(name)
            ? "Names that begin with GITHUB_ or SHITHUB_ are the system's own; choose another."
        : value.Contains('\0', StringComparison.Ordinal)
            ? "A value has no NUL character."
        : Encoding.UTF8.GetByteCount(value) > ValueBytesMax
            ? $"A value has at most {ValueBytesMax} bytes; keep more in a file of the repository."
        : null;

    /// <summary>Sets a variable, new or not.</summary>
    public Task SetAsync(VariableScope scope, string name, string value, CancellationToken cancellation) =>
        audit.ExecuteAsync(
            dataSource, Upsert, new { scope.OwnerId, scope.RepoId, name, value },
            _ => new AuditEntry("variable.set", "variable", null, name, new { owner_id = scope.OwnerId, repo_id = scope.RepoId }), cancellation);

    /// <summary>The scope's own, without those of wider scopes.</summary>
    public async Task<IReadOnlyList<Variable>> ListAsync(VariableScope scope, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<Variable>(new CommandDefinition(ListOf, scope, cancellationToken: cancellation))];
    }

    /// <returns>False where the scope has none of that name.</returns>
    public async Task<bool> DeleteAsync(VariableScope scope, string name, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource, Delete, new { scope.OwnerId, scope.RepoId, name },
            rows => rows > 0
                ? new AuditEntry("variable.delete", "variable", null, name, new { owner_id = scope.OwnerId, repo_id = scope.RepoId })
                : null,
            cancellation) > 0;

    private static bool IsReserved(string name) =>
        name.StartsWith("GITHUB_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("SHITHUB_", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,254}\z")]
    private static partial Regex NamePattern();
}

/// <summary>Whose variables: at most one of the two is set, neither means the whole site's.</summary>
public sealed record VariableScope(long? OwnerId, long? RepoId)
{
    public static VariableScope Site { get; } = new(null, null);

    public static VariableScope OfOwner(long id) => new(id, null);

    public static VariableScope OfRepository(long id) => new(null, id);
}

public sealed class Variable
{
    public string Name { get; init; } = "";

    public string Value { get; init; } = "";

    public DateTime UpdatedAt { get; init; }
}
