using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Syntax;

/// <summary>Finds needs that no job has, and circles of needs.</summary>
internal sealed class NeedsChecker(DiagnosticBag diagnostics)
{
    private sealed record Need(string Job, SourcePosition Position, DocumentPath Path);

    private readonly OrderedDictionary<string, List<Need>> _jobs = new(StringComparer.OrdinalIgnoreCase);

    public void AddJob(string key) => _jobs.TryAdd(key, []);

    public void AddNeed(string job, string need, SourcePosition position, DocumentPath path) =>
        _jobs[job].Add(new Need(need, position, path));

    public void Check()
    {
        foreach (var (job, needs) in _jobs)
        {
            foreach (var need in needs.Where(need => !_jobs.ContainsKey(need.Job)))
            {
                diagnostics.Error(
                    DiagnosticCodes.Needs, need.Position, need.Path,
                    $"the job '{job}' needs '{YamlReader.Show(need.Job)}', which is no job of this file",
                    NearestName.Suggest(need.Job, _jobs.Keys));
            }
        }

        if (FindCircle() is not { } circle)
            return;
        var names = string.Join(" → ", circle.Take(10).Append(circle.Count > 10 ? "…" : circle[0]));
        var first = _jobs[circle[0]].First(need => need.Job.Equals(circle[1 % circle.Count], StringComparison.OrdinalIgnoreCase));
        diagnostics.Error(
            DiagnosticCodes.Needs, first.Position, first.Path, $"the needs go in a circle, so no job of it can start: {names}");
    }

    private List<string>? FindCircle()
    {
        // Take away jobs whose needs are all gone, until nothing moves. What remains waits for a circle or is one.
        var waiting = _jobs.ToDictionary(
            job => job.Key, job => job.Value.Count(need => _jobs.ContainsKey(need.Job)), StringComparer.OrdinalIgnoreCase);
        var dependents = _jobs
            .SelectMany(job => job.Value, (job, need) => (need.Job, Dependent: job.Key))
            .ToLookup(pair => pair.Job, pair => pair.Dependent, StringComparer.OrdinalIgnoreCase);
        var free = new Queue<string>(_jobs.Keys.Where(job => waiting[job] == 0));
        while (free.TryDequeue(out var job))
        {
            waiting.Remove(job);
            foreach (var dependent in dependents[job])
            {
                if (--waiting[dependent] == 0)
                    free.Enqueue(dependent);
            }
        }

        if (waiting.Count == 0)
            return null;
        var seen = new List<string>();
        var current = _jobs.Keys.First(waiting.ContainsKey);
        while (!seen.Contains(current, StringComparer.OrdinalIgnoreCase))
        {
            seen.Add(current);
            var next = _jobs[current].First(need => waiting.ContainsKey(need.Job)).Job;
            current = _jobs.GetAt(_jobs.IndexOf(next)).Key;
        }

        return seen[seen.IndexOf(current)..];
    }
}
