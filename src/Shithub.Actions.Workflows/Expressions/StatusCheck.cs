namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// What GitHub's status check functions say at one moment of a run; <c>always()</c> needs nobody to tell.
/// </summary>
/// <param name="Success">Of a step: all previous steps have succeeded. Of a job: all jobs that it needs have.</param>
/// <param name="Failure">Of a step: a previous step has failed. Of a job: a job that it needs has, or one that those need.</param>
/// <param name="Cancelled">The run was cancelled.</param>
public sealed record StatusCheck(bool Success, bool Failure, bool Cancelled)
{
    /// <summary>From <c>job.status</c>: <c>success</c>, <c>failure</c> or <c>cancelled</c>.</summary>
    public static StatusCheck Of(string jobStatus) => new(
        jobStatus.Equals("success", StringComparison.OrdinalIgnoreCase),
        jobStatus.Equals("failure", StringComparison.OrdinalIgnoreCase),
        jobStatus.Equals("cancelled", StringComparison.OrdinalIgnoreCase));
}
