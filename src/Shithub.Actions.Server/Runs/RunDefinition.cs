using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Server.Runs;

/// <summary>What a run's decisions need, kept as it was when the run was made, so that no later change can give the run another meaning.</summary>
/// <param name="Sources">The run's own workflow first.</param>
/// <param name="GitHub">The context <c>github</c> without <c>event</c>, which the run has.</param>
public sealed record RunDefinition(
    IReadOnlyList<SourceText> Sources, JsonObject GitHub, IReadOnlyDictionary<string, string> Vars, IReadOnlyList<ResolvedAction> Actions)
{
    public static readonly string Insert = """
        insert into workflow_run_definitions (run_id, sources, github, vars, calls, actions)
        values (@RunId, @Sources::json, @GitHub::json, @Vars::json, @Calls::json, @Actions::json)
        """;

    private const string Select = """
        select d.sources::text as Sources, d.github::text as GitHub, d.vars::text as Vars, d.calls::text as Calls, r.inputs::text as Inputs,
            r.event_payload::text as Event,
            array(
                select m.call_path
                from concurrency_members m
                where m.run_id = r.id and m.call_path is not null and m.held_since is null) as HeldCalls
        from workflow_run_definitions d
        join workflow_runs r on r.id = d.run_id
        where d.run_id = @RunId
        """;

    public object Parameters(long runId, IReadOnlyList<CallState> calls) => new
    {
        RunId = runId,
        Sources = JsonSerializer.Serialize(Sources, RunStateJson.Default.IReadOnlyListSourceText),
        GitHub = GitHub.ToJsonString(),
        Vars = JsonSerializer.Serialize(Vars, RunStateJson.Default.IReadOnlyDictionaryStringString),
        Calls = WriteCalls(calls),
        Actions = JsonSerializer.Serialize(Actions, RunStateJson.Default.IReadOnlyListResolvedAction),
    };

    public static string WriteCalls(IReadOnlyList<CallState> calls) => JsonSerializer.Serialize(calls, RunStateJson.Default.IReadOnlyListCallState);

    /// <summary>What <see cref="RunMachine"/> needs beside the jobs; null for a run that had no plan.</summary>
    public static async Task<(WorkflowSet Set, PlanContext Context, IReadOnlyList<CallState> Calls)?> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long runId, CancellationToken cancellation)
    {
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            new CommandDefinition(Select, new { RunId = runId }, transaction, cancellationToken: cancellation));
        if (row is null)
            return null;
        var github = (JsonObject)JsonNode.Parse(row.GitHub)!;
        github["event"] = JsonNode.Parse(row.Event);
        var inputs = (JsonObject)JsonNode.Parse(row.Inputs)!;
        var context = new PlanContext(
            github,
            JsonSerializer.Deserialize(row.Vars, RunStateJson.Default.IReadOnlyDictionaryStringString)!,
            inputs.ToDictionary(input => input.Key, input => input.Value, StringComparer.Ordinal));
        return (
            Parse(JsonSerializer.Deserialize(row.Sources, RunStateJson.Default.IReadOnlyListSourceText)!),
            context,
            [.. JsonSerializer.Deserialize(row.Calls, RunStateJson.Default.IReadOnlyListCallState)!
                .Select(call => call with { IsHeld = row.HeldCalls.Contains(call.Path, StringComparer.Ordinal) })]);
    }

    private static WorkflowSet Parse(IReadOnlyList<SourceText> sources) => new(
        sources[0].Id,
        sources.ToDictionary(
            source => source.Id,
            source => new WorkflowSource(
                source.Id,
                WorkflowReader.Parse(source.Path, System.Text.Encoding.UTF8.GetBytes(source.Text)).Workflow
                    ?? throw new InvalidOperationException($"the workflow {source.Id} could be read when its run was made, and cannot any more"),
                source.Calls)
            {
                Repository = source.Repository,
                Commit = source.Commit,
            },
            StringComparer.Ordinal));

    private sealed record Row
    {
        public string Sources { get; init; } = "";

        public string GitHub { get; init; } = "";

        public string Vars { get; init; } = "";

        public string Calls { get; init; } = "";

        public string Inputs { get; init; } = "";

        public string Event { get; init; } = "";

        public string[] HeldCalls { get; init; } = [];
    }
}

/// <summary>A workflow file of a run.</summary>
/// <param name="Id">As in <see cref="WorkflowSource"/>.</param>
/// <param name="Repository"><c>owner/name</c> where it is not the run's own.</param>
/// <param name="Calls">From a <c>uses</c> to the id of the workflow it means.</param>
public sealed record SourceText(
    string Id, string Path, string? Repository, string? Commit, string Text, IReadOnlyDictionary<string, string> Calls);

/// <summary>A composite action of another repository, resolved when the run was made.</summary>
public sealed record ResolvedAction(string Uses, long RepositoryId, string Repository, string Sha);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<SourceText>))]
[JsonSerializable(typeof(IReadOnlyList<ResolvedAction>))]
[JsonSerializable(typeof(IReadOnlyList<CallState>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(JobLeg))]
[JsonSerializable(typeof(MarkedJson))]
[JsonSerializable(typeof(JobDefaults))]
[JsonSerializable(typeof(SecretPlan))]
internal sealed partial class RunStateJson : JsonSerializerContext;
