using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>
/// Turns a workflow file and an event into a run that can be enqueued. Triggers and reruns both come through here, so the same file at the
/// same commit means the same.
/// </summary>
public sealed class PlanRun(PublicUrl url)
{
    // The lock keeps the number until the run is enqueued with it, in this transaction. Row references (key share) pass it.
    private const string NextNumbers = """
        select nextval(pg_get_serial_sequence('workflow_runs', 'id')) as run_id, last_run_index + 1 as run_index
        from repositories
        where id = @Id
        for no key update
        """;

    // Nearest wins: the repository's own, its owner's, the site's.
    private const string ReadVariables = """
        select distinct on (upper(name)) name, value
        from actions_variables
        where repo_id = @RepoId or owner_id = @OwnerId or (repo_id is null and owner_id is null)
        order by upper(name), repo_id nulls last, owner_id nulls last
        limit 1000
        """;

    /// <summary>
    /// The run, to be enqueued in the same transaction: a plan, or the diagnostics that it will show. The repository stays locked until the
    /// transaction ends, so that <c>run_number</c> is what the run will have.
    /// </summary>
    public async Task<NewRun> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Repository repository, string file, LoadedWorkflows loaded,
        RunTrigger trigger, CancellationToken cancellation)
    {
        var (runId, runIndex) = await connection.QuerySingleAsync<(long, int)>(
            new CommandDefinition(NextNumbers, new { repository.Id }, transaction, cancellationToken: cancellation));
        return await ExecuteAsync(connection, transaction, repository, file, loaded, trigger, runId, runIndex, cancellation);
    }

    /// <summary>The plan of a run that has its numbers, as when an approval gives it other files.</summary>
    public async Task<NewRun> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Repository repository, string file, LoadedWorkflows loaded,
        RunTrigger trigger, long runId, int runIndex, CancellationToken cancellation)
    {
        var workflow = loaded.Set?.RootSource.Workflow;
        var run = new NewRun
        {
            RunId = runId,
            RepoId = repository.Id,
            WorkflowFile = file,
            WorkflowName = workflow?.DisplayName ?? file,
            Title = trigger.Title,
            Event = trigger.Event,
            EventPayload = trigger.Payload,
            Inputs = trigger.Inputs,
            HeadSha = trigger.HeadSha,
            HeadRef = trigger.HeadRef,
            ActorId = trigger.ActorId,
            TriggerEventId = trigger.TriggerEventId,
            ParentRunId = trigger.ParentRunId,
            CheckoutSha = trigger.CheckoutSha,
            WorkflowSha = trigger.WorkflowSha,
            Trust = trigger.Trust,
            AwaitsApproval = trigger.AwaitsApproval,
            PullRequestId = trigger.PullRequestId,
            ChainDepth = trigger.ChainDepth,
        };
        if (loaded.Set is not { } set || workflow is null)
            return run with { Diagnostics = loaded.Diagnostics };
        var github = Context(repository, file, workflow, trigger, runId, runIndex);
        var vars = await VariablesAsync(connection, transaction, repository, cancellation);
        var planned = RunPlanner.Plan(set, new PlanContext(
            github, vars, trigger.Inputs.ToDictionary(input => input.Key, input => input.Value, StringComparer.Ordinal)),
            trigger.AwaitsApproval);
        if (planned.Decision is not { } decision)
            return run with { Diagnostics = planned.Diagnostics };
        if (await QueueCaps.ComplaintAsync(
            connection, transaction, repository.Id, trigger.ActorId, trigger.TriggerEventId, file, decision.Jobs.Count, cancellation) is { } full)
        {
            return run with { Diagnostics = [full] };
        }

        github.Remove("event");
        return run with
        {
            Title = planned.Title ?? run.Title,
            Plan = new PlannedRun(
                new RunDefinition(loaded.Sources, github, vars, loaded.Actions), decision, planned.Concurrency,
                path => RunMachine.Describe(set, decision.Calls, path)),
        };
    }

    /// <summary>The <c>shithub</c> context, with the members that GitHub documents for <c>github</c>.</summary>
    private JsonObject Context(
        Repository repository, string file, Workflow workflow, RunTrigger trigger, long runId, int runIndex)
    {
        var isTag = trigger.HeadRef.StartsWith("refs/tags/", StringComparison.Ordinal);
        var context = new JsonObject
        {
            ["actor"] = trigger.Actor,
            ["triggering_actor"] = trigger.Actor,
            ["event"] = trigger.Payload.DeepClone(),
            ["event_name"] = trigger.Event,
            ["ref"] = trigger.HeadRef,
            ["ref_name"] = RefName.WithoutPrefix(trigger.HeadRef),
            ["ref_type"] = isTag ? "tag" : "branch",
            ["repository"] = repository.FullName,
            ["repository_id"] = repository.Id,
            ["repository_owner"] = repository.Owner,
            ["repository_owner_id"] = repository.OwnerId,
            ["run_id"] = runId,
            ["run_number"] = runIndex,
            ["run_attempt"] = 1,
            ["server_url"] = url.Base,
            ["api_url"] = url.Of("api/v1"),
            ["sha"] = trigger.CheckoutSha ?? trigger.HeadSha,
            ["workflow"] = workflow.Name ?? file,
            ["workflow_ref"] = $"{repository.FullName}/{file}@{trigger.HeadRef}",
            ["workflow_sha"] = trigger.WorkflowSha ?? trigger.HeadSha,
        };
        if (trigger.Payload["pull_request"] is JsonObject pull)
        {
            context["head_ref"] = pull["head"]?["ref"]?.DeepClone();
            context["base_ref"] = pull["base"]?["ref"]?.DeepClone();
        }

        return context;
    }

    private static async Task<Dictionary<string, string>> VariablesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Repository repository, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string Name, string Value)>(new CommandDefinition(
            ReadVariables, new { RepoId = repository.Id, repository.OwnerId }, transaction, cancellationToken: cancellation));
        return rows.ToDictionary(row => row.Name, row => row.Value, StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>What started a run, as far as its plan needs to know.</summary>
/// <param name="TriggerEventId">Unique per repository, file and event.</param>
public sealed record RunTrigger(
    string Event,
    JsonObject Payload,
    JsonObject Inputs,
    string HeadSha,
    string HeadRef,
    long? ActorId,
    string Actor,
    string Title,
    string TriggerEventId,
    long? ParentRunId = null)
{
    /// <summary>What jobs check out, where it is not the head: the merge of a pull request.</summary>
    public string? CheckoutSha { get; init; }

    /// <summary>The commit that the workflow files come from, where it is not the head.</summary>
    public string? WorkflowSha { get; init; }

    /// <summary>One of <see cref="RunTrust"/>; null: as the event's name says.</summary>
    public string? Trust { get; init; }

    /// <summary>No job starts until somebody who may write approves the run.</summary>
    public bool AwaitsApproval { get; init; }

    public long? PullRequestId { get; init; }

    /// <summary>How many runs in a row led to this one.</summary>
    public int ChainDepth { get; init; }
}
