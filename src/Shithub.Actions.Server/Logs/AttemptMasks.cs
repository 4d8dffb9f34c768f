using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Secrets;

namespace Shithub.Actions.Server.Logs;

/// <summary>
/// What this server knows of the masks of attempts and of where their logs stand. It is a cache and nothing more: all of it is in the
/// database, and every append proves what it took from here (<see cref="AppendStatement"/>). An attempt that is not in it has no masks as
/// far as this server knows.
/// </summary>
public sealed class AttemptMasks(NpgsqlDataSource dataSource, SecretMasks masks, TokenMasks tokens, RootKey root)
{
    /// <summary>
    /// Attempts and automata are forgotten by their weight: an automaton's is its nodes. An attempt weighs them again, since one that was
    /// given a token in its masks shares its automaton with none; at most an eighth, so that eight of the largest are kept.
    /// </summary>
    private const long AttemptWeight = 4_000_000;

    private const long LightestAttempt = 64;

    private const long AutomatonWeight = 2_000_000;

    private const string ReadStream = """
        select coalesce(
                case when @step_id is null
                    then (
                        select c.seq from workflow_step_log_chunks c
                        where c.job_id = @job_id and c.attempt = @attempt and c.step_id is null
                        order by c.seq desc limit 1)
                    else (
                        select c.seq from workflow_step_log_chunks c
                        where c.job_id = @job_id and c.attempt = @attempt and c.step_id = @step_id
                        order by c.seq desc limit 1)
                end, -1) as last_seq,
            (
                select w.sealed from workflow_log_withheld w
                where w.job_id = @job_id and w.attempt = @attempt and w.step_id is not distinct from @step_id
            ) as sealed
        """;

    private readonly RecentlyUsed<(long JobId, int Attempt), AttemptLogs> _attempts = new(AttemptWeight);

    /// <summary>By a hash of the values: jobs of one repository mostly have the same secrets.</summary>
    private readonly RecentlyUsed<string, MaskAutomaton> _automata = new(AutomatonWeight);

    /// <summary>What is known already, with the attempt's own tokens among the masks if the chunk may have one.</summary>
    /// <param name="isStale">Some were added: they are read.</param>
    /// <returns>Null: no masks, as far as is known.</returns>
    public async Task<AttemptLogs?> ForAsync(long jobId, int attempt, ReadOnlyMemory<byte> chunk, bool isStale, CancellationToken cancellation)
    {
        var known = isStale ? await LoadAsync(jobId, attempt, cancellation) : _attempts.Find((jobId, attempt));
        if (known is { HidesTokens: true }
            || !TokenMasks.MayBeIn(chunk.Span, goesOn: true)
            || !await tokens.KeepAsync(jobId, attempt, cancellation)
            || await LoadAsync(jobId, attempt, cancellation) is not { } more)
        {
            return known;
        }

        more.HidesTokens = true;
        return more;
    }

    /// <summary>Reads the attempt's masks as they are now.</summary>
    /// <returns>Null when it has none.</returns>
    public async Task<AttemptLogs?> LoadAsync(
        long jobId, int attempt, CancellationToken cancellation, NpgsqlTransaction? transaction = null)
    {
        var values = await masks.ReadAsync(jobId, attempt, cancellation, transaction);
        if (values.Version == 0)
            return null;
        var logs = new AttemptLogs(values.Version, Automaton(values.Values));
        _attempts.Add((jobId, attempt), logs, Math.Clamp(logs.Automaton.Nodes, LightestAttempt, AttemptWeight / 8));
        return logs;
    }

