using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Shithub.Actions.Workflows.Syntax;

namespace Shithub.Actions.Workflows;

/// <summary>The canonical JSON of a workflow: one text for every way to write the same workflow in YAML.</summary>
public static class WorkflowJson
{
    private static readonly JsonWriterOptions Options =
        new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Keys as in the file and in a fixed order; lists for what may be one or a list; <c>on</c> as a mapping; expressions as
    /// written. What the file does not say is left out, but for <c>name</c> and <c>timeout-minutes</c>, which have defaults.
    /// </summary>
    public static string Write(Workflow workflow)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("name", workflow.DisplayName);
            WriteText(json, "description", workflow.Description);
            WriteText(json, "run-name", workflow.RunName?.Source);
            TriggersJson.Write(json, workflow.On);
            WritePermissions(json, workflow.Permissions);
            WritePairs(json, "env", workflow.Env);
            WriteDefaults(json, workflow.Defaults);
            WriteConcurrency(json, workflow.Concurrency);
            json.WriteStartObject("jobs");
            foreach (var job in workflow.Jobs)
                WriteJob(json, job);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteJob(Utf8JsonWriter json, WorkflowJob job)
    {
        json.WriteStartObject(job.Key);
        WriteText(json, "name", job.Name?.Source);
        WritePermissions(json, job.Permissions);
        if (job.Needs.Count > 0)
            WriteStrings(json, "needs", job.Needs);
        WriteText(json, "if", job.If?.Source);
        WriteStrategy(json, job.Strategy);
        WriteConcurrency(json, job.Concurrency);
        if (job.Call is { } call)
            WriteCall(json, call);
        else
            WriteOwnJob(json, job);
        json.WriteEndObject();
    }

    private static void WriteCall(Utf8JsonWriter json, WorkflowCall call)
    {
        json.WriteString("uses", call.Uses.Source);
        if (call.With.Count > 0)
        {
            json.WriteStartObject("with");
            foreach (var argument in call.With)
                WriteNode(json, argument.Name, argument.Value);
            json.WriteEndObject();
        }

        if (call.InheritSecrets)
            json.WriteString("secrets", "inherit");
        else
            WritePairs(json, "secrets", call.Secrets);
    }

    private static void WriteOwnJob(Utf8JsonWriter json, WorkflowJob job)
    {
        WriteRunsOn(json, job.RunsOn);
        WriteEnvironment(json, job.Environment);
        WritePairs(json, "outputs", job.Outputs);
        WriteSetting(json, "timeout-minutes", job.TimeoutMinutes, null);
        WriteSetting(json, "continue-on-error", job.ContinueOnError, false);
        if (job.Container is not null)
            WriteNode(json, "container", job.Container);
        if (job.Services is not null)
            WriteNode(json, "services", job.Services);
        WritePairs(json, "env", job.Env);
        WriteDefaults(json, job.Defaults);
        json.WriteStartArray("steps");
        foreach (var step in job.Steps)
            WriteStep(json, step);
        json.WriteEndArray();
    }

    private static void WriteRunsOn(Utf8JsonWriter json, RunsOn runsOn)
    {
        if (runsOn.Group is null)
        {
            WriteStrings(json, "runs-on", runsOn.Labels.Select(label => label.Source));
            return;
        }

        json.WriteStartObject("runs-on");
        json.WriteString("group", runsOn.Group.Source);
        if (runsOn.Labels.Count > 0)
            WriteStrings(json, "labels", runsOn.Labels.Select(label => label.Source));
        json.WriteEndObject();
    }

    private static void WriteEnvironment(Utf8JsonWriter json, EnvironmentSetting? environment)
    {
        if (environment is null)
            return;
        json.WriteStartObject("environment");
        json.WriteString("name", environment.Name.Source);
        WriteText(json, "url", environment.Url?.Source);
        json.WriteEndObject();
    }

