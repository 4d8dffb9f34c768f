using System.Globalization;
using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Pods;

/// <summary>
/// What <c>options</c> of a container says, of Docker's many: how to see that a service is healthy, what to start, other names for it.
/// Everything else would open the fence or do nothing here, and is refused.
/// </summary>
/// <param name="Entrypoint">Null: as the image has it.</param>
/// <param name="Aliases">More host names.</param>
/// <param name="Remarks">For the log: what has no effect.</param>
internal sealed partial record ContainerOptions(
    string? HealthCommand,
    TimeSpan? HealthInterval,
    TimeSpan? HealthTimeout,
    int? HealthRetries,
    TimeSpan? HealthStartPeriod,
    bool NoHealthCheck,
    string? Entrypoint,
    IReadOnlyList<string> Aliases,
    IReadOnlyList<string> Remarks)
{
    private static readonly ContainerOptions None = new(null, null, null, null, null, false, null, [], []);

    /// <summary>Options that people bring along, and what holds here instead.</summary>
    private static readonly Dictionary<string, string> Instead = new()
    {
        ["--user"] = "steps run as the user of engine.user, a service as its image says",
        ["-u"] = "steps run as the user of engine.user, a service as its image says",
        ["--privileged"] = "containers have no privileges here",
        ["--cap-add"] = "containers have no privileges here",
        ["--device"] = "containers have no privileges here",
        ["--security-opt"] = "the fence around containers is the operator's",
        ["--network"] = "a job's containers share one network address",
        ["--net"] = "a job's containers share one network address",
        ["--memory"] = "the limits are the operator's: engine.memory",
        ["-m"] = "the limits are the operator's: engine.memory",
        ["--cpus"] = "the limits are the operator's: engine.cpus",
        ["--tmpfs"] = "what an image declares as a volume is kept in memory anyway",
        ["--mount"] = "what an image declares as a volume is kept in memory anyway",
        ["--volume"] = "write it under 'volumes'",
        ["-v"] = "write it under 'volumes'",
        ["--env"] = "write it under 'env'",
        ["-e"] = "write it under 'env'",
        ["--publish"] = "write it under 'ports'",
        ["-p"] = "write it under 'ports'",
    };

    /// <param name="where">Where it stands in the workflow, for messages.</param>
    /// <exception cref="SandboxException">An option is not supported, or its value is wrong.</exception>
    public static ContainerOptions Parse(string text, string where)
    {
        var options = None;
        var words = CommandWords.Split(text, where);
        for (var at = 0; at < words.Count; at++)
        {
            var equals = words[at].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? words[at] : words[at][..equals];
            string Value() => equals >= 0 ? words[at][(equals + 1)..]
                : ++at < words.Count ? words[at] : throw new SandboxException($"{where}: {name} has no value.");
            TimeSpan Duration() => ReadDuration(Value(), name, where);
            switch (name)
            {
                case "--health-cmd":
                    options = options with { HealthCommand = Value() };
                    break;
                case "--health-interval":
                    options = options with { HealthInterval = Duration() };
                    break;
                case "--health-timeout":
                    options = options with { HealthTimeout = Duration() };
                    break;
                case "--health-start-period":
                    options = options with { HealthStartPeriod = Duration() };
                    break;
                case "--health-start-interval":
                    // The runner asks often at first anyway.
                    Duration();
                    break;
                case "--health-retries":
                    options = options with { HealthRetries = ReadCount(Value(), name, where) };
                    break;
                case "--no-healthcheck":
                    options = options with { NoHealthCheck = true };
                    break;
                case "--entrypoint":
                    options = options with { Entrypoint = Value() };
                    break;
                case "--network-alias" or "--hostname" or "-h":
                    options = options with { Aliases = [.. options.Aliases, ReadHostName(Value(), name, where)] };
                    break;
                case "--name":
                    options = options with { Remarks = [.. options.Remarks, $"{name} {Value()} has no effect: containers get names of their own."] };
                    break;
                default:
                    throw new SandboxException(
                        $"{where}: {name} is not supported"
                        + (Instead.TryGetValue(name, out var instead) ? $": {instead}." : "; the options for health checks, --entrypoint and --hostname are."));
            }
        }

        return options;
    }

    /// <summary>Go's notation, which Docker's command line has: <c>10s</c>, <c>1m30s</c>, <c>1.5h</c>.</summary>
    private static TimeSpan ReadDuration(string text, string name, string where)
    {
        var match = GoDuration().Match(text);
        if (!match.Success) throw new SandboxException($"{where}: {name} '{text}' is not a duration; write for example 10s or 1m30s.");
        var total = 0.0;
        foreach (var (number, unit) in match.Groups[1].Captures.Zip(match.Groups[2].Captures))
        {
            total += double.Parse(number.Value, CultureInfo.InvariantCulture) * unit.Value switch
            {
                "ms" => 0.001,
                "s" => 1,
                "m" => 60,
                _ => 3600,
            };
        }

        return TimeSpan.FromSeconds(Math.Min(total, TimeSpan.FromDays(1).TotalSeconds));
    }

    private static int ReadCount(string text, string name, string where) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 10_000
            ? count
            : throw new SandboxException($"{where}: {name} '{text}' is not a whole number from 1 to 10000.");

    private static string ReadHostName(string text, string name, string where) =>
        HostName().IsMatch(text) ? text : throw new SandboxException($"{where}: {name} '{text}' is not a host name.");

    [GeneratedRegex(@"\A(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)){1,4}\z")]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"\A[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?\z")]
    private static partial Regex HostName();
}
