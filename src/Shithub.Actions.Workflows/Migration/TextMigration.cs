using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Looks at every text of a file for what is otherwise here wherever it stands: the run's token, the names of folders.</summary>
internal sealed partial class TextMigration(MigrationDraft draft, MigrationContext context)
{
    private readonly HashSet<YamlNode> _visited = new(ReferenceEqualityComparer.Instance);
    private bool _isTokenSaid;

    public void Visit(YamlNode node)
    {
        if (draft.Calls.Contains(node) || !_visited.Add(node))
            return;
        switch (node)
        {
            case YamlScalar scalar:
                VisitText(scalar);
                break;
            case YamlSequence sequence:
                foreach (var item in sequence.Items)
                    Visit(item);
                break;
            case YamlMapping mapping:
                foreach (var entry in mapping.Entries)
                    Visit(entry.Value);
                break;
        }
    }

    /// <summary>Whether the text names the folder, or something in it, and not one whose name only begins so.</summary>
    public static bool Names(string text, string folder)
    {
        for (var at = text.IndexOf(folder, StringComparison.Ordinal); at >= 0; at = text.IndexOf(folder, at + 1, StringComparison.Ordinal))
        {
            var end = at + folder.Length;
            if (end == text.Length || !(char.IsAsciiLetterOrDigit(text[end]) || text[end] is '-' or '_' or '.'))
                return true;
        }

        return false;
    }

    private void VisitText(YamlScalar scalar)
    {
        if (!_isTokenSaid && Token().IsMatch(scalar.Text))
        {
            _isTokenSaid = true;
            draft.Note(
                MigrationCodes.Token, PlaceOf(scalar, Token()), "the token of a run reads its own repository here and can do nothing else, nor is it good on GitHub",
                "give what writes a secret of your own");
        }

        foreach (var folder in context.MovedActions.Keys.Append(".github/workflows").Where(folder => Names(scalar.Text, folder)))
        {
            var place = scalar.Source.IndexOf(folder, scalar.SourceIndex, scalar.SourceEnd - scalar.SourceIndex, StringComparison.Ordinal);
            if (place < 0 || !draft.Edits.Touches(place))
            {
                draft.Note(
                    MigrationCodes.FolderName, Math.Max(place, scalar.SourceIndex), $"this text names '{folder}', and is as it was",
                    $"see whether it should be '{folder.Replace(".github", ".shithub", StringComparison.Ordinal)}'");
            }
        }
    }

    private static int PlaceOf(YamlScalar scalar, Regex what) =>
        what.Match(scalar.Source, scalar.SourceIndex, scalar.SourceEnd - scalar.SourceIndex) is { Success: true } found ? found.Index : scalar.SourceIndex;

    [GeneratedRegex(@"\bsecrets\s*(?:\.\s*GITHUB_TOKEN\b|\[\s*'GITHUB_TOKEN'\s*\])|\b(?:github|shithub)\s*\.\s*token\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Token();
}
