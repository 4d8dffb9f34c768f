using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin actions plan</c>: what an event would start. It needs no server, no settings and no database.</summary>
internal static class PlanCommand
{
    private const int MaxPayloadBytes = 16 * 1024 * 1024;

    /// <summary>Exit codes: 0 there is a plan (it may say that nothing runs), 1 a file can't be read, 2 the workflow is refused.</summary>
    public static Command Build()
    {
        var file = new Argument<string>("file") { Description = "A workflow file." };
        var @event = new Option<string>("--event") { Description = "What happens: push, pull_request, workflow_dispatch, schedule, …", DefaultValueFactory = _ => "push" };
        var reference = new Option<string>("--ref") { Description = "A branch, a tag, or a ref in full.", DefaultValueFactory = _ => "refs/heads/trunk" };
        var payload = new Option<string?>("--payload") { Description = "A JSON file with the event's payload: github.event." };
        var explain = new Option<bool>("--explain") { Description = "Say which part of which condition decided." };
        var inputs = new Option<string[]>("--input") { Description = "NAME=VALUE of a workflow_dispatch; again for more." };
        var variables = new Option<string[]>("--var") { Description = "NAME=VALUE of the context vars; again for more." };
        var paths = new Option<string[]>("--changed") { Description = "A path that the event changes; again for more. Without any, path filters pass." };
        var repository = new Option<string>("--repository") { Description = "OWNER/NAME.", DefaultValueFactory = _ => "owner/repository" };
        var actor = new Option<string>("--actor") { Description = "Who causes the event.", DefaultValueFactory = _ => "actor" };
        var output = new Option<string>("--output") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(
            "plan", "Show what an event would start: jobs, what is skipped and why, labels, secrets and variables; on the assumption that "
            + "every job succeeds. Exit code 1: a file can't be read, 2: the workflow would be refused.")
        {
            file, @event, reference, payload, explain, inputs, variables, paths, repository, actor, output,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            var path = parse.GetValue(file)!;
            byte[] bytes;
            JsonObject eventPayload;
            try
            {
                bytes = await CommandFile.ReadAsync(path, WorkflowLimits.MaxFileBytes, cancellation);
            }
            catch (Exception error) when (CommandFile.IsUnreadable(error))
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{path} can't be read: {error.Message}");
            }

            try
            {
                eventPayload = await ReadPayloadAsync(parse.GetValue(payload), cancellation);
            }
            catch (Exception error) when (CommandFile.IsUnreadable(error) || error is JsonException)
            {
                return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{parse.GetValue(payload)} can't be read: {error.Message}");
            }

            if (Pairs(parse.GetValue(inputs)) is not { } givenInputs || Pairs(parse.GetValue(variables)) is not { } vars)
                return CommandContext.Fail(parse, CommandContext.WrongUsage, "--input and --var take NAME=VALUE.");
            var parsed = WorkflowReader.Parse(path, bytes);
            var errors = parse.InvocationConfiguration.Error;
            foreach (var diagnostic in parsed.Diagnostics)
                errors.WriteLine(diagnostic);
            if (parsed.Workflow is not { } workflow)
                return CommandContext.Refused;

            var source = new PlanEvent(
                parse.GetValue(@event)!, PlanEvent.FullRef(parse.GetValue(reference)!), eventPayload, parse.GetValue(repository)!,
                parse.GetValue(actor)!, parse.GetValue(paths) is { Length: > 0 } changed ? changed : null);
            var typed = source.InputsOf(workflow, givenInputs);
            if (typed.Errors.Count > 0)
            {
                foreach (var error in typed.Errors)
                    errors.WriteLine(error.Message);
                return CommandContext.Refused;
            }

            var builder = new WorkflowSetBuilder(workflow);
            ReadCalled(builder, LocalFolder.Of(path));
            foreach (var diagnostic in builder.Diagnostics)
                errors.WriteLine(diagnostic);
            if (builder.Build() is not { } set)
                return CommandContext.Refused;
            var isTriggered = source.Triggers(workflow);
            var preview = PlanPreview.Of(set, source.Context(workflow, vars, typed.Values));
            foreach (var diagnostic in preview.Diagnostics.Except(parsed.Diagnostics))
                errors.WriteLine(diagnostic);
            var writer = parse.InvocationConfiguration.Output;
            if (parse.GetValue(output) == "json")
                writer.WriteLine(PlanJson.Write(preview, source, isTriggered));
            else
                PlanText.Write(writer, preview, source, isTriggered, parse.GetValue(explain));
            return preview.Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
                ? CommandContext.Refused
                : CommandContext.Done;
        });
        return command;
    }

    private static async Task<JsonObject> ReadPayloadAsync(string? file, CancellationToken cancellation)
    {
        if (file is null)
            return [];
        var bytes = await CommandFile.ReadAsync(file, MaxPayloadBytes, cancellation);
        return JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { MaxDepth = WorkflowLimits.MaxValueDepth }) as JsonObject
            ?? throw new JsonException("it is no JSON object");
    }

    private static Dictionary<string, string>? Pairs(string[]? given)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in given ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                return null;
            pairs[pair[..equals]] = pair[(equals + 1)..];
        }

        return pairs;
    }

    /// <summary>Follows calls of the same repository; those of others are known to a server only.</summary>
    private static void ReadCalled(WorkflowSetBuilder builder, string folder)
    {
        while (builder.Next is var (_, call))
        {
            if (call.Uses.Repository is not null)
            {
                builder.Leave();
                continue;
            }

            var path = Path.Combine(folder, call.Uses.Path);
            try
            {
                var info = new FileInfo(path);
                if (!info.Exists)
                {
                    builder.Refuse($"there is no file '{call.Uses.Path}' in {folder}");
                    continue;
                }

                var parsed = WorkflowReader.Parse(
                    call.Uses.Path, info.Length > WorkflowLimits.MaxFileBytes ? new byte[WorkflowLimits.MaxFileBytes + 1] : File.ReadAllBytes(path));
                if (parsed.Workflow is { } workflow)
                    builder.Add(new WorkflowSource(call.Uses.Path, workflow, new Dictionary<string, string>()));
                else
                    builder.Refuse($"the called workflow '{call.Uses.Source}' has errors", null, parsed.Diagnostics);
            }
            catch (Exception error) when (CommandFile.IsUnreadable(error))
            {
                builder.Refuse($"'{call.Uses.Path}' can't be read: {error.Message}");
            }
        }
    }
}

/// <summary>Finds the working tree that a workflow file is in.</summary>
internal static class LocalFolder
{
    public static string Of(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            if (Path.Exists(Path.Combine(at.FullName, ".git")) || Directory.Exists(Path.Combine(at.FullName, Triggers.WorkflowFiles.Folder)))
                return at.FullName;
        }

        return folder;
    }
}
