using System.Globalization;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Jobs;

/// <summary>The variables a step sees: the defaults first, then the job's, then its own. The reserved ones can't be overridden.</summary>
internal static class StepEnvironment
{
    private static readonly string[] Reserved = ["GITHUB_", "SHITHUB_"];

    public static IReadOnlyDictionary<string, string> Build(ClaimedJob job, ClaimedStep step, string runnerName)
    {
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["CI"] = "true",
            ["HOME"] = ContainerPaths.Home,
            ["RUNNER_NAME"] = runnerName,
            ["RUNNER_OS"] = "Linux",
            ["RUNNER_TEMP"] = ContainerPaths.Temp,
        };
        foreach (var (name, value) in job.Env) environment[name] = value;
        foreach (var (name, value) in step.Env) environment[name] = value;
        foreach (var (name, value) in Defaults(job, step))
        {
            foreach (var prefix in Reserved) environment[prefix + name] = value;
        }

        return environment;
    }

    private static IEnumerable<(string Name, string Value)> Defaults(ClaimedJob job, ClaimedStep step)
    {
        yield return ("ACTION", step.StepId ?? string.Create(CultureInfo.InvariantCulture, $"__run_{step.Index}"));
        yield return ("ACTIONS", "true");
        yield return ("ACTOR", job.Actor);
        yield return ("EVENT_NAME", job.Event);
        yield return ("EVENT_PATH", ContainerPaths.EventFile);
        yield return ("JOB", job.JobKey);
        yield return ("REF", job.HeadRef);
        yield return ("REF_NAME", GitRef.ShortName(job.HeadRef));
        yield return ("REF_TYPE", GitRef.Type(job.HeadRef));
        yield return ("REPOSITORY", job.Repository);
        yield return ("REPOSITORY_ID", job.RepoId.ToString(CultureInfo.InvariantCulture));
        yield return ("REPOSITORY_OWNER", job.Repository.Split('/')[0]);
        yield return ("RUN_ATTEMPT", job.Attempt.ToString(CultureInfo.InvariantCulture));
        yield return ("RUN_ID", job.RunId.ToString(CultureInfo.InvariantCulture));
        yield return ("RUN_NUMBER", job.RunIndex.ToString(CultureInfo.InvariantCulture));
        yield return ("SERVER_URL", job.ServerUrl.TrimEnd('/'));
        yield return ("API_URL", job.ServerUrl.TrimEnd('/') + "/api/v1");
        yield return ("SHA", job.HeadSha);
        yield return ("WORKFLOW", job.WorkflowName);
        yield return ("WORKFLOW_REF", $"{job.Repository}/{job.WorkflowFile}@{job.HeadRef}");
        yield return ("WORKSPACE", ContainerPaths.Workspace);
    }
}
