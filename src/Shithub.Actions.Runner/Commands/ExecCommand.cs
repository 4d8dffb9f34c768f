using System.CommandLine;
using Shithub.Actions.Runner.Local;

namespace Shithub.Actions.Runner.Commands;

/// <summary><c>shithubd-runner exec</c>: runs a workflow of a working tree on this machine, without a server.</summary>
internal static class ExecCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("file")
        {
            Description = "A workflow: its path, or its name in .shithub/workflows. Default: the only one that the event starts.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var job = new Option<string?>("--job") { Description = "Run this job and those that it needs." };
        var @event = new Option<string?>("--event") { Description = "What happens: push, pull_request, workflow_dispatch, … Default: what the workflow is for." };
        var payload = new Option<string?>("--payload") { Description = "A JSON file with the event's payload: github.event. Default: made from git." };
        var reference = new Option<string?>("--ref") { Description = "The branch, or a ref in full, that steps see. Default: what is checked out." };
        var inputs = new Option<string[]>("--input") { Description = "NAME=VALUE of a workflow_dispatch; again for more." };
        var variables = new Option<string[]>("--var") { Description = "NAME=VALUE of the context vars; again for more." };
        var secrets = new Option<string?>("--secret-file") { Description = "A file of NAME=value lines: the context secrets. Logs never show the values." };
        var image = new Option<string>("--image") { Description = "The image that jobs run in.", DefaultValueFactory = _ => LocalHost.DefaultImage };
        var repository = new Option<string>("--repo") { Description = "The working tree.", DefaultValueFactory = _ => "." };
        var parallel = new Option<int>("--parallel") { Description = "How many jobs run at once.", DefaultValueFactory = _ => 1 };
        var socket = new Option<string?>("--engine-socket") { Description = "The container engine's unix socket. Default: Docker's or Podman's; else Podman is started." };
        var output = new Option<string>("--output") { Description = "text, or json: then the result is on standard output and the logs on standard error.", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        parallel.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 100) result.AddError("--parallel must be from 1 to 100.");
        });
        var command = new Command(
            "exec",
            "Run a workflow of a working tree on this machine: in the same containers and by the same code as on a server, without one. "
            + "Exit codes: 0 success, 1 configuration or usage, 2 the workflow is refused, 3 the run failed, 130 ended with Ctrl-C.")
        {
            file, job, @event, payload, reference, inputs, variables, secrets, image, repository, parallel, socket, output,
        };
        command.SetAction(async (parse, _) =>
        {
            var isJson = parse.GetValue(output) == "json";
            var (result, log) = (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
            using var stop = new StopSignals();
            try
            {
                var request = new LocalRequest(
                    parse.GetValue(repository)!,
                    parse.GetValue(file),
                    parse.GetValue(job),
                    parse.GetValue(@event),
                    parse.GetValue(reference),
                    LocalRequest.ReadPayload(parse.GetValue(payload)),
                    Pairs("--input", parse.GetValue(inputs)),
                    Pairs("--var", parse.GetValue(variables)),
                    parse.GetValue(secrets) is { } path ? SecretFile.Read(path) : new Dictionary<string, string>(),
                    parse.GetValue(image)!,
                    parse.GetValue(socket),
                    parse.GetValue(parallel));
                var ended = await new LocalExecution(request, isJson ? log : result, log).RunAsync(stop.Drain, stop.Now);
                if (ended is null) return ExitCodes.Refused;
                if (isJson) await result.WriteLineAsync(ended.ToJson());
                else ended.WriteTable(result);
                return stop.Drain.IsCancellationRequested ? ExitCodes.Interrupted
                    : ended.Conclusion is "success" or "skipped" or "neutral" ? ExitCodes.Done
                    : ExitCodes.RunFailed;
            }
            catch (OperationCanceledException) when (stop.Drain.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
            catch (RunnerException e)
            {
                await log.WriteLineAsync($"shithubd-runner: {e.Message}");
                return ExitCodes.Usage;
            }
        });
        return command;
    }

    private static Dictionary<string, string> Pairs(string option, string[]? given)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in given ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw new RunnerException($"{option} takes NAME=VALUE, and '{pair}' is none.", ExitCodes.Usage);
            if (!pairs.TryAdd(pair[..equals], pair[(equals + 1)..]))
                throw new RunnerException($"{option} gives '{pair[..equals]}' twice; case makes no difference.", ExitCodes.Usage);
        }

        return pairs;
    }
}
