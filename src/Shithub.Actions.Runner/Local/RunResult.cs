using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shithub.Actions.Runner.Local;

/// <summary>What a local run has come to.</summary>
internal sealed record RunResult(
    string Workflow, string Event, string Ref, string Sha, string Conclusion, double Seconds, IReadOnlyList<JobResult> Jobs)
{
    /// <summary>One line a job: name, conclusion, time.</summary>
    public void WriteTable(TextWriter output)
    {
        var rows = Jobs.Select(job => (job.Name, job.Conclusion, Time: job.Seconds is { } seconds ? Duration(seconds) : ""))
            .Append((Workflow, Conclusion, Duration(Seconds))).ToList();
        var (name, conclusion, time) = (rows.Max(row => row.Item1.Length), rows.Max(row => row.Item2.Length), rows.Max(row => row.Item3.Length));
        output.WriteLine();
        foreach (var (row, index) in rows.Select((row, index) => (row, index)))
        {
            if (index == rows.Count - 1) output.WriteLine(new string('-', name + conclusion + time + 4));
            output.WriteLine($"{row.Item1.PadRight(name)}  {row.Item2.PadRight(conclusion)}  {row.Item3.PadLeft(time)}".TrimEnd());
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, RunResultJson.Default.RunResult);

    private static string Duration(double seconds) => seconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(seconds / 60):0} min {seconds % 60:00} s");
}

/// <param name="Job">Its place in the run: <c>build</c>, <c>test[2]</c>, <c>deploy/publish</c>.</param>
/// <param name="Seconds">Absent for a job that did not run.</param>
internal sealed record JobResult(
    string Job, string Name, string Conclusion, double? Seconds, IReadOnlyDictionary<string, string> Outputs, IReadOnlyList<StepResult> Steps);

internal sealed record StepResult(string Name, string Conclusion);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(RunResult))]
internal sealed partial class RunResultJson : JsonSerializerContext;
