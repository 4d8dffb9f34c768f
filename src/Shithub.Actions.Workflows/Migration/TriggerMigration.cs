using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Migrates <c>on</c>: path filters that name GitHub's folder, and events that never happen here.</summary>
internal sealed class TriggerMigration(MigrationDraft draft, MigrationContext context)
{
    private static readonly string[] Filters = ["paths", "paths-ignore"];

    public void Visit(YamlEntry on)
    {
        IReadOnlyList<string> events = on.Value switch
        {
            YamlMapping mapping => [.. mapping.Entries.Select(entry => entry.Key.Text)],
            YamlSequence sequence => [.. sequence.Items.OfType<YamlScalar>().Select(name => name.Text)],
            YamlScalar scalar => [scalar.Text],
            _ => [],
        };
        if (events.Count > 0 && events.All(EventNames.OnlyGitHub.Contains))
        {
            draft.ByHand(
                MigrationCodes.Events, on.Key.SourceIndex, "nothing here starts this workflow: GitHub alone has its events",
                $"leave the file out, or start it with one of: {string.Join(", ", EventNames.Here)}");
        }

        if (on.Value is not YamlMapping named)
            return;
        foreach (var filter in named.Entries.Select(entry => entry.Value).OfType<YamlMapping>()
                     .SelectMany(options => options.Entries).Where(entry => Filters.Contains(entry.Key.Text)))
        {
            IEnumerable<YamlNode> patterns = filter.Value is YamlSequence list ? list.Items : [filter.Value];
            foreach (var pattern in patterns.OfType<YamlScalar>())
                VisitPattern(pattern);
        }
    }

    private void VisitPattern(YamlScalar pattern)
    {
        var bare = pattern.Text.TrimStart('!');
        if (bare is ".github" or ".github/" or ".github/*" or ".github/**" or ".github/**/*" or ".github/**.yml")
        {
            draft.Note(
                MigrationCodes.PathFilter, pattern.SourceIndex, $"'{YamlReader.Show(pattern.Text)}' has no longer the workflows in it",
                $"add '{pattern.Text.Replace(".github", ".shithub", StringComparison.Ordinal)}'");
            return;
        }

        var folders = context.MovedActions.Append(new KeyValuePair<string, string>(".github/workflows", ".shithub/workflows"));
        foreach (var (from, to) in folders)
        {
            if (!TextMigration.Names(bare, from) || !bare.StartsWith(from, StringComparison.Ordinal) || !draft.Replace(pattern, from, to))
                continue;
            draft.Changed(MigrationCodes.PathFilter, pattern.SourceIndex, $"the path filter '{YamlReader.Show(pattern.Text)}' is for '{to}' now");
            return;
        }
    }
}
