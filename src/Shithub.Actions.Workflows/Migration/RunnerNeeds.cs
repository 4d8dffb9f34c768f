using Shithub.Actions.Workflows.Yaml;

namespace Shithub.Actions.Workflows.Migration;

/// <summary>What a job asks of the operator: labels of runners, images that the policy allows.</summary>
internal sealed class RunnerNeeds(MigrationDraft draft, YamlMapping job)
{
    public void VisitLabels(YamlNode runsOn)
    {
        switch (runsOn)
        {
            case YamlScalar label:
                foreach (var value in MatrixValues.Of(label, job))
                    VisitLabel(value);
                break;
            case YamlSequence list:
                foreach (var label in list.Items.OfType<YamlScalar>())
                    VisitLabels(label);
                break;
            case YamlMapping mapping when mapping.Find("labels") is { } labels:
                VisitLabels(labels.Value);
                break;
        }
    }

    public void VisitImages()
    {
        VisitImage(job.Find("container")?.Value);
        if (job.Find("services")?.Value is YamlMapping services)
        {
            foreach (var service in services.Entries)
                VisitImage(service.Value);
        }
    }

    private void VisitLabel(YamlScalar label)
    {
        var name = label.Text.Trim().ToLowerInvariant();
        if (name is "windows" or "macos" || name.StartsWith("windows-", StringComparison.Ordinal) || name.StartsWith("macos-", StringComparison.Ordinal))
        {
            draft.ByHand(
                MigrationCodes.Label, label.SourceIndex, $"'{YamlReader.Show(label.Text)}' waits for ever: jobs run in Linux containers",
                "take it out, or leave this job to GitHub");
        }
        else if (name.Length > 0)
        {
            draft.Needed(MigrationCodes.Label, label.SourceIndex, YamlReader.Show(name), $"a runner must offer the label '{YamlReader.Show(label.Text)}'");
        }
    }

    private void VisitImage(YamlNode? container)
    {
        if ((container is YamlMapping mapping ? mapping.Find("image")?.Value : container) is not YamlScalar { Text.Length: > 0 } image)
            return;
        foreach (var value in MatrixValues.Of(image, job))
        {
            draft.Needed(
                MigrationCodes.Image, value.SourceIndex, YamlReader.Show(value.Text),
                $"the operator's policy must allow the image '{YamlReader.Show(value.Text)}'");
        }
    }
}
