using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>What <c>${{ matrix.NAME }}</c> stands for in a job, where the file says it outright.</summary>
internal static partial class MatrixValues
{
    /// <summary>The values of the matrix, each once; the scalar itself where it is anything else, or they come from an expression.</summary>
    public static IReadOnlyList<YamlScalar> Of(YamlScalar scalar, YamlMapping? job)
    {
        if (job is null || Whole().Match(scalar.Text.Trim()) is not { Success: true } match
            || (job.Find("strategy")?.Value as YamlMapping)?.Find("matrix")?.Value is not YamlMapping matrix)
        {
            return [scalar];
        }

        var (name, members) = (match.Groups["axis"].Value, match.Groups["member"].Captures);
        var values = new List<YamlNode>();
        if (matrix.Find(name)?.Value is YamlSequence axis)
            values.AddRange(axis.Items);
        if (matrix.Find("include")?.Value is YamlSequence include)
            values.AddRange(include.Items.OfType<YamlMapping>().Select(item => item.Find(name)?.Value).OfType<YamlNode>());
        var scalars = values.Select(value => Member(value, members)).OfType<YamlScalar>().DistinctBy(value => value.Text).ToList();
        return scalars.Count == 0 || scalars.Exists(value => value.Text.Contains("${{", StringComparison.Ordinal)) ? [scalar] : scalars;
    }

    private static YamlNode? Member(YamlNode? value, CaptureCollection names) =>
        names.Aggregate(value, (at, name) => (at as YamlMapping)?.Find(name.Value)?.Value);

    [GeneratedRegex(@"^\$\{\{\s*matrix\.(?<axis>[A-Za-z_][\w-]*)(?:\.(?<member>[A-Za-z_][\w-]*))*\s*\}\}$", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}