    private static void WriteStrategy(Utf8JsonWriter json, Strategy? strategy)
    {
        if (strategy is null)
            return;
        if (strategy.Expression is { } expression)
        {
            json.WriteString("strategy", expression.Source);
            return;
        }

        json.WriteStartObject("strategy");
        if (strategy.Matrix is { Whole: { } whole })
        {
            json.WriteString("matrix", whole.Source);
        }
        else if (strategy.Matrix is { } matrix)
        {
            json.WriteStartObject("matrix");
            foreach (var axis in matrix.Axes)
                WriteNode(json, axis.Name, axis.Values);
            if (matrix.Include is not null)
                WriteNode(json, "include", matrix.Include);
            if (matrix.Exclude is not null)
                WriteNode(json, "exclude", matrix.Exclude);
            json.WriteEndObject();
        }

        WriteSetting(json, "fail-fast", strategy.FailFast, true);
        WriteSetting(json, "max-parallel", strategy.MaxParallel, 0);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, WorkflowStep step)
    {
        json.WriteStartObject();
        WriteText(json, "id", step.Id);
        WriteText(json, "name", step.Name?.Source);
        WriteText(json, "if", step.If?.Source);
        WriteText(json, "uses", step.Uses);
        WritePairs(json, "with", [.. step.With.Select(input => new EnvVariable(input.Name, input.Value))]);
        WriteText(json, "run", step.Run?.Source);
        WriteText(json, "shell", step.Shell?.Source);
        WriteText(json, "working-directory", step.WorkingDirectory?.Source);
        WritePairs(json, "env", step.Env);
        WriteSetting(json, "continue-on-error", step.ContinueOnError, false);
        if (step.TimeoutMinutes is { } timeout)
            WriteSetting(json, "timeout-minutes", timeout, null);
        json.WriteEndObject();
    }

    private static void WritePermissions(Utf8JsonWriter json, Permissions? permissions)
    {
        if (permissions is null)
            return;
        if (permissions.All is { } all)
        {
            json.WriteString("permissions", all + "-all");
            return;
        }

        json.WriteStartObject("permissions");
        foreach (var (scope, level) in permissions.Scopes.OrderBy(scope => scope.Key, StringComparer.Ordinal))
            json.WriteString(scope, level);
        if (permissions.Network is { } network)
            WriteStrings(json, PermissionsReader.NetworkKey, network);
        json.WriteEndObject();
    }

    private static void WriteDefaults(Utf8JsonWriter json, RunDefaults defaults)
    {
        if (defaults is { Shell: null, WorkingDirectory: null })
            return;
        json.WriteStartObject("defaults");
        json.WriteStartObject("run");
        WriteText(json, "shell", defaults.Shell?.Source);
        WriteText(json, "working-directory", defaults.WorkingDirectory?.Source);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteConcurrency(Utf8JsonWriter json, ConcurrencySetting? concurrency)
    {
        if (concurrency is null)
            return;
        json.WriteStartObject("concurrency");
        json.WriteString("group", concurrency.Group.Source);
        WriteSetting(json, "cancel-in-progress", concurrency.CancelInProgress, false);
        if (concurrency.Queue)
            json.WriteString("queue", "max");
        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, string name, TemplateNode node)
    {
        json.WritePropertyName(name);
        if (node.ToJson() is { } value)
            value.WriteTo(json);
        else
            json.WriteNullValue();
    }

    /// <param name="left">What is left out; null: nothing is.</param>
    private static void WriteSetting<T>(Utf8JsonWriter json, string name, Setting<T> setting, T? left)
        where T : struct
    {
        if (setting.Expression is { } expression)
            json.WriteString(name, expression.Source);
        else if (!setting.Value.Equals(left) && setting.Value is bool flag)
            json.WriteBoolean(name, flag);
        else if (!setting.Value.Equals(left) && setting.Value is int number)
            json.WriteNumber(name, number);
    }

    private static void WritePairs(Utf8JsonWriter json, string name, IReadOnlyList<EnvVariable> pairs)
    {
        if (pairs.Count == 0)
            return;
        if (pairs is [{ Name: WholeMapping.Under } whole])
        {
            json.WriteString(name, whole.Value.Source);
            return;
        }

        json.WriteStartObject(name);
        foreach (var pair in pairs)
            json.WriteString(pair.Name, pair.Value.Source);
        json.WriteEndObject();
    }

    internal static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    internal static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