    /// <summary>Where a log stands: from here, else from the database.</summary>
    public async Task<StreamState> StreamAsync(AttemptLogs logs, long jobId, int attempt, long? stepId, CancellationToken cancellation)
    {
        if (logs.Find(stepId) is { } known)
            return known;
        await using var command = dataSource.CreateCommand(ReadStream);
        command.Parameters.Add(new NpgsqlParameter<long>("job_id", jobId));
        command.Parameters.Add(new NpgsqlParameter<int>("attempt", attempt));
        command.Parameters.Add(new NpgsqlParameter("step_id", NpgsqlDbType.Bigint) { Value = stepId is { } id ? id : DBNull.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var sealedState = await reader.IsDBNullAsync(1, cancellation) ? null : reader.GetFieldValue<byte[]>(1);
        var state = new StreamState(
            reader.GetInt32(0), sealedState is null ? null : WithheldLog.Open(root, jobId, attempt, stepId, sealedState));
        logs.Keep(stepId, state);
        return state;
    }

    /// <summary>
    /// What puts stars for what an attempt's masks hide into texts that are to be stored for it, such as a summary or the message of an
    /// annotation; null where it has no masks.
    /// </summary>
    /// <param name="texts">All that it will be asked about.</param>
    public async Task<Func<string, string>?> ScrubberAsync(long jobId, int attempt, IEnumerable<string> texts, CancellationToken cancellation)
    {
        if (texts.Any(TokenMasks.MayBeIn))
            await tokens.KeepAsync(jobId, attempt, cancellation);
        if (await LoadAsync(jobId, attempt, cancellation) is not { } logs)
            return null;
        return text =>
        {
            var (shown, replacements) = Scrub(logs.Automaton, text);
            return replacements == 0 ? text : Encoding.UTF8.GetString(shown.WrittenSpan);
        };
    }

    /// <summary>Which of the names and values have something in them that no log of the attempt would show.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(
        long jobId, int attempt, IReadOnlyDictionary<string, string> texts, CancellationToken cancellation)
    {
        if (texts.Any(text => TokenMasks.MayBeIn(text.Key) || TokenMasks.MayBeIn(text.Value)))
            await tokens.KeepAsync(jobId, attempt, cancellation);
        return await LoadAsync(jobId, attempt, cancellation) is { } logs
            ? [.. texts.Where(text => IsIn(logs.Automaton, text.Key) || IsIn(logs.Automaton, text.Value)).Select(text => text.Key)]
            : [];
    }

    private static bool IsIn(MaskAutomaton automaton, string text) => automaton.IsIn(Encoding.UTF8.GetBytes(text), goesOn: false);

    private static (ArrayBufferWriter<byte> Shown, long Replacements) Scrub(MaskAutomaton automaton, string text)
    {
        var shown = new ArrayBufferWriter<byte>();
        var scrubber = new LogScrubber(automaton);
        scrubber.Write(Encoding.UTF8.GetBytes(text), shown);
        scrubber.Flush(shown);
        return (shown, scrubber.Replacements);
    }

    private MaskAutomaton Automaton(IReadOnlyList<string> values)
    {
        // Keyed, so that no plain hash of a secret lies about in memory dumps longer than the secret does.
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, root.Derive("mask-cache"));
        foreach (var value in values.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(value));
            // No UTF-8 has this byte.
            hash.AppendData([0xFF]);
        }

        var key = Convert.ToBase64String(hash.GetHashAndReset());
        if (_automata.Find(key) is { } known)
            return known;
        var automaton = new MaskAutomaton(values);
        _automata.Add(key, automaton, automaton.Nodes);
        return automaton;
    }
}

/// <summary>The masks of an attempt in one version, and where its logs stand.</summary>
public sealed class AttemptLogs(int version, MaskAutomaton automaton)
{
    private readonly Dictionary<long, StreamState> _streams = [];

    public int Version => version;

    /// <summary>The attempt's own tokens are among the masks.</summary>
    public bool HidesTokens { get; set; }

    public MaskAutomaton Automaton => automaton;

    public StreamState? Find(long? stepId)
    {
        lock (_streams)
            return _streams.GetValueOrDefault(stepId ?? 0);
    }

    public void Keep(long? stepId, StreamState state)
    {
        lock (_streams)
            _streams[stepId ?? 0] = state;
    }

    /// <summary>Forgets where the log stands: another server may have gone on with it.</summary>
    public void Forget(long? stepId)
    {
        lock (_streams)
            _streams.Remove(stepId ?? 0);
    }
}

/// <param name="LastSeq">The last chunk; -1: none.</param>
/// <param name="Withheld">Null: nothing is.</param>
public sealed record StreamState(int LastSeq, LogScrubberState? Withheld);
