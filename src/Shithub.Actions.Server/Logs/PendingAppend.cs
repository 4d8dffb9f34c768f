using Shithub.Actions.Server.Jobs;

namespace Shithub.Actions.Server.Logs;

/// <summary>A chunk as it is to be stored, and what must still be true of the database for it to be.</summary>
/// <param name="Stored">Scrubbed.</param>
/// <param name="SentHash">SHA-256 of the bytes as they were sent.</param>
/// <param name="MasksVersion">Of the masks it was scrubbed with; 0: the attempt has none.</param>
/// <param name="LastSeq">The chunk that the scrubber went on from, when there are masks; -1: none.</param>
/// <param name="IsRepeat">With masks: a number that is not above the last. Then there must be the same chunk already.</param>
/// <param name="Withheld">Sealed: what is withheld after it; null: nothing.</param>
/// <param name="HadWithheld">Whether there was something withheld before it.</param>
public sealed record PendingAppend(
    JobCall Call, long? StepId, int Seq, byte[] Stored, byte[] SentHash, int MasksVersion, int LastSeq, bool IsRepeat, byte[]? Withheld,
    bool HadWithheld) : IPendingCall
{
    private readonly TaskCompletionSource<AppendDone?> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null: nothing happened, for a reason that somebody else finds out, or since another call had the job's row.</summary>
    public Task<AppendDone?> Settled => _settled.Task;

    public long JobId => Call.Token.JobId;

    public int Length => Stored.Length;

    /// <summary>The number that the log's last chunk must have, -1 for a log without any; null where that doesn't matter.</summary>
    public int? GoesOnFrom => MasksVersion == 0 || IsRepeat ? null : LastSeq;

    /// <summary>What is withheld after it differs from before it.</summary>
    public bool MovesWithheld => Withheld is not null || HadWithheld;

    public void Settle(AppendDone? done) => _settled.TrySetResult(done);

    public void Fail(Exception error) => _settled.TrySetException(error);
}

/// <param name="NextExpires">Of the token that the answer carries.</param>
/// <param name="LogBytes">Of the attempt's log, with this chunk.</param>
public sealed record AppendDone(long NextExpires, long RunId, long LogBytes);
