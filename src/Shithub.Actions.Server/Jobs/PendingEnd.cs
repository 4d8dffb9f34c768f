using System.Text.Json;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Jobs;

/// <summary>The end of an attempt as it is to be stored: a terminal status, and no secrets in what comes with it.</summary>
public sealed class PendingEnd(JobCall call, StatusChange change) : IPendingCall
{
    private readonly TaskCompletionSource<string?> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JobCall Call => call;

    public long JobId => call.Token.JobId;

    public StatusChange Change => change;

    /// <summary>JSON; null: none.</summary>
    public string? Outputs { get; } =
        change.Outputs is null ? null : JsonSerializer.Serialize(change.Outputs, JobsJson.Default.IReadOnlyDictionaryStringString);

    /// <summary>JSON; null: none.</summary>
    public string? TaintedOutputs { get; } =
        change.TaintedOutputs.Count == 0 ? null : JsonSerializer.Serialize(change.TaintedOutputs, JobsJson.Default.IReadOnlyListString);

    /// <summary>JSON; null: none.</summary>
    public string? Images { get; } =
        change.Images.Count == 0 ? null : JsonSerializer.Serialize(change.Images, ProtocolJson.Default.IReadOnlyListJobImage);

    /// <summary>JSON; null: none.</summary>
    public string? Notes { get; } =
        change.Notes.Count == 0 ? null : JsonSerializer.Serialize(change.Notes, ProtocolJson.Default.IReadOnlyListStepAnnotation);

    /// <summary>Of what is stored beside the status.</summary>
    public int Length => (Outputs?.Length ?? 0) + (TaintedOutputs?.Length ?? 0) + (Images?.Length ?? 0) + (Notes?.Length ?? 0);

    /// <summary>The answer to keep and to give. Null: nothing happened, and the call goes alone, which does it or finds out why not.</summary>
    public Task<string?> Settled => _settled.Task;

    public void Settle(string? answer) => _settled.TrySetResult(answer);

    public void Fail(Exception error) => _settled.TrySetException(error);
}
