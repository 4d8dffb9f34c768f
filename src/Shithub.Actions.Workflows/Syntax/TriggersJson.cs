using System.Text.Json;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>The canonical JSON of <c>on</c>: always a mapping of events.</summary>
internal static class TriggersJson
{
    public static void Write(Utf8JsonWriter json, WorkflowTriggers on)
    {
        json.WriteStartObject("on");
        if (on.Push is { } push)
        {
            json.WriteStartObject(EventNames.Push);
            WriteFilter(json, "branches", push.Branches);
            WriteFilter(json, "tags", push.Tags);
            WriteFilter(json, "paths", push.Paths);
            json.WriteEndObject();
        }

        if (on.PullRequest is { } request)
        {
            json.WriteStartObject(EventNames.PullRequest);
            WorkflowJson.WriteStrings(json, "types", request.Types);
            WriteFilter(json, "branches", request.Branches);
            WriteFilter(json, "paths", request.Paths);
            json.WriteEndObject();
        }

        if (on.WorkflowDispatch is { } dispatch)
        {
            json.WriteStartObject(EventNames.WorkflowDispatch);
            WriteAll(json, "inputs", dispatch.Inputs, WriteInput);
            json.WriteEndObject();
        }

        WriteSchedules(json, on.Schedules);
        if (on.RepositoryDispatch is { } repository)
        {
            json.WriteStartObject(EventNames.RepositoryDispatch);
            if (repository.Types is { } types)
                WorkflowJson.WriteStrings(json, "types", types);
            json.WriteEndObject();
        }

        if (on.WorkflowCall is { } call)
            WriteCall(json, call);
        if (on.WorkflowRun is { } run)
        {
            json.WriteStartObject(EventNames.WorkflowRun);
            WorkflowJson.WriteStrings(json, "workflows", run.Workflows);
            WorkflowJson.WriteStrings(json, "types", run.Types);
            WriteFilter(json, "branches", run.Branches);
            json.WriteEndObject();
        }

        foreach (var name in on.NeverFiring)
        {
            json.WriteStartObject(name);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSchedules(Utf8JsonWriter json, IReadOnlyList<ScheduleTrigger> schedules)
    {
        if (schedules.Count == 0)
            return;
        json.WriteStartArray(EventNames.Schedule);
        foreach (var schedule in schedules)
        {
            json.WriteStartObject();
            json.WriteString("cron", schedule.Cron);
            WorkflowJson.WriteText(json, "timezone", schedule.TimeZone);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteCall(Utf8JsonWriter json, CallTrigger call)
    {
        json.WriteStartObject(EventNames.WorkflowCall);
        WriteAll(json, "inputs", call.Inputs, WriteCallInput);
        WriteAll(json, "secrets", call.Secrets, (json, secret) =>
        {
            json.WriteStartObject(secret.Name);
            WorkflowJson.WriteText(json, "description", secret.Description);
            json.WriteBoolean("required", secret.Required);
            json.WriteEndObject();
        });
        WriteAll(json, "outputs", call.Outputs, (json, output) =>
        {
            json.WriteStartObject(output.Name);
            WorkflowJson.WriteText(json, "description", output.Description);
            json.WriteString("value", output.Value.Source);
            json.WriteEndObject();
        });
        json.WriteEndObject();
    }

    private static void WriteAll<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
            return;
        json.WriteStartObject(name);
        foreach (var item in items)
            write(json, item);
        json.WriteEndObject();
    }

    private static void WriteFilter(Utf8JsonWriter json, string name, PatternFilter? filter)
    {
        if (filter is not null)
            WorkflowJson.WriteStrings(json, filter.Ignore ? name + "-ignore" : name, filter.Patterns.Select(pattern => pattern.Text));
    }

    private static void WriteInput(Utf8JsonWriter json, DispatchInput input)
    {
        json.WriteStartObject(input.Name);
        WorkflowJson.WriteText(json, "description", input.Description);
        json.WriteBoolean("required", input.Required);
        json.WriteString("type", TypeName(input.Type));
        WorkflowJson.WriteText(json, "default", input.Default);
        if (input.Options.Count > 0)
            WorkflowJson.WriteStrings(json, "options", input.Options);
        json.WriteEndObject();
    }

    private static void WriteCallInput(Utf8JsonWriter json, CallInput input)
    {
        json.WriteStartObject(input.Name);
        WorkflowJson.WriteText(json, "description", input.Description);
        json.WriteBoolean("required", input.Required);
        json.WriteString("type", TypeName(input.Type));
        WorkflowJson.WriteText(json, "default", input.Default?.Source);
        json.WriteEndObject();
    }

    private static string TypeName(DispatchInputType type) => DispatchInputReader.Types.First(pair => pair.Value == type).Key;
}
