namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>A job of a workflow: a checkout and a script, as in the runbook.</summary>
public sealed record JobSpec(string Key, params string[] Needs)
{
    /// <summary>Labels beyond that of the scenario.</summary>
    public string[] Labels { get; init; } = [];

    public static JobSpec[] Many(int count) => [.. Enumerable.Range(1, count).Select(number => new JobSpec($"job{number}"))];

    public TestJob ToJob(string label) => new(
        Key,
        $"Job {Key}",
        [label, .. Labels],
        Needs,
        new TestStep("Checkout", null, "actions/checkout@v4"),
        new TestStep("Smoke", "printf 'shithub actions smoke passed\\n'")
        {
            Id = "smoke",
            Shell = "bash",
            WorkingDirectory = "src",
            ContinueOnError = true,
            Env = new() { ["COLOR"] = "green" },
        })
    {
        TimeoutMinutes = 30,
        Env = new() { ["GREETING"] = "hello" },
    };
}
