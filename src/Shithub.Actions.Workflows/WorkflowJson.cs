using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

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
            WriteTriggers(json, workflow.On);
            WriteEnv(json, workflow.Env);
            json.WriteStartObject("jobs");
            foreach (var job in workflow.Jobs)
                WriteJob(json, job);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteTriggers(Utf8JsonWriter json, WorkflowTriggers on)
    {
        json.WriteStartObject("on");
        if (on.Push is { } push)
        {
            json.WriteStartObject("push");
            WriteFilter(json, "branches", push.Branches);
            WriteFilter(json, "tags", push.Tags);
            WriteFilter(json, "paths", push.Paths);
            json.WriteEndObject();
        }

        if (on.WorkflowDispatch is { } dispatch)
        {
            json.WriteStartObject("workflow_dispatch");
            if (dispatch.Inputs.Count > 0)
            {
                json.WriteStartObject("inputs");
                foreach (var input in dispatch.Inputs)
                    WriteInput(json, input);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        foreach (var name in on.NeverFiring)
        {
            json.WriteStartObject(name);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteFilter(Utf8JsonWriter json, string name, PatternFilter? filter)
    {
        if (filter is not null)
            WriteStrings(json, filter.Ignore ? name + "-ignore" : name, filter.Patterns.Select(pattern => pattern.Text));
    }

    private static void WriteInput(Utf8JsonWriter json, DispatchInput input)
    {
        json.WriteStartObject(input.Name);
        WriteText(json, "description", input.Description);
        json.WriteBoolean("required", input.Required);
        json.WriteString("type", input.Type.ToString().ToLowerInvariant());
        WriteText(json, "default", input.Default);
        if (input.Options.Count > 0)
            WriteStrings(json, "options", input.Options);
        json.WriteEndObject();
    }

    private static void WriteJob(Utf8JsonWriter json, WorkflowJob job)
    {
        json.WriteStartObject(job.Key);
        WriteText(json, "name", job.Name?.Source);
        WriteStrings(json, "runs-on", job.RunsOn.Select(label => label.Source));
        if (job.Needs.Count > 0)
            WriteStrings(json, "needs", job.Needs);
        if (job.TimeoutMinutes.Expression is { } timeout)
            json.WriteString("timeout-minutes", timeout.Source);
        else
            json.WriteNumber("timeout-minutes", job.TimeoutMinutes.Value);
        WriteEnv(json, job.Env);
        json.WriteStartArray("steps");
        foreach (var step in job.Steps)
            WriteStep(json, step);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, WorkflowStep step)
    {
        json.WriteStartObject();
        WriteText(json, "id", step.Id);
        WriteText(json, "name", step.Name?.Source);
        WriteText(json, "uses", step.Uses);
        if (step.With.Count > 0)
        {
            json.WriteStartObject("with");
            foreach (var input in step.With)
                json.WriteString(input.Name, input.Value.Source);
            json.WriteEndObject();
        }

        WriteText(json, "run", step.Run?.Source);
        WriteText(json, "shell", step.Shell);
        WriteText(json, "working-directory", step.WorkingDirectory?.Source);
        WriteEnv(json, step.Env);
        if (step.ContinueOnError.Expression is { } expression)
            json.WriteString("continue-on-error", expression.Source);
        else if (step.ContinueOnError.Value)
            json.WriteBoolean("continue-on-error", true);
        json.WriteEndObject();
    }

    private static void WriteEnv(Utf8JsonWriter json, IReadOnlyList<EnvVariable> env)
    {
        if (env.Count == 0)
            return;
        json.WriteStartObject("env");
        foreach (var variable in env)
            json.WriteString(variable.Name, variable.Value.Source);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
