using System.Text;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>What <c>plan</c> says before anything runs.</summary>
public class PlanPreviewTests
{
    private const string Yaml = """
        name: CI
        run-name: by ${{ github.actor }}
        on: push
        env: {TOKEN: "${{ secrets.npm_token }}"}
        jobs:
          find:
            runs-on: x
            outputs: {list: "${{ steps.l.outputs.list }}"}
            steps: [{id: l, run: find}]
          static:
            needs: find
            runs-on: ${{ matrix.os }}
            strategy: {matrix: {os: [a, b], v: [1, 2], exclude: [{os: b, v: 1}]}}
            steps: [{run: "x ${{ vars.FLAGS }}"}, {if: failure(), run: y}, {if: "steps.a.outputs.b == 'c'", run: z}]
          dynamic:
            needs: find
            runs-on: x
            strategy: {matrix: {v: "${{ fromJSON(needs.find.outputs.list) }}"}}
            steps: [{run: x}]
          asked: {needs: find, if: "needs.find.outputs.list != '[]'", runs-on: x, steps: [{run: x}]}
          main: {needs: static, if: "github.ref == 'refs/heads/main' && true", runs-on: x, steps: [{run: x}]}
          after: {needs: main, runs-on: x, steps: [{run: x}]}
          always: {needs: main, if: "always() && true", runs-on: x, steps: [{run: "${{ toJSON(vars) }}"}]}
        """;

    [Fact]
    public void It_shows_what_would_run_what_is_skipped_and_what_is_decided_later()
    {
        var preview = Preview(Yaml);
        Assert.Equal("by ada", preview.Title);
        Assert.Equal(
            "find:Run static[0]:Run static[1]:Run static[2]:Run dynamic:Run asked:Open main:Skip after:Skip always:Run",
            string.Join(' ', preview.Jobs.Select(job => $"{job.Path}:{job.Status}")));
        Assert.Equal("static (b, 2)", Job(preview, "static[2]").Name);
        Assert.Equal(["b"], Job(preview, "static[2]").RunsOn);
        Assert.True(Job(preview, "dynamic").IsMatrixOpen);
        Assert.Equal("Run Skip Open", string.Join(' ', Job(preview, "static[0]").Steps.Select(step => step.Status)));
    }

    [Fact]
    public void It_says_which_part_of_a_condition_decided()
    {
        var preview = Preview(Yaml);
        Assert.Equal(
            "github.ref == 'refs/heads/main' is false (github.ref is 'refs/heads/trunk')", Assert.Single(Job(preview, "main").Reasons));
        Assert.Equal("main would be skipped", Job(preview, "after").Reasons[0]);
        Assert.Equal("needs.find.outputs.list != '[]' is unknown (needs.find.outputs.list is unknown)", Job(preview, "asked").Reasons[^1]);
    }

    [Fact]
    public void It_lists_the_secrets_and_variables_that_a_job_reads()
    {
        var preview = Preview(Yaml);
        Assert.Equal(["NPM_TOKEN"], Job(preview, "find").Secrets.Names);
        Assert.Equal((false, "FLAGS"), (Job(preview, "static[0]").Variables.All, Job(preview, "static[0]").Variables.Names.Single()));
        Assert.True(Job(preview, "always").Variables.All);
    }

    [Fact]
    public void A_call_that_leads_elsewhere_is_shown_and_not_followed()
    {
        var builder = new WorkflowSetBuilder(Example.Workflow("on: push\njobs: {a: {uses: o/r/.shithub/workflows/w.yml@v1}}"));
        while (builder.Next is not null)
            builder.Leave();
        var job = Assert.Single(PlanPreview.Of(builder.Build()!, Example.Context()).Jobs);
        Assert.Equal(("a", "o/r/.shithub/workflows/w.yml@v1", PreviewStatus.Run), (job.Path, job.Calls, job.Status));
    }

    [Fact]
    public void The_jobs_of_a_called_workflow_stand_in_place_of_the_call()
    {
        var builder = new WorkflowSetBuilder(Example.Workflow("on: push\njobs: {a: {uses: ./.shithub/workflows/w.yml, with: {n: 2}}}"));
        var called = WorkflowReader.Parse(".shithub/workflows/w.yml", Encoding.UTF8.GetBytes(
            "on: {workflow_call: {inputs: {n: {type: number}}}}\njobs: {b: {name: 'b ${{ inputs.n }}', runs-on: x, steps: [{run: x}]}}"));
        builder.Add(new WorkflowSource(".shithub/workflows/w.yml", called.Workflow!, new Dictionary<string, string>()));
        var preview = PlanPreview.Of(builder.Build()!, Example.Context());
        Assert.Equal("a / a/b", string.Join(" / ", preview.Jobs.Select(job => job.Path)));
        Assert.Equal("a / b 2", preview.Jobs[1].Name);
    }

    [Fact]
    public void A_workflow_that_would_be_refused_says_so()
    {
        var preview = Preview("""
            on: push
            jobs:
              a: {runs-on: x, steps: [{run: "eval ${{ github.event.head_commit.message }}"}]}
            """);
        Assert.Contains(preview.Diagnostics, diagnostic => diagnostic.Code == DiagnosticCodes.UnsafeScript);
    }

    private static PlanPreview Preview(string yaml) => PlanPreview.Of(
        WorkflowSet.Of(Example.Workflow(yaml)),
        Example.Context("""{"actor": "ada", "ref": "refs/heads/trunk", "event": {"head_commit": {"message": "m"}}}"""));

    private static JobPreview Job(PlanPreview preview, string path) => preview.Jobs.Single(job => job.Path == path);
}
