using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;

namespace Shithub.Actions.Server.Repositories;

/// <summary>Writes a push down before git gets it, so that whatever is killed afterwards, somebody knows to look what became of it.</summary>
public sealed class RecordPush(NpgsqlDataSource dataSource)
{
    private const string Insert = """
        insert into pushes (id, repo_id, actor_id, commands)
        values (@id, @repoId, @actorId, @commands::jsonb)
        """;

    /// <returns>The push's id.</returns>
    public async Task<Guid> BeginAsync(
        long repoId, long actorId, IReadOnlyList<RefCommand> commands, CancellationToken cancellation)
    {
        var id = Guid.CreateVersion7();
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new { id, repoId, actorId, commands = JsonSerializer.Serialize(commands, PushJson.Default.IReadOnlyListRefCommand) },
            cancellationToken: cancellation));
        return id;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<RefCommand>))]
internal sealed partial class PushJson : JsonSerializerContext;
