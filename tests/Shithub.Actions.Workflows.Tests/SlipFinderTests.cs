namespace Shithub.Actions.Workflows.Tests;

/// <summary>Names that an expression takes of a context and that are never there: null on GitHub and here, so a warning.</summary>
public class SlipFinderTests
{
    private const string File =
        """
        on:
          workflow_dispatch: {inputs: {colour: {type: string}}}
          workflow_call: {inputs: {size: {type: number}}, outputs: {made: {value: '${{ jobs.make.outputs.thing }}'}}}
        jobs:
          make:
            runs-on: x
            outputs: {thing: '${{ steps.last.outputs.a }}'}
            environment: {name: e, url: '${{ steps.last.outputs.url }}'}
            steps:
              - {id: first, run: a}
              - {id: last, run: b}
          call:
            uses: ./.shithub/workflows/other.yml
          use:
            needs: [make, call]
            runs-on: x
            strategy: {matrix: {os: [a], include: [{node: 1}]}}
            steps:
              - {id: first, run: a}
              - id: mine
                run: echo ${{ HERE }}

        """;

    [Theory]
    [InlineData("needs.make.outputs.thing")]
    [InlineData("NEEDS.Make.Outputs.Thing")]
    [InlineData("needs['make'].result")]
    [InlineData("needs.call.outputs.anything")]
    [InlineData("needs.*.result")]
    [InlineData("toJSON(needs)")]
    [InlineData("needs[inputs.colour].result")]
    [InlineData("steps.first.outputs.a")]
    [InlineData("steps.first.conclusion")]
    [InlineData("matrix.os")]
    [InlineData("matrix.node")]
    [InlineData("inputs.colour || inputs.size")]
    [InlineData("github.inputs.other || secrets.needs")]
    [InlineData("fromJSON('[1]')")]
    public void Names_that_are_there_are_nothing_to_speak_of(string expression) =>
        Assert.Empty(Example.Warnings(File.Replace("HERE", expression, StringComparison.Ordinal)));

    [Theory]
    [InlineData("needs.male.result", "'needs.male' is always null: it is not among the needs of the job 'use'; did you mean 'make'?")]
    [InlineData("needs.make.output.a", "'needs.make.output' is always null: a job has outputs and result; did you mean 'outputs'?")]
    [InlineData("needs.make.outputs.thin", "'needs.make.outputs.thin' is always null: the job 'make' has no such output; did you mean 'thing'?")]
    [InlineData("steps.last.outputs.a", "'steps.last' is always null: no step of this job has that 'id'")]
    [InlineData("steps.mine.outputs.a", "'steps.mine' is always null: that step has not run yet")]
    [InlineData("steps.first.result", "'steps.first.result' is always null: a step has outputs, outcome, conclusion")]
    [InlineData("matrix['ox'].a", "'matrix.ox' is always null: the matrix has no such value; did you mean 'os'?")]
    [InlineData("inputs.color", "'inputs.color' is always null: the workflow has no such input; did you mean 'colour'?")]
    [InlineData("contains('x', inputs.color)", "'inputs.color' is always null: the workflow has no such input; did you mean 'colour'?", 37)]
    public void A_name_that_is_never_there_is_pointed_out(string expression, string warning, int column = 23) => Assert.Equal(
        $"21:{column}: warning: {warning}", Assert.Single(Example.Warnings(File.Replace("HERE", expression, StringComparison.Ordinal))));

    [Fact]
    public void A_job_that_is_not_needed_is_named_with_what_to_add()
    {
        var warning = Assert.Single(Example.Warnings(
            "on: push\njobs:\n a: {runs-on: x, steps: [{run: x}]}\n b: {runs-on: x, steps: [{run: 'echo ${{ needs.a.result }}'}]}"));
        Assert.EndsWith("'needs.a' is always null: it is not among the needs of the job 'b'; add 'a' to its 'needs'", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("matrix: '${{ fromJSON(vars.M) }}'")]
    [InlineData("matrix: {include: '${{ fromJSON(vars.M) }}'}")]
    [InlineData("matrix: {a: [1], include: ['${{ fromJSON(vars.M) }}']}")]
    public void What_a_matrix_of_an_expression_has_is_not_known(string matrix) => Assert.Empty(Example.Warnings(
        $"on: push\njobs: {{a: {{runs-on: x, strategy: {{{matrix}}}, steps: [{{run: 'echo ${{{{ matrix.any }}}}'}}]}}}}"));

    [Fact]
    public void A_job_without_a_matrix_has_none_of_its_values() => Assert.Contains(
        "'matrix.os' is always null: the job has no matrix", Assert.Single(Example.Warnings(Example.Script("${{ matrix.os }}"))), StringComparison.Ordinal);

    [Fact]
    public void An_output_of_a_called_workflow_is_of_a_job_that_it_has()
    {
        var yaml = File.Replace("jobs.make", "jobs.male", StringComparison.Ordinal).Replace("HERE", "matrix.os", StringComparison.Ordinal);
        Assert.Contains("'jobs.male' is always null: the workflow has no such job; did you mean 'make'?", Assert.Single(Example.Warnings(yaml)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fromJSON('{')")]
    [InlineData("contains(fromJson('[\"a\", '), github.ref)")]
    [InlineData("fromJSON('')")]
    public void JSON_that_is_none_is_pointed_out(string expression) => Assert.EndsWith(
        ", so it fails when it is evaluated", Assert.Single(Example.Warnings(Example.Steps($"- if: false && {expression}\n  run: x"))), StringComparison.Ordinal);

    [Fact]
    public void The_same_name_is_said_once_a_job_and_never_makes_an_error()
    {
        var many = string.Concat(Enumerable.Range(0, 150).Select(i => $"- run: echo ${{{{ inputs.x{i} }}}} ${{{{ inputs.x{i} }}}}\n"));
        var result = Example.Parse(Example.Steps(many));
        Assert.False(result.HasErrors);
        Assert.Equal(WorkflowLimits.MaxDiagnostics, result.Diagnostics.Count);
        Assert.Equal(result.Diagnostics.Count, result.Diagnostics.Select(diagnostic => diagnostic.Message).Distinct().Count());
    }

    [Fact]
    public void A_file_whose_only_errors_are_actions_that_are_not_here_is_looked_at_too()
    {
        var result = Example.Parse(Example.Steps("- uses: actions/setup-node@v4\n  id: n\n- run: echo ${{ steps.n.outputs.a }} ${{ matrix.node }}"));
        Assert.Single(result.Diagnostics, diagnostic => diagnostic.Code == DiagnosticCodes.AlwaysNull);
        result = Example.Parse(Example.Steps("- use: x\n  id: n\n- run: echo ${{ matrix.node }}"));
        Assert.DoesNotContain(result.Diagnostics, diagnostic => diagnostic.Code == DiagnosticCodes.AlwaysNull);
    }
}
