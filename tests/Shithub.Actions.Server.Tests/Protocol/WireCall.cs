using System.Text;
using System.Text.Json;
using Shithub.Actions.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>One call of the job API, as path and body.</summary>
public sealed record WireCall(Func<ClaimedJob, string> Path, Func<ClaimedJob, string> Body)
{
    /// <summary>Every call with a job token that there is, by a name that reads in a test's title.</summary>
    private static readonly Dictionary<string, WireCall> Named = new(StringComparer.Ordinal)
    {
        ["a log of the job"] = Log(0, "hello from curl\n"),
        ["a log of a step"] = LogOfStep(1, 0, "hello from the step\n"),
        ["step running"] = Step(1, StatusNames.Running),
        ["step completed"] = Step(1, StatusNames.Completed, ConclusionNames.Success),
        ["step skipped"] = Step(1, StatusNames.Skipped),
        ["job running"] = Status(StatusNames.Running),
        ["job completed"] = Status(StatusNames.Completed, ConclusionNames.Success),
        ["job cancelled"] = Status(StatusNames.Cancelled),
        ["cancel check"] = new(job => $"/api/v1/jobs/{job.Id}/cancel-check", _ => "{}"),
    };

    public static WireCall CancelCheck => Named["cancel check"];

    public static TheoryData<string> All => [.. Named.Keys];

    /// <summary>Those after which the job goes on.</summary>
    public static TheoryData<string> InFlight => [.. Named.Keys.Where(name => name is not ("job completed" or "job cancelled"))];

    public static WireCall Of(string name) => Named[name];

    public static WireCall Log(int seq, string text, long? stepId = null) => new(
        job => $"/api/v1/jobs/{job.Id}/logs",
        _ => Json(new AppendLogRequest(seq, Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), stepId)));

    public static WireCall LogOfStep(int index, int seq, string text) => new(
        job => $"/api/v1/jobs/{job.Id}/logs",
        job => Json(new AppendLogRequest(seq, Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), job.Steps[index].Id)));

    public static WireCall Step(int index, string status, string? conclusion = null) => new(
        job => $"/api/v1/jobs/{job.Id}/steps/{job.Steps[index].Id}/status",
        _ => Json(new StatusRequest(status, conclusion)));

    public static WireCall Status(string status, string? conclusion = null) => new(
        job => $"/api/v1/jobs/{job.Id}/status",
        _ => Json(new StatusRequest(status, conclusion)));

    /// <summary>The same request but for one space: another body.</summary>
    public WireCall WithOtherBody() => this with { Body = job => Body(job).Replace("{", "{ ", StringComparison.Ordinal) };

    private static string Json(AppendLogRequest request) => JsonSerializer.Serialize(request, ProtocolJson.Default.AppendLogRequest);

    private static string Json(StatusRequest request) => JsonSerializer.Serialize(request, ProtocolJson.Default.StatusRequest);
}
