using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Server.Admin;

/// <summary><c>shithubd admin actions eval</c>: what an expression gives. It needs no server and no settings.</summary>
internal static class EvalCommand
{
    private const int MaxContextsBytes = 16 * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Exit codes: 0 there is a value, 1 the contexts can't be read, 2 the expression is wrong or fails.</summary>
    public static Command Build()
    {
        var expression = new Argument<string>("expression") { Description = "With ${{ }} or without. An empty one is null, as on GitHub." };
        var contexts = new Option<string?>("--contexts")
        {
            Description = "A JSON object; each of its members is a context. - for standard input.",
        };
        var command = new Command(
            "eval", "Evaluate an expression: its kind and value on standard output as JSON. success() and the like go by job.status; "
            + "hashFiles looks at the current folder. Exit code 1: the contexts can't be read, 2: the expression is wrong or fails.")
        {
            expression,
            contexts,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            Dictionary<string, ExpressionValue> values = [];
            if (parse.GetValue(contexts) is { } file)
            {
                try
                {
                    values = ReadContexts(await CommandFile.ReadAsync(file, MaxContextsBytes, cancellation));
                }
                catch (Exception error) when (CommandFile.IsUnreadable(error) || error is FormatException)
                {
                    return CommandContext.Fail(parse, CommandContext.WrongUsage, $"{file} can't be read: {error.Message}");
                }
            }

            var diagnostics = new DiagnosticBag("expression");
            var value = Evaluate(parse.GetValue(expression)!, values, diagnostics, cancellation);
            foreach (var diagnostic in diagnostics.ToList())
                parse.InvocationConfiguration.Error.WriteLine(diagnostic);
            if (value is null)
                return CommandContext.Refused;
            var result = new JsonObject { ["kind"] = value.Kind, ["value"] = ContextJson.Write(value).Value };
            parse.InvocationConfiguration.Output.WriteLine(result.ToJsonString(Json));
            return CommandContext.Done;
        });
        return command;
    }

    private static ExpressionValue? Evaluate(
        string expression, Dictionary<string, ExpressionValue> contexts, DiagnosticBag diagnostics, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(expression))
            return ExpressionValue.Null;
        var template = Template.FromExpression(expression, ExpressionScope.Of(contexts.Keys), diagnostics);
        if (diagnostics.HasErrors)
            return null;
        var folder = Directory.GetCurrentDirectory();
        var evaluator = new ExpressionEvaluator(
            contexts, new EvaluationBudget(), StatusOf(contexts),
            patterns => HashFiles(patterns, folder, cancellation));
        try
        {
            return template.Evaluate(evaluator);
        }
        catch (TemplateException failure)
        {
            failure.Report(diagnostics);
            return null;
        }
    }

    private static string HashFiles(IReadOnlyList<string> patterns, string folder, CancellationToken cancellation)
    {
        try
        {
            return FileHash.Compute(patterns, FolderFiles.Of(folder), folder, cancellation);
        }
        catch (Exception error) when (CommandFile.IsUnreadable(error))
        {
            throw new FormatException($"'hashFiles' can't read everything that it matches: {error.Message}", error);
        }
    }

    private static StatusCheck StatusOf(Dictionary<string, ExpressionValue> contexts) =>
        contexts.GetValueOrDefault("job") is ObjectValue job && job.Members.GetValueOrDefault("status") is StringValue status
            ? StatusCheck.Of(status.Value) : StatusCheck.Of("success");

    private static Dictionary<string, ExpressionValue> ReadContexts(byte[] file)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(file, documentOptions: new JsonDocumentOptions { MaxDepth = WorkflowLimits.MaxValueDepth });
        }
        catch (JsonException error)
        {
            throw new FormatException($"it is not JSON: {error.Message}", error);
        }

        if (ContextJson.Read(json, []) is not ObjectValue contexts)
            throw new FormatException("it is not a JSON object of contexts");
        if (contexts.Members.ContainsKey("github") && contexts.Members.ContainsKey("shithub"))
            throw new FormatException("'github' and 'shithub' are two names of one context, and it has both");
        return contexts.Members.ToDictionary(
            context => context.Key.Equals("shithub", StringComparison.OrdinalIgnoreCase) ? "github" : context.Key,
            context => context.Value, StringComparer.OrdinalIgnoreCase);
    }
}
