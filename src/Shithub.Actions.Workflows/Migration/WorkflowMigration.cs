using Shithub.Actions.Workflows.Syntax;
using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>Goes through a file and changes what must be otherwise here. What has not the shape of a workflow it leaves to the reader.</summary>
internal sealed class WorkflowMigration(MigrationDraft draft, MigrationContext context)
{
    private const string GitHubFolder = "./.github/workflows/";
    private const string OwnFolder = "./.shithub/workflows/";

    private readonly StepMigration _steps = new(draft, context);

    public void Visit(YamlNode root)
    {
        if (root is not YamlMapping workflow)
            return;
        if (workflow.Find("on") is { } on)
            new TriggerMigration(draft, context).Visit(on);
        if (workflow.Find("jobs")?.Value is YamlMapping jobs)
        {
            foreach (var job in jobs.Entries.Select(entry => entry.Value).OfType<YamlMapping>())
                VisitJob(job);
        }

        new TextMigration(draft, context).Visit(root);
    }

    public void VisitAction(YamlNode root)
    {
        if (root is not YamlMapping action)
            return;
        if (action.Find("runs")?.Value is YamlMapping runs)
            VisitSteps(runs, null);
        new TextMigration(draft, context).Visit(root);
    }

    private void VisitJob(YamlMapping job)
    {
        if (job.Find("uses")?.Value is YamlScalar call)
            VisitCall(call);
        if (job.Find("runs-on") is { } runsOn)
            new RunnerNeeds(draft, job).VisitLabels(runsOn.Value);
        new RunnerNeeds(draft, job).VisitImages();
        VisitSteps(job, job);
    }

    private void VisitSteps(YamlMapping parent, YamlMapping? job)
    {
        if (parent.Find("steps")?.Value is not YamlSequence steps)
            return;
        foreach (var step in steps.Items.OfType<YamlMapping>())
            _steps.Visit(step, job);
    }

    private void VisitCall(YamlScalar call)
    {
        if (!draft.Calls.Add(call))
            return;
        var target = call.Text.StartsWith(GitHubFolder, StringComparison.Ordinal) ? OwnFolder + call.Text[GitHubFolder.Length..] : call.Text;
        if (target != call.Text)
        {
            if (draft.Replace(call, GitHubFolder, OwnFolder))
                draft.Changed(MigrationCodes.MovedFile, call.SourceIndex, $"'{YamlReader.Show(call.Text)}' is called as '{YamlReader.Show(target)}'");
            else
                draft.ByHand(MigrationCodes.NotEdited, call.SourceIndex, "this call is written in a form that is not changed", $"write '{YamlReader.Show(target)}'");
        }

        if (target.StartsWith(OwnFolder, StringComparison.Ordinal))
        {
            if (!context.Workflows.Contains(target[2..]))
                draft.ByHand(MigrationCodes.MovedFile, call.SourceIndex, $"'{YamlReader.Show(call.Text)}' is not among the files", "add it, or take the call out");
        }
        else if (References.Parse(call.Text).Reference is { Repository: { } repository })
        {
            draft.Needed(
                MigrationCodes.Repository, call.SourceIndex, repository, $"the called workflow comes from '{repository}', which must be on this server",
                "mirror it, and migrate its workflows as well");
        }
    }
}
