using System.Diagnostics;
using System.Text;
using FsCheck.Fluent;

namespace Shithub.Actions.Workflows.Tests;

public class HostileInputTests
{
    private static string FirstError(byte[] file)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var result = WorkflowReader.Parse(Example.File, file);
        // Allocation is the bound for memory: nothing else is kept.
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64L * 1024 * 1024, "allocated more than 64 MiB");
        Assert.Null(result.Workflow);
        return result.Diagnostics.First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToString()[(Example.File.Length + 1)..];
    }

    private static string FirstError(string file) => FirstError(Encoding.UTF8.GetBytes(file));

    [Fact]
    public void A_file_over_64_KiB_is_refused() =>
        Assert.StartsWith("1:1: error: the file has 65537 bytes; a workflow file may have 65536", FirstError(new string('a', 65_537)), StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_refused_where_they_are() =>
        Assert.Equal("2:3: error: the file is not valid UTF-8: byte 0xff at offset 6; save it as UTF-8", FirstError([(byte)'a', (byte)':', (byte)'1', 10, (byte)'b', (byte)':', 0xff]));

    [Fact]
    public void NUL_is_refused_where_it_is() =>
        Assert.Equal("2:3: error: the character U+0000 is not allowed in YAML", FirstError("a: 1\nb:\0"));

    [Fact]
    public void A_byte_order_mark_is_fine() =>
        Assert.NotNull(WorkflowReader.Parse(Example.File, [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Example.Steps("- run: x"))]).Workflow);

    [Fact]
    public void An_alias_bomb_is_counted_and_not_built()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 60; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Contains("more than 10000 YAML nodes when its aliases are expanded", FirstError(bomb.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_count_for_the_depth_too()
    {
        var deep = new StringBuilder("a0: &a0 [x]\n");
        for (var i = 1; i < 100; i++)
            deep.Append($"a{i}: &a{i} [*a{i - 1}]\n");
        Assert.Contains("more than 64 levels", FirstError(deep.ToString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", "")]
    [InlineData("{a: ", "")]
    [InlineData("[", "]")]
    [InlineData("- ", "")]
    [InlineData("? ", "")]
    [InlineData("[{a: [", "")]
    public void Ten_thousand_levels_end_with_an_error(string open, string close) => FirstError(
        string.Concat(Enumerable.Repeat(open, 10_000)) + string.Concat(Enumerable.Repeat(close, 10_000)));

    [Fact]
    public void Keys_and_values_of_a_whole_file_end_with_an_error()
    {
        FirstError(new string('k', 65_000) + ": 1");
        FirstError("\"" + new string('k', 65_000) + "\": 1");
        FirstError("on: \"" + new string('k', 65_000));
        FirstError("on: " + new string('9', 65_000));
        FirstError("on: &" + new string('a', 30_000) + " *" + new string('a', 30_000));
        FirstError(string.Concat(Enumerable.Range(0, 9_000).Select(i => $"k{i}:\n")));
        FirstError(string.Concat(Enumerable.Repeat("!!", 30_000)));
        FirstError("on: \"\\UFFFFFFFF\"");
    }

    [Fact]
    public void A_matrix_of_256_by_256_is_counted_and_not_built()
    {
        var axis = string.Join(",", Enumerable.Range(0, 256));
        Assert.Contains(
            "the matrix makes 65536 jobs; it may make 256",
            FirstError($"on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {{a: [{axis}], b: [{axis}]}}}}, steps: [{{run: x}}]}}}}"), StringComparison.Ordinal);
        var axes = string.Join(", ", Enumerable.Range(0, 900).Select(i => $"a{i}: [{string.Join(",", Enumerable.Range(0, 9))}]"));
        Assert.Contains("jobs; it may make 256", FirstError($"on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {{{axes}}}}}, steps: [{{run: x}}]}}}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_jobs_that_need_each_other_end_in_time()
    {
        var circle = string.Concat(Enumerable.Range(0, 900).Select(i => $" j{i}: {{needs: j{(i + 1) % 900}, runs-on: x, steps: [{{run: x}}]}}\n"));
        Assert.Contains("the needs go in a circle", FirstError("on: push\njobs:\n" + circle), StringComparison.Ordinal);
        var all = $"&all [{string.Join(",", Enumerable.Range(0, 60).Select(i => "j" + i))}]";
        var web = string.Concat(Enumerable.Range(0, 60).Select(i => $" j{i}: {{needs: {(i == 0 ? all : "*all")}, runs-on: x, steps: [{{run: x}}]}}\n"));
        Assert.Contains("the needs go in a circle", FirstError("on: push\njobs:\n" + web), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("**a**a**a**a**a**a**a**a**b")]
    public void Patterns_match_in_time_in_proportion_to_the_text(string pattern)
    {
        var workflow = Example.Workflow($"on: {{push: {{paths: ['{pattern}']}}}}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}");
        var watch = Stopwatch.StartNew();
        EventMatcher.Matches(workflow, new TriggerEvent("push", "refs/heads/main", [new string('a', 100_000)], Deleted: false));
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
    }

    [Fact]
    public void Unknown_names_of_a_whole_file_are_compared_in_time()
    {
        FirstError("on: [" + string.Join(", ", Enumerable.Range(0, 6_000).Select(i => $"pull{i}x")) + "]\njobs: {a: {runs-on: x, steps: [{run: x}]}}");
        FirstError("on: push\njobs:\n" + string.Concat(Enumerable.Range(0, 900).Select(i => $" k{i}: {{needz: x, runs_on: y, stepz: [a]}}\n")));
        FirstError("on: {schedule: [" + string.Join(", ", Enumerable.Range(0, 2_000).Select(i => $"{{cron: x, timezone: Europe/Berln{i}}}")) + "]}\njobs: {a: {runs-on: x, steps: [{run: x}]}}");
        FirstError("on: push\njobs:\n a:\n  runs-on: x\n  steps:\n" + string.Concat(Enumerable.Range(0, 900).Select(i => $"  - uses: action/checkouts{i}@v4\n")) + "  - run: ''\n");
    }

    [Theory]
    [InlineData("[&a ]")]
    [InlineData("{&a }")]
    [InlineData("[&a &b x]")]
    [InlineData("[x, &a *x]")]
    [InlineData("[&a x, &a]")]
    [InlineData("{a: &a, b: *a, c: &c {d: *c}}")]
    [InlineData("{? &a [b] : c}")]
    public void Odd_anchors_in_flow_end_with_an_error(string flow) => FirstError("on: " + flow);

    [Theory]
    [InlineData("${{ ")]
    [InlineData("${{ ( }} ")]
    [InlineData("${{ a")]
    [InlineData("${{ github.a }} ")]
    [InlineData("${{'")]
    public void Thousands_of_expressions_end_in_time(string piece)
    {
        var yaml = Example.Steps("- run: '" + string.Concat(Enumerable.Repeat(piece.Replace("'", "''"), 60_000 / piece.Length)) + "'");
        var watch = Stopwatch.StartNew();
        WorkflowReader.Parse(Example.File, Encoding.UTF8.GetBytes(yaml));
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("(")]
    [InlineData("!")]
    [InlineData("github[")]
    [InlineData("contains(")]
    [InlineData("1 == ")]
    [InlineData("github.a.b == ")]
    public void Deep_expressions_are_refused(string piece)
    {
        var expression = string.Concat(Enumerable.Repeat(piece, 20_000 / piece.Length)) + "1";
        var error = Example.Error(Example.Steps("- run: echo ${{ " + expression + " }}"));
        Assert.Contains("more than 50 levels", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_chain_is_not_deep()
    {
        var chain = string.Join(" || ", Enumerable.Repeat("false", 2_000)) + " || 7";
        Assert.Equal("7", Example.PlanStep("- run: ${{ " + chain + " }}").Run);
    }

    [Fact]
    public void A_plan_whose_expressions_grow_without_end_is_refused()
    {
        var payload = "{\"event\": {\"a\": \"" + new string('x', 100_000) + "\"}}";
        var yaml = Example.Steps("- run: echo\n  env:\n" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"    V{i}: ${{{{ toJSON(github) }}}}\n")));
        var watch = Stopwatch.StartNew();
        var errors = Example.PlanErrors(yaml, Example.Context(payload));
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
        Assert.Contains("produce more than 16777216 characters", errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_payload_that_is_too_deep_is_an_error_and_not_a_crash()
    {
        System.Text.Json.Nodes.JsonNode payload = new System.Text.Json.Nodes.JsonArray();
        for (var i = 0; i < 500; i++)
            payload = new System.Text.Json.Nodes.JsonArray(payload);
        var context = new PlanContext(new System.Text.Json.Nodes.JsonObject { ["event"] = payload }, new Dictionary<string, string>(), new Dictionary<string, System.Text.Json.Nodes.JsonNode?>());
        Assert.Contains("a context cannot be read", Assert.Single(Example.PlanErrors(Example.Steps("- run: x"), context)), StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_never_throws()
    {
        string[] pieces =
        [
            "on", "push", "jobs", "steps", "run", "uses", "runs-on", "needs", "env", "with", "inputs", "branches", ": ", ":\n", "- ", "\n", "\n  ",
            "\n    ", "[", "]", "{", "}", ", ", "'", "\"", "|\n", ">-\n", "&a ", "*a", "!!str ", "!x ", "#", "%", "@", "\\", "\\x", "\\U", "\t", "<<: *a",
            "${{ ", " }}", "github.", "(", ")", "== ", "1", "0x", ".inf", "---\n", "...\n", "? ", "é", "😀", "\r", "\u0085", "\u2028", "\0", "-", "~",
            "if: ", "strategy: ", "matrix: ", "container: ", "services: ", "concurrency: ", "permissions: ", "secrets: inherit", "uses: ./x", "schedule:\n",
            "cron: '* * * * *'", "environment: ", "outputs: ", "defaults: ", "workflow_call: ", "${{ fromJSON(", "{{ github.", "types: ",
            "a", "workflow_dispatch", "actions/checkout@v4", "type: choice", "default: 1", "timeout-minutes: 5", "continue-on-error: true",
        ];
        var texts = Gen.Elements(pieces).ArrayOf();
        var beginnings = Gen.Elements("", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - ");
        var inputs = Gen.Choose(0, 3 * 10_000).SelectMany(_ => Gen.Zip(texts, beginnings), (broken, text) => (Pieces: text.Item1, Beginning: text.Item2, Broken: broken));
        FuzzProperty.Hold(
            inputs,
            input => FuzzProperty.WithoutOne(input.Pieces).Select(fewer => input with { Pieces = fewer }),
            input =>
            {
                var bytes = Encoding.UTF8.GetBytes(input.Beginning + string.Concat(input.Pieces));
                // One file in three has a byte that is not text.
                if (bytes.Length > 0 && input.Broken < 10_000)
                    bytes[input.Broken % bytes.Length] = (byte)(input.Broken / 40);
                Read(bytes);
            });
    }

    private static void Read(byte[] bytes)
    {
        var result = WorkflowReader.Parse(Example.File, bytes);
        Assert.Equal(result.Workflow is null, result.HasErrors);
        Assert.All(result.Diagnostics, diagnostic => Assert.True(diagnostic.Line > 0 && diagnostic.Column > 0));
        if (result.Workflow is not null)
        {
            WorkflowJson.Write(result.Workflow);
            PlannedView.Of(result.Workflow, Example.Context());
        }

        CompositeActionReader.Parse("action.yml", bytes);
    }
}
