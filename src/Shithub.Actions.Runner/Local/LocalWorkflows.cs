using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Local;

/// <summary>Finds and reads the workflows of a working tree.</summary>
internal static class LocalWorkflows
{
    private static readonly string[] Folders = [".shithub/workflows", ".github/workflows"];
    private static readonly string[] Extensions = [".yml", ".yaml"];

    /// <summary>
    /// The files that somebody may mean: the one that is named, by its path or by its name in the workflows' folder; else all of them.
    /// </summary>
    /// <returns>Paths relative to the tree's root.</returns>
    /// <exception cref="RunnerException">There are none.</exception>
    public static IReadOnlyList<string> Find(WorkingTree tree, string? file)
    {
        if (file is not null)
        {
            var places = Folders.Select(folder => Path.Combine(tree.Root, folder, file)).Prepend(Path.GetFullPath(file));
            var found = places.FirstOrDefault(File.Exists)
                ?? throw new RunnerException($"There is no workflow file {file}.{Known(tree)}", ExitCodes.Usage);
            return [Path.GetRelativePath(tree.Root, found)];
        }

        return List(tree) is { Count: > 0 } files
            ? files
            : throw new RunnerException($"{tree.Root} has no workflow in {string.Join(" or ", Folders)}; name a file.", ExitCodes.Usage);
    }

    /// <exception cref="RunnerException">The file can't be read.</exception>
    public static WorkflowParseResult Read(WorkingTree tree, string path)
    {
        try
        {
            var file = new FileInfo(Path.Combine(tree.Root, path));
            return WorkflowReader.Parse(path, file.Length > WorkflowLimits.MaxFileBytes ? new byte[WorkflowLimits.MaxFileBytes + 1] : File.ReadAllBytes(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunnerException($"{path} can't be read: {e.Message}", ExitCodes.Usage);
        }
    }

    /// <summary>A workflow with all that it calls in the same tree.</summary>
    /// <param name="problems">Gets why there is none.</param>
    public static WorkflowSet? Load(WorkingTree tree, Workflow root, List<Diagnostic> problems)
    {
        var builder = new WorkflowSetBuilder(root);
        while (builder.Next is var (_, call))
        {
            if (call.Uses.Repository is { } repository)
            {
                builder.Refuse(
                    $"'{call.Uses.Source}' is a workflow of {repository}, and a local run has no server to get it from",
                    "push this one to the server, or copy the called workflow and call it as ./…");
            }
            else if (!File.Exists(Path.Combine(tree.Root, call.Uses.Path)))
            {
                builder.Refuse($"there is no file '{call.Uses.Path}' in {tree.Root}");
            }
            else if (Read(tree, call.Uses.Path) is { Workflow: { } workflow })
            {
                builder.Add(new WorkflowSource(call.Uses.Path, workflow, new Dictionary<string, string>()));
            }
            else
            {
                builder.Refuse($"the called workflow '{call.Uses.Source}' has errors", null, Read(tree, call.Uses.Path).Diagnostics);
            }
        }

        problems.AddRange(builder.Diagnostics);
        if (builder.Build() is not { } set) return null;
        foreach (var source in set.Sources.Values)
        {
            problems.AddRange(source.Workflow.Jobs.SelectMany(job => job.Steps).Where(step => step.Action is { Repository: not null }).Select(step =>
                new Diagnostic(
                    DiagnosticSeverity.Error,
                    DiagnosticCodes.UnsupportedAction,
                    $"'{step.Action!.Source}' is an action of {step.Action.Repository}, and a local run has no server to get it from",
                    source.Workflow.Path,
                    step.Position.Line,
                    step.Position.Column,
                    "uses",
                    "push this one to the server, or copy the action and use it as ./…")));
        }

        return problems.Any(problem => problem.Severity == DiagnosticSeverity.Error) ? null : set;
    }

    /// <summary>The workflow with nothing but a job and what that needs, directly or not.</summary>
    /// <exception cref="RunnerException">There is no such job.</exception>
    public static Workflow Only(Workflow workflow, string key)
    {
        var wanted = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var ahead = new Queue<string>([key]);
        while (ahead.TryDequeue(out var next))
        {
            var job = workflow.Jobs.FirstOrDefault(job => job.Key.Equals(next, StringComparison.OrdinalIgnoreCase))
                ?? throw new RunnerException(
                    $"{workflow.Path} has no job '{next}'; it has {string.Join(", ", workflow.Jobs.Select(job => job.Key))}.", ExitCodes.Usage);
            if (!wanted.Add(job.Key)) continue;
            foreach (var need in job.Needs) ahead.Enqueue(need);
        }

        return workflow with { Jobs = [.. workflow.Jobs.Where(job => wanted.Contains(job.Key))] };
    }

    private static List<string> List(WorkingTree tree)
    {
        foreach (var folder in Folders.Where(folder => Directory.Exists(Path.Combine(tree.Root, folder))))
        {
            var files = Directory.EnumerateFiles(Path.Combine(tree.Root, folder))
                .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Select(file => Path.GetRelativePath(tree.Root, file)).Order(StringComparer.Ordinal).ToList();
            if (files.Count > 0) return files;
        }

        return [];
    }

    private static string Known(WorkingTree tree) => List(tree) is { Count: > 0 } files ? $" There is {string.Join(", ", files)}." : "";
}
