using System.Net;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>A claimed job and the token to go on with: every call that succeeds moves on to its next_token.</summary>
public sealed class JobCalls
{
    private JobCalls(RunnerCalls runner, HeartbeatResponse claim) => (Runner, Job, Token) = (runner, claim.Job, claim.Token);

    public RunnerCalls Runner { get; }

    public ClaimedJob Job { get; }

    public string Token { get; set; }

    public LeasedAttempt Lease => new(Job.Id, Job.Attempt);

    public static JobCalls From(RunnerCalls runner, Answer claim) => new(runner, claim.Read(ProtocolJson.Default.HeartbeatResponse));

    /// <summary>Calls with the current token and moves on when that worked.</summary>
    public async Task<Answer> CallAsync(WireCall call, string? key = null)
    {
        var answer = await SendAsync(call, Token, key);
        if (answer.Status == HttpStatusCode.OK)
            Token = answer.NextToken ?? Token;
        return answer;
    }

    /// <summary>Calls with any token and stays where it is.</summary>
    public Task<Answer> SendAsync(WireCall call, string? token, string? key = null, HttpClient? client = null) =>
        Answer.PostAsync(client ?? Runner.Server.Client, call.Path(Job), token, call.Body(Job), key);

    public Task<Answer> LogAsync(int seq, string text, long? stepId = null) => CallAsync(WireCall.Log(seq, text, stepId));

    public Task<Answer> StepAsync(int index, string status, string? conclusion = null) =>
        CallAsync(WireCall.Step(index, status, conclusion));

    public Task<Answer> StatusAsync(string status, string? conclusion = null) => CallAsync(WireCall.Status(status, conclusion));

    public async Task<bool> IsCancelledAsync() =>
        (await CallAsync(WireCall.CancelCheck)).MustBe(HttpStatusCode.OK).Json.GetProperty("cancelled").GetBoolean();

    public async Task CompleteAsync(string conclusion = ConclusionNames.Success) =>
        (await StatusAsync(StatusNames.Completed, conclusion)).MustBe(HttpStatusCode.OK);
}
