using Npgsql;

namespace Shithub.Actions.Server.Runs;

/// <summary>
/// Events <c>workflow_run</c>, written in the transaction that makes a run or ends it, where some workflow of the default branch waits for
/// them. They have the trust of the run that causes them: what a stranger's run leaves behind is as untrusted as the run. A run that
/// waits for approval has not been requested yet, and one that never got it causes nothing. What they say, the function <c>tell_workflow_runs</c>
/// of migrations/0024_claims_choose_together.sql has.
/// </summary>
internal static class WorkflowRunEvents
{
    private const string Tell = "select tell_workflow_runs(array[@run_id], @action)";

    public static Task RequestedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        TellAsync(connection, transaction, runId, "requested", cancellation);

    public static Task CompletedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation) =>
        TellAsync(connection, transaction, runId, "completed", cancellation);

    private static async Task TellAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, string action, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Tell, connection, transaction)
        {
            Parameters = { RunProgress.RunId(runId), new NpgsqlParameter<string>("action", action) },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
