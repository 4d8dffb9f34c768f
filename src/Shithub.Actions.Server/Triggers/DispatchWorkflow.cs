using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Database;
using Shithub.Actions.Server.Http;
using Shithub.Actions.Server.Repositories;
using Shithub.Actions.Server.Runs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Triggers;

/// <summary>Starts a workflow by hand. The caller gets its run at once, so nothing is left to do in the background.</summary>
public sealed class DispatchWorkflow(
    NpgsqlDataSource dataSource, RepositoryStore repositories, LoadWorkflows load, PlanRun plan, ActionsPolicy policy, PublicUrl url,
    Notifications notifications)
{
    /// <param name="file">The workflow's path, or its name within <see cref="WorkflowFiles.Folder"/>.</param>
    /// <param name="reference">A branch or tag, in short or in full.</param>
    /// <param name="inputs">As text; each is checked against the workflow's own <c>inputs</c>.</param>
    /// <param name="call">With one, the same request of the same person twice makes one run.</param>
    public async Task<DispatchOutcome> ExecuteAsync(
        Repository repository, Actor actor, string file, string reference, IReadOnlyDictionary<string, string> inputs, IdempotentCall? call,
        CancellationToken cancellation)
    {
        if (call is not null)
        {
            await using var look = await dataSource.OpenConnectionAsync(cancellation);
            if (await IdempotentCalls.FindAsync(look, call, cancellation) is { } earlier)
                return await RepeatAsync(look, earlier, cancellation);
        }

        if (!await policy.IsEnabledAsync(repository.Id, cancellation))
            return DispatchOutcome.Refuse(null, $"Actions are disabled for {repository.FullName}. Ask an administrator to enable them.");
        var git = repositories.Open(repository.Id);
        if (await ResolveAsync(git, reference, cancellation) is not { } head)
            return DispatchOutcome.Refuse("ref", $"There is no branch or tag '{reference}' in {repository.FullName}.");
        if (await WorkflowFiles.ReadAsync(git, head.Sha, file, repository.GitHubWorkflows, cancellation) is not { } found)
            return DispatchOutcome.Refuse("workflow", $"There is no workflow '{file}' in {WorkflowFiles.Folder} at {head.Ref}.");
        if (found.Parsed.Workflow is not { } workflow)
        {
            return DispatchOutcome.Refuse(
                "workflow", string.Join('\n', found.Parsed.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        }

        if (workflow.On.WorkflowDispatch is null)
            return DispatchOutcome.Refuse("workflow", $"{found.Path} can't be started by hand: add 'workflow_dispatch:' to its 'on:'.");
        var checkedInputs = DispatchInputs.Validate(workflow, inputs);
        if (checkedInputs.Errors is [var error, ..])
            return DispatchOutcome.Refuse($"inputs.{error.Input}", error.Message);

        var commits = await git.ReadCommitsAsync(head.Sha, null, 1, cancellation);
        var payload = new JsonObject
        {
            ["ref"] = head.Ref,
            ["workflow"] = found.Path,
            ["inputs"] = new JsonObject(checkedInputs.EventInputs.Select(input => KeyValuePair.Create(input.Key, (JsonNode?)input.Value))),
            ["repository"] = PushPayload.Describe(repository, url.Of(repository.FullName)),
            ["sender"] = new JsonObject { ["login"] = actor.Name, ["type"] = "User" },
        };
        var trigger = new RunTrigger(
            "workflow_dispatch", payload, new JsonObject(checkedInputs.Values.Select(input => KeyValuePair.Create(input.Key, input.Value?.DeepClone()))),
            head.Sha, head.Ref, actor.UserId, actor.Name, commits is [var commit, ..] ? commit.Subject : workflow.DisplayName, call is null
                ? $"dispatch:{Guid.CreateVersion7()}"
                : string.Create(CultureInfo.InvariantCulture, $"dispatch:{actor.UserId}:{call.Key}"));
        var loaded = await load.ExecuteAsync(repository, head.Sha, found, cancellation);
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await IdempotentCalls.BeginAsync(connection, transaction, call, cancellation) is { } first)
            return await RepeatAsync(connection, first, cancellation);
        var run = await plan.ExecuteAsync(connection, transaction, repository, found.Path, loaded, trigger, cancellation);
        var enqueued = await EnqueueRun.ExecuteAsync(connection, transaction, run, cancellation);
        await IdempotentCalls.MadeAsync(connection, transaction, call, enqueued.RunId, cancellation);
        await transaction.CommitAsync(cancellation);
        notifications.Signal(Topic.Queue);
        return new DispatchOutcome(enqueued, null, null);
    }

    private static async Task<DispatchOutcome> RepeatAsync(NpgsqlConnection connection, EarlierCall earlier, CancellationToken cancellation) =>
        await DispatchOutcome.OfAsync(connection, earlier, cancellation)
        ?? DispatchOutcome.Refuse(null, "The run that this request started is gone. Send a new request to start another.");

    /// <summary>A branch wins over a tag of the same name, as on GitHub.</summary>
    public static async Task<(string Ref, string Sha)?> ResolveAsync(GitRepository git, string reference, CancellationToken cancellation)
    {
        string[] candidates = reference.StartsWith("refs/", StringComparison.Ordinal)
            ? [reference]
            : [$"refs/heads/{reference}", $"refs/tags/{reference}"];
        foreach (var candidate in candidates)
        {
            if (RefName.IsBranchOrTag(candidate) && await git.FindCommitAsync(candidate, cancellation) is { } sha)
                return (candidate, sha);
        }

        return null;
    }
}

/// <summary>Either the run, or why not.</summary>
/// <param name="Field">The member of the request that was wrong, or null where it was not the request.</param>
public sealed record DispatchOutcome(EnqueuedRun? Run, string? Field, string? Detail)
{
    public static DispatchOutcome Refuse(string? field, string detail) => new(null, field, detail);

    /// <summary>That of an earlier call with the same key.</summary>
    /// <returns>Null where the run that it made is gone.</returns>
    public static async Task<DispatchOutcome?> OfAsync(NpgsqlConnection connection, EarlierCall earlier, CancellationToken cancellation)
    {
        if (!earlier.IsTheSame)
            return Refuse(IdempotencyKey.Header, EarlierCall.Complaint);
        return await EnqueueRun.FindAsync(connection, earlier.MadeId!.Value, cancellation) is { } run ? new DispatchOutcome(run, null, null) : null;
    }
}
