using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.PullRequests;

namespace Shithub.Actions.Server.Repositories;

/// <summary>Writes a push down before git gets it, so that whatever is killed afterwards, somebody knows to look what became of it.</summary>
public sealed class RecordPush(NpgsqlDataSource dataSource)
{
    private const string Insert = """
        insert into pushes (id, repo_id, actor_id, commands, proposal, may_write)
        values (@id, @repoId, @actorId, @commands::jsonb, @proposal::jsonb, @mayWrite)
        """;

    /// <returns>The push's id.</returns>
    public Task<Guid> BeginAsync(long repoId, long actorId, IReadOnlyList<RefCommand> commands, CancellationToken cancellation) =>
        BeginAsync(Guid.CreateVersion7(), repoId, actorId, commands, null, mayWrite: true, cancellation);

    /// <summary>A push to <c>refs/for/</c>: it lands at a ref of its own.</summary>
    /// <param name="mayWrite">What the pusher may do now decides how far the pull request is trusted.</param>
    public async Task<(Guid Push, RefCommand Command)> BeginAsync(
        long repoId, long actorId, Proposal proposal, string sha, bool mayWrite, CancellationToken cancellation)
    {
        var id = Guid.CreateVersion7();
        var command = new RefCommand(PullRequestRefs.IncomingRef(id), RefName.ZeroSha, sha);
        await BeginAsync(id, repoId, actorId, [command], proposal, mayWrite, cancellation);
        return (id, command);
    }

    private async Task<Guid> BeginAsync(
        Guid id, long repoId, long actorId, IReadOnlyList<RefCommand> commands, Proposal? proposal, bool mayWrite,
        CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                id,
                repoId,
                actorId,
                commands = JsonSerializer.Serialize(commands, PushJson.Default.IReadOnlyListRefCommand),
                proposal = proposal is null ? null : JsonSerializer.Serialize(proposal, PushJson.Default.Proposal),
                mayWrite,
            },
            cancellationToken: cancellation));
        return id;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<RefCommand>))]
[JsonSerializable(typeof(Proposal))]
internal sealed partial class PushJson : JsonSerializerContext;
