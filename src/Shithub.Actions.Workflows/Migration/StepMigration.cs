using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Migrates steps: the actions they use and the commands in their scripts.</summary>
internal sealed class StepMigration(MigrationDraft draft, MigrationContext context)
{
    /// <summary>An alias leads to the same step again.</summary>
    private readonly HashSet<YamlNode> _visited = new(ReferenceEqualityComparer.Instance);

    /// <param name="job">Null for a step of a composite action.</param>
    public void Visit(YamlMapping step, YamlMapping? job)
    {
        if (!_visited.Add(step))
            return;
        if (step.Find("run")?.Value is YamlScalar script)
            WorkflowCommands.Find(script, draft);
        if (step.Find("uses") is not { Value: YamlScalar uses } entry)
            return;
        if (References.Parse(uses.Text).Reference is { Repository: null } local)
            VisitLocal(uses, local.Path);
        else if (FindBuiltIn(uses.Text) is { } builtIn)
            VisitBuiltIn(uses, builtIn);
        else if (draft.KeepsSteps || SetupTools.Find(uses.Text) is not { } tool || !new SetupStep(draft, step, entry, uses, tool, job).TryMigrate())
            VisitOther(uses);
    }

    private void VisitLocal(YamlScalar uses, string folder)
    {
        draft.Calls.Add(uses);
        if (!context.MovedActions.TryGetValue(folder, out var target))
            return;
        if (draft.Replace(uses, folder, target))
            draft.Changed(MigrationCodes.MovedFile, uses.SourceIndex, $"'{YamlReader.Show(uses.Text)}' is used as './{target}'");
        else
            draft.ByHand(MigrationCodes.NotEdited, uses.SourceIndex, "this action is written in a form that is not changed", $"write './{target}'");
    }

    private static BuiltInAction? FindBuiltIn(string uses) =>
        BuiltInActions.FindName(BuiltInActions.Split(UnavailableActions.WithoutAddress(uses) ?? uses).Name);

    private void VisitBuiltIn(YamlScalar uses, BuiltInAction action)
    {
        // The one that the inputs of most files are for; it takes those of the versions before it.
        var version = action.Versions.Contains("v4") ? "v4" : action.Versions[^1];
        if (BuiltInActions.Resolve(uses.Text) is { Instead: null } || !uses.Text.Contains('/')
            || uses.Text.StartsWith(action.OwnName, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (!draft.Replace(uses, uses.Text, $"{action.Name}@{version}"))
            return;
        draft.Changed(MigrationCodes.ActionVersion, uses.SourceIndex, $"'{YamlReader.Show(uses.Text)}' is the built-in '{action.Name}@{version}'");
        if (action.Kind is BuiltInActionKind.UploadArtifact && IsBeforeVersion4(uses.Text))
        {
            draft.Note(
                MigrationCodes.ActionVersion, uses.SourceIndex, "since version 4 an artifact is uploaded once, and files whose names begin with a dot are left out",
                "give the jobs of a matrix names of their own, or write 'overwrite: true'; 'include-hidden-files: true' takes the others in");
        }
    }

    private static bool IsBeforeVersion4(string uses) =>
        BuiltInActions.Split(uses).Version is ['v', '1' or '2' or '3', ..] version && (version.Length == 2 || version[2] == '.');

    /// <summary>What is refused the reader says; what is not must be there.</summary>
    private void VisitOther(YamlScalar uses)
    {
        if (UnavailableActions.Describe(uses.Text) is not null || References.Parse(uses.Text).Reference is not { Repository: { } repository })
            return;
        draft.Needed(
            MigrationCodes.Repository, uses.SourceIndex, repository,
            $"the action '{YamlReader.Show(uses.Text)}' comes from '{repository}', which must be on this server",
            UnavailableActions.Alternative(uses.Text) is { } alternative
                ? $"mirror it if it is a composite action, or {alternative}"
                : "mirror it if it is a composite action; if it is a program for Node or an image, do the same in a 'run:' step");
    }
}
