using Shithub.Actions.Workflows;

namespace Shithub.Actions.Server.Admin;

/// <summary>A plan for people: the jobs as a graph, each under those it needs.</summary>
internal static class PlanText
{
    public static void Write(TextWriter writer, PlanPreview preview, PlanEvent source, bool isTriggered, bool explain)
    {
        writer.WriteLine($"{preview.Title ?? preview.WorkflowName}: {source.Name} on {source.Ref}");
        if (!isTriggered)
        {
            writer.WriteLine("This event does not start the workflow: see its 'on'.");
            return;
        }

        if (preview.ConcurrencyGroup is { } group)
            writer.WriteLine($"concurrency group: {group}");
        foreach (var job in preview.Jobs)
            WriteJob(writer, job, explain);
        if (preview.Jobs.Any(job => job.Status == PreviewStatus.Open || job.IsMatrixOpen))
            writer.WriteLine("? is decided while the run goes on; everything is shown as if each job succeeded.");
    }

    private static void WriteJob(TextWriter writer, JobPreview job, bool explain)
    {
        var mark = job.Status switch
        {
            PreviewStatus.Run => "●",
            PreviewStatus.Skip => "○",
            _ => "?",
        };
        var after = job.Needs.Count == 0 ? "" : $"  ← {string.Join(", ", job.Needs)}";
        var where = job.Calls is { } call ? $"  calls {call}" : job.RunsOn.Count == 0 ? "" : $"  [{string.Join(", ", job.RunsOn)}]";
        var note = job.Status == PreviewStatus.Skip ? "  skipped" : job.IsMatrixOpen ? "  (one for each combination of its matrix)" : "";
        writer.WriteLine($"{mark} {job.Path}  {job.Name}{where}{after}{note}");
        foreach (var reason in explain || job.Status == PreviewStatus.Skip ? job.Reasons : [])
            writer.WriteLine($"    because {reason}");
        WriteNames(writer, "secrets", job.Secrets);
        WriteNames(writer, "variables", job.Variables);
        if (!explain)
            return;
        if (job.Environment is { } environment)
            writer.WriteLine($"    environment: {environment}");
        if (job.ConcurrencyGroup is { } group)
            writer.WriteLine($"    concurrency group: {group}");
        foreach (var step in job.Steps)
        {
            writer.WriteLine($"    {(step.Status == PreviewStatus.Run ? "-" : step.Status == PreviewStatus.Skip ? "○" : "?")} {step.Name}");
            foreach (var reason in step.If is null ? [] : step.Reasons)
                writer.WriteLine($"        because {reason}");
        }
    }

    private static void WriteNames(TextWriter writer, string what, ContextNames names)
    {
        if (names.All)
            writer.WriteLine($"    may read any of the {what}");
        else if (names.Names.Count > 0)
            writer.WriteLine($"    reads the {what} {string.Join(", ", names.Names)}");
    }
}
