using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Audit;

namespace Shithub.Actions.Server.Secrets;

/// <summary>
/// Configuration variables, the context <c>vars</c>: of the site, of an owner, of a repository, of one of its environments. The nearest
/// wins. Their names are one whatever their case, as on GitHub. Those of an environment are seen by steps of jobs with that environment,
/// as they are when the job is claimed; nothing that is decided before knows them.
/// </summary>
public sealed partial class Variables(NpgsqlDataSource dataSource, AuditLog audit)
{
    public const int ValueBytesMax = 48 * 1024;

    /// <summary>GitHub's numbers are 500 for a repository and 100 for an environment.</summary>
    public const int PerScopeMax = 500;

    private const string Upsert = """
        insert into actions_variables (owner_id, repo_id, name, value)
        select @OwnerId, @RepoId, @name, @value
        where (
            select count(*) from actions_variables
            where owner_id is not distinct from @OwnerId and repo_id is not distinct from @RepoId and upper(name) <> upper(@name)) < @PerScopeMax
        on conflict (owner_id, repo_id, upper(name)) do update
        set name = excluded.name, value = excluded.value, updated_at = now()
        """;

    private const string UpsertOfEnvironment = """
        insert into environment_variables (repo_id, environment, name, value)
        select @RepoId, @Environment, @name, @value
        where (
            select count(*) from environment_variables
            where repo_id = @RepoId and environment = @Environment and upper(name) <> upper(@name)) < @PerScopeMax
        on conflict (repo_id, environment, upper(name)) do update
        set name = excluded.name, value = excluded.value, updated_at = now()
        """;

    private const string ListOfEnvironment = """
        select name, value, updated_at
        from environment_variables
        where repo_id = @RepoId and environment = @Environment
        order by upper(name)
        """;

    private const string DeleteOfEnvironment =
        "delete from environment_variables where repo_id = @RepoId and environment = @Environment and upper(name) = upper(@name)";

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
    /// <returns>False when the scope has <see cref="PerScopeMax"/> others.</returns>
    public async Task<bool> SetAsync(VariableScope scope, string name, string value, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource,
            scope.Environment is null ? Upsert : UpsertOfEnvironment,
            new { scope.OwnerId, scope.RepoId, scope.Environment, name, value, PerScopeMax },
            rows => rows > 0 ? Entry("variable.set", scope, name) : null,
            cancellation) > 0;

    /// <summary>The scope's own, without those of wider scopes.</summary>
    public async Task<IReadOnlyList<Variable>> ListAsync(VariableScope scope, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<Variable>(new CommandDefinition(
            scope.Environment is null ? ListOf : ListOfEnvironment, scope, cancellationToken: cancellation))];
    }

    /// <returns>False where the scope has none of that name.</returns>
    public async Task<bool> DeleteAsync(VariableScope scope, string name, CancellationToken cancellation) =>
        await audit.ExecuteAsync(
            dataSource,
            scope.Environment is null ? Delete : DeleteOfEnvironment,
            new { scope.OwnerId, scope.RepoId, scope.Environment, name },
            rows => rows > 0 ? Entry("variable.delete", scope, name) : null,
            cancellation) > 0;

    private static AuditEntry Entry(string verb, VariableScope scope, string name) => new(
        verb, "variable", null, name, new { owner_id = scope.OwnerId, repo_id = scope.RepoId, environment = scope.Environment });

    private static bool IsReserved(string name) =>
        name.StartsWith("GITHUB_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("SHITHUB_", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,254}\z")]
    private static partial Regex NamePattern();
}

/// <summary>Whose variables: at most one of the two is set, neither means the whole site's.</summary>
/// <param name="Environment">In lower case, only with <paramref name="RepoId"/>.</param>
public sealed record VariableScope(long? OwnerId, long? RepoId, string? Environment = null)
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
