namespace Shithub.Actions.Bench;

/// <summary>What some calls took, in milliseconds, and how long all of them together kept their callers.</summary>
internal sealed class Latencies
{
    private readonly List<double> _milliseconds = [];

    /// <summary>Seconds that passed while the calls were made, by one caller or by several at once.</summary>
    public double Seconds { get; private set; }

    public int Count => _milliseconds.Count;

    public double PerSecond => Count / Seconds;

    public double Median => Percentile(0.5);

    public double P95 => Percentile(0.95);

    /// <summary>Adds another round's calls.</summary>
    public void Add(IEnumerable<double> milliseconds, double seconds)
    {
        _milliseconds.AddRange(milliseconds);
        _milliseconds.Sort();
        Seconds += seconds;
    }

    /// <summary>The smallest value that at least this share of the calls did not exceed.</summary>
    private double Percentile(double share) => _milliseconds[Math.Max(0, (int)Math.Ceiling(share * Count) - 1)];
}
