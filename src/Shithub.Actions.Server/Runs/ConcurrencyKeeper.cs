using Dapper;
using Npgsql;
using Shithub.Actions.Server.Database;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Gives concurrency groups to those who wait for them, in the order in which they came. Each server does, none leads: what was decided is
/// in the members' rows, and carrying it out twice does nothing twice.
/// </summary>
/// <remarks>
/// A group is settled in a transaction that locks nothing but its members; what follows for runs and jobs (cancelling, letting go) is done
/// after it, each under its own run's lock. So no two runs' locks are ever held together.
/// </remarks>
public sealed partial class ConcurrencyKeeper(
    NpgsqlDataSource dataSource, CancelJob cancel, Notifications notifications, TimeProvider time, ILogger<ConcurrencyKeeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const int BatchMax = 100;

    // Groups where something is to be done: nobody holds it, or a newer member replaces one that waits or stops the holder.
    private const string FindGroups = """
        select m.repo_id as RepoId, m.group_name as Name
        from concurrency_members m
        group by m.repo_id, m.group_name
        having count(*) filter (where m.held_since is not null) = 0
            or count(*) filter (where m.held_since is null and not m.keeps_all) > 1
            or bool_or(m.cancels and m.held_since is null)
        order by min(m.id)
        limit @BatchMax
        """;

    private const string LockMembers = """
        select m.id, m.run_id as RunId, m.job_id as JobId, m.call_path as CallPath, m.cancels, m.keeps_all as KeepsAll, m.held_since is not null as Holds
        from concurrency_members m
        where m.repo_id = @RepoId and m.group_name = @Name
        order by m.id
        for update
        """;

    private const string Hold = "update concurrency_members set held_since = now() where id = @Id";

    // Holders whose runs, calls or jobs still wait: the group was given to them, and is told them here.
    private const string FindHeld = """
        select m.id, m.run_id as RunId, m.job_id as JobId, m.call_path as CallPath
        from concurrency_members m
        join workflow_runs r on r.id = m.run_id
        left join workflow_jobs j on j.id = m.job_id
        where m.held_since is not null
            and case
                when m.call_path is not null then not m.is_told
                when m.job_id is null then r.hold = 'concurrency'
                else j.hold = 'concurrency'
            end
        order by m.id
        limit @BatchMax
        """;

    private const string ReleaseRun = "update workflow_runs set hold = null where id = @RunId";

    private const string ReleaseJob = """
        update workflow_jobs
        set status = 'queued', hold = null, queued_at = now()
        where id = @JobId and status = 'waiting' and hold = 'concurrency'
        """;

    // The rules ask the members themselves which calls wait.
    private const string ReleaseCall = "update concurrency_members set is_told = true where id = @Id";

    private const string Tell = "select pg_notify('shithub', 'queue:'), pg_notify('shithub', 'run:' || @RunId)";

    /// <summary>Settles every group that needs it.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var groups = (await connection.QueryAsync<Group>(
            new CommandDefinition(FindGroups, new { BatchMax }, cancellationToken: cancellation))).AsList();
        foreach (var group in groups)
        {
            foreach (var victim in await SettleAsync(connection, group, cancellation))
            {
                LogReplaced(victim.RunId, victim.JobId, group.Name);
                // Nothing is dropped without a word: the page of what is replaced says by what.
                await cancel.ExecuteAsync(
                    victim.RunId, victim.JobId, cancellation,
                    $"A newer one in the concurrency group '{group.Name}' took its place ('queue: max' in 'concurrency' would keep all in line).",
                    victim.CallPath);
            }
        }

        var held = (await connection.QueryAsync<Member>(
            new CommandDefinition(FindHeld, new { BatchMax }, cancellationToken: cancellation))).AsList();
        foreach (var member in held)
            await ReleaseAsync(connection, member, cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watch = notifications.Subscribe(Topic.Concurrency);
        while (!stoppingToken.IsCancellationRequested)
        {
            var news = watch.Next;
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (NpgsqlException error)
            {
                LogSweepFailed(error.Message);
            }

            await Task.WhenAny(news, Task.Delay(Interval, time, stoppingToken));
        }
    }

    /// <returns>Who is to be cancelled. One that is being cancelled already may be among them: that changes nothing.</returns>
    private static async Task<IReadOnlyList<Member>> SettleAsync(NpgsqlConnection connection, Group group, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var members = (await connection.QueryAsync<Member>(
            new CommandDefinition(LockMembers, group, transaction, cancellationToken: cancellation))).AsList();
        var (holder, victims) = ConcurrencyRules.Settle(members);
        if (holder is { Holds: false })
            await connection.ExecuteAsync(new CommandDefinition(Hold, new { holder.Id }, transaction, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
        return victims;
    }

    private static async Task ReleaseAsync(NpgsqlConnection connection, Member member, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunProgress.LockAsync(connection, transaction, member.RunId, cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            member.CallPath is not null ? ReleaseCall : member.JobId is null ? ReleaseRun : ReleaseJob, member, transaction, cancellationToken: cancellation));
        await RunProgress.AdvanceAsync(connection, transaction, member.RunId, cancellation);
        await connection.ExecuteAsync(new CommandDefinition(Tell, member, transaction, cancellationToken: cancellation));
        await transaction.CommitAsync(cancellation);
    }

    [LoggerMessage(EventId = 340, Level = LogLevel.Information, Message = "Run {RunId} (job {JobId}) is cancelled: a newer one is in the concurrency group {Group}")]
    private partial void LogReplaced(long runId, long? jobId, string group);

    [LoggerMessage(EventId = 341, Level = LogLevel.Error, Message = "Settling the concurrency groups failed and is tried again: {Reason}")]
    private partial void LogSweepFailed(string reason);

    private sealed record Group
    {
        public long RepoId { get; init; }

        public string Name { get; init; } = "";
    }

    internal sealed record Member
    {
        public long Id { get; init; }

        public long RunId { get; init; }

        public long? JobId { get; init; }

        public string? CallPath { get; init; }

        public bool Cancels { get; init; }

        public bool KeepsAll { get; init; }

        public bool Holds { get; init; }
    }
}

/// <summary>The rules of a concurrency group: 'concurrency' of GitHub's 'Workflow syntax'.</summary>
internal static class ConcurrencyRules
{
    /// <summary>
    /// One member holds the group. Of those that wait, each replaces the one before it, unless it says that all stay in line. One that
    /// cancels what is in progress replaces the holder too.
    /// </summary>
    /// <param name="members">In the order in which they came.</param>
    public static (ConcurrencyKeeper.Member? Holder, IReadOnlyList<ConcurrencyKeeper.Member> Victims) Settle(
        IReadOnlyList<ConcurrencyKeeper.Member> members)
    {
        // A group that nobody holds is its first member's, whatever came after it before anybody looked.
        var holder = members.FirstOrDefault(member => member.Holds) ?? (members is [var first, ..] ? first : null);
        var waiting = members.Where(member => member != holder).ToList();
        var victims = new List<ConcurrencyKeeper.Member>();
        for (var i = 0; i + 1 < waiting.Count; i++)
        {
            if (waiting.Skip(i + 1).Any(newer => !newer.KeepsAll))
                victims.Add(waiting[i]);
        }

        if (holder is not null && waiting.Exists(member => member.Cancels && member.Id > holder.Id))
            victims.Add(holder);
        return (holder, victims);
    }
}
