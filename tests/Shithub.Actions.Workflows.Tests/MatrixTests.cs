namespace Shithub.Actions.Workflows.Tests;

/// <summary>'Running variations of jobs in a workflow' and 'jobs.&lt;job_id&gt;.strategy'.</summary>
public class MatrixTests
{
    [Theory]
    // 'a workflow can use two variables ... six jobs'
    [InlineData("{version: [10, 12, 14], os: [a, b]}", "10 a|10 b|12 a|12 b|14 a|14 b")]
    [InlineData("{fruit: [apple, pear], animal: [cat, dog], exclude: [{fruit: pear, animal: dog}]}", "apple cat|apple dog|pear cat")]
    [InlineData("{fruit: [apple, pear], animal: [cat, dog], exclude: [{fruit: pear}]}", "apple cat|apple dog")]
    [InlineData("{fruit: [apple], include: [{color: green}]}", "apple green")]
    [InlineData("{fruit: [apple], include: [{fruit: pear}]}", "apple|pear")]
    [InlineData("{include: [{site: production, dc: a}, {site: staging, dc: b}]}", "production a|staging b")]
    [InlineData("{v: [{a: 1, b: [2]}]}", "1 2")]
    [InlineData("{v: [1, 2], exclude: [{v: 1}, {v: 2}], include: [{v: 3}]}", "3")]
    // A list that an expression gives for an item of a list is inserted.
    [InlineData("{v: [a, \"${{ fromJSON('[1, 2]') }}\", \"${{ fromJSON('[]') }}\", [3, 4]]}", "a|1|2|3 4")]
    [InlineData("{include: [{v: a}, \"${{ fromJSON('[{\\\"v\\\": \\\"b\\\"}]') }}\"]}", "a|b")]
    public void A_matrix_has_these_legs(string matrix, string legs) => Assert.Equal(legs, Legs(matrix));

    /// <summary>The example of 'Expanding or adding matrix configurations', with the results that it lists.</summary>
    [Fact]
    public void Includes_extend_the_combinations_of_which_they_overwrite_nothing_and_else_add_one() => Assert.Equal(
        "apple cat pink circle|apple dog green circle|pear cat pink|pear dog green|banana|banana cat",
        Legs(
            """
            {fruit: [apple, pear], animal: [cat, dog], include: [
              {color: green}, {color: pink, animal: cat}, {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}
            """));

    [Fact]
    public void A_matrix_of_more_than_256_jobs_is_refused()
    {
        var many = string.Join(", ", Enumerable.Range(0, 17));
        var run = new Simulation(
            """
            on: push
            jobs:
              t:
                runs-on: x
                strategy:
                  matrix: {a: "${{ fromJSON(vars.MANY) }}", b: "${{ fromJSON(vars.MANY) }}"}
                steps: [{run: t}]
            """,
            context: Example.Context(vars: new() { ["MANY"] = $"[{many}]" }));
        Assert.Equal("t:failure", run.Summary);
        Assert.Contains("more than 256", run.Failure("t"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_more_than_1000_jobs_is_refused()
    {
        var many = string.Join(", ", Enumerable.Range(0, 256));
        var jobs = string.Join('\n', "abcd".Select(key => $"  {key}: {{runs-on: x, strategy: {{matrix: {{v: [{many}]}}}}, steps: [{{run: t}}]}}"));
        var run = new Simulation($"on: push\njobs:\n{jobs}");
        Assert.Equal(3 * 256 + 1, run.Jobs.Count);
        Assert.Contains("more than 1000 jobs", run.Failure("d"), StringComparison.Ordinal);
    }

    private static string Legs(string matrix)
    {
        var run = new Simulation($$"""
            on: push
            jobs:
              t:
                runs-on: x
                strategy:
                  matrix: {{matrix.ReplaceLineEndings(" ")}}
                steps: [{run: t}]
            """);
        return string.Join('|', run.Jobs.Select(job => run.Ready(job.Path).Name["t (".Length..^1].Replace(", ", " ", StringComparison.Ordinal)));
    }
}
