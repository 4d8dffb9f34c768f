namespace Shithub.Actions.Workflows.Scripts;

/// <summary>What is known about the holes of one script. Some of it shows only after the hole.</summary>
internal sealed class ScriptFindings(int holes)
{
    private readonly Hazard?[] _hazards = new Hazard?[holes];
    private readonly List<int> _assignments = [];

    /// <summary>The script declares a variable with -i or -n, so what is assigned to it is evaluated.</summary>
    public bool DeclaresNumbers { get; set; }

    public Hazard? this[int hole] => _hazards[hole] ?? (DeclaresNumbers && _assignments.Contains(hole) ? EvaluatedAssignment : null);

    private static Hazard EvaluatedAssignment { get; } = new(
        "could be assigned to a variable that this script declares with -i or -n, which evaluates it", IsHarmlessForNumbers: true);

    /// <summary>The first hazard of a hole is the one that is told.</summary>
    public void Add(int hole, Hazard? hazard) => _hazards[hole] ??= hazard;

    public void Add(IEnumerable<int> holes, Hazard hazard)
    {
        foreach (var hole in holes)
            Add(hole, hazard);
    }

    public void AddToAll(Hazard hazard) => Add(Enumerable.Range(0, _hazards.Length), hazard);

    public void AddAssignment(int hole) => _assignments.Add(hole);
}
