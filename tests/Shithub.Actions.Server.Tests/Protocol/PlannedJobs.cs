using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>A job of a plan written by hand: a checkout and a script, as in the runbook.</summary>
public sealed record JobSpec(string Key, params string[] Needs)
{
    /// <summary>Labels beyond that of the scenario.</summary>
    public string[] Labels { get; init; } = [];

    public static JobSpec[] Many(int count) => [.. Enumerable.Range(1, count).Select(number => new JobSpec($"job{number}"))];

    public PlannedJob ToPlan(string label)
    {
        var none = new Dictionary<string, string>();
        return new PlannedJob(
            Key, $"Job {Key}", [label, .. Labels], Needs, null, 30, new Dictionary<string, string> { ["GREETING"] = "hello" }, none,
            [
                new PlannedStep(0, null, "Checkout", null, null, null, "actions/checkout@v4", none, null, none, false),
                new PlannedStep(
                    1, "smoke", "Smoke", null, "printf 'shithub actions smoke passed\\n'", "bash", null, none, "src",
                    new Dictionary<string, string> { ["COLOR"] = "green" }, true),
            ]);
    }
}
