using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Steps;

/// <summary>What a step says through its files, in a real container.</summary>
public sealed class StepFileTests(SharedRunner shared) : IClassFixture<SharedRunner>
{
    [Fact]
    public async Task What_a_step_sets_holds_for_the_steps_after_it_and_for_the_job()
    {
        var job = shared.Server.Enqueue(
            job => job with
            {
                Outputs = new Dictionary<string, string> { ["text"] = "${{ steps.one.outputs.text }}", ["ref"] = "${{ steps.two.outputs.ref }}" },
            },
            FakeServer.Script("""
                echo "A=1" >> "$GITHUB_ENV"
                printf 'B<<EOF\ntwo\nlines\nEOF\n' >> "$SHITHUB_ENV"
                mkdir -p bin && printf '#!/bin/sh\necho found\n' > bin/probe && chmod +x bin/probe
                echo "$PWD/bin" >> "$GITHUB_PATH"
                echo "text=hello" >> "$GITHUB_OUTPUT"
                echo "# Summary" >> "$GITHUB_STEP_SUMMARY"
                """) with { StepId = "one" },
            FakeServer.Script("""
                echo "$A $B ${{ env.A }} ${{ steps.one.outputs.text }} ${{ steps.one.outcome }}"; probe
                echo "ref=$GITHUB_REF" >> "$GITHUB_OUTPUT"
                """) with { StepId = "two" });

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("1 two\nlines 1 hello success\nfound\n", job.Log(1));
        Assert.Equal(new Dictionary<string, string> { ["text"] = "hello", ["ref"] = "refs/heads/trunk" }, job.Outputs);
        Assert.Equal(["ref"], job.TaintedOutputs);
        Assert.Equal("# Summary\n", job.Summary(0));
        Assert.Null(job.Summary(1));
    }

    [Theory]
    [InlineData("rm $GITHUB_OUTPUT; ln -s /etc/passwd $GITHUB_OUTPUT", "is no plain file")]
    [InlineData("rm $GITHUB_ENV; ln -s $GITHUB_OUTPUT $GITHUB_ENV", "is no plain file")]
    [InlineData("rm $GITHUB_OUTPUT; mkfifo $GITHUB_OUTPUT", "is no plain file")]
    [InlineData("rm $GITHUB_PATH; mkdir $GITHUB_PATH", "is no plain file")]
    [InlineData("head -c 2097152 /dev/zero | tr '\\0' a > $GITHUB_OUTPUT", "more than 1024 KiB to $GITHUB_OUTPUT")]
    [InlineData("truncate -s 1T $GITHUB_ENV", "more than 1024 KiB to $GITHUB_ENV")]
    [InlineData("echo 'A<<EOF' > $GITHUB_ENV; echo 1 >> $GITHUB_ENV", "has no line 'EOF' after it")]
    [InlineData("echo nonsense > $GITHUB_OUTPUT", "is neither NAME=VALUE nor NAME<<DELIMITER")]
    public async Task Files_that_can_not_be_used_fail_the_step_and_say_why(string script, string reason)
    {
        var job = shared.Server.Enqueue(script, "echo never");

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal("failure", job.Step(0));
        Assert.Equal("skipped", job.Step(1));
        Assert.Contains(reason, job.Log(null), StringComparison.Ordinal);
        Assert.DoesNotContain("root:", job.Log(null), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head -c 2097152 /dev/zero | tr '\\0' a > $GITHUB_STEP_SUMMARY", "it wrote more than 1024 KiB to $GITHUB_STEP_SUMMARY")]
    [InlineData("rm $GITHUB_STEP_SUMMARY; ln -s /etc/passwd $GITHUB_STEP_SUMMARY", "it left something at $GITHUB_STEP_SUMMARY that is no plain file")]
    public async Task A_summary_that_can_not_be_had_is_told_and_fails_nothing(string script, string reason)
    {
        var job = shared.Server.Enqueue(script, "echo on");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Null(job.Summary(0));
        Assert.Contains(reason, job.Log(null), StringComparison.Ordinal);
        var annotation = Assert.Single(job.Annotations);
        Assert.Equal(("error", $"The summary is left out: {reason}."), (annotation.Level, annotation.Message));
    }

    [Fact]
    public async Task Annotations_and_summaries_hide_what_logs_hide()
    {
        var job = shared.Server.Enqueue("""
            echo "::add-mask::hunter2-long"
            echo "::error file=app.js,line=1,endLine=2,col=5,endColumn=7,title=It is hunter2-long::Bad hunter2-long%0Aand more"
            echo "hunter2-long" >> "$GITHUB_STEP_SUMMARY"
            """);

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal(new Shithub.Actions.Protocol.StepAnnotation("error", "Bad ***\nand more", "It is ***", "app.js", 1, 2, 5, 7), Assert.Single(job.Annotations));
        Assert.Equal("***\n", job.Summary(0));
    }

    [Fact]
    public async Task The_folder_of_the_files_can_not_be_exchanged_and_those_of_other_steps_not_be_found()
    {
        var job = shared.Server.Enqueue(
            "d=$(dirname $GITHUB_ENV); mv $d ${d}x || echo kept; rmdir $d || echo kept; ls /github/commands | wc -l; echo $d > first",
            "touch $(cat first)/more && echo reached; echo 'A=late' >> $(cat first)/env; [ $(dirname $GITHUB_ENV) != $(cat first) ] && echo fresh",
            "echo [$A]");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Contains("kept\n", job.Log(0), StringComparison.Ordinal);
        Assert.EndsWith("fresh\n", job.Log(1), StringComparison.Ordinal);
        Assert.Equal("[]\n", job.Log(2));
    }

    [Fact]
    public async Task A_file_that_is_gone_or_was_replaced_by_a_plain_one_is_fine()
    {
        var job = shared.Server.Enqueue("rm $GITHUB_ENV; echo 'x=1' > t; mv t $GITHUB_OUTPUT");
        Assert.Equal("success", await job.ConclusionAsync());
    }

    [Fact]
    public async Task The_runner_s_own_variables_can_not_be_set()
    {
        var job = shared.Server.Enqueue(
            "printf 'GITHUB_SHA=evil\\nNODE_OPTIONS=--require=evil\\nFINE=yes\\n' >> $GITHUB_ENV", "echo $GITHUB_SHA [$NODE_OPTIONS] $FINE");

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal($"{new string('0', 40)} [] yes\n", job.Log(1));
        Assert.Contains("The variable 'GITHUB_SHA' is not set for the next steps: it is the runner's own.", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("The variable 'NODE_OPTIONS' is not set", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_a_step_masks_is_hidden_in_all_logs_even_in_two_chunks()
    {
        var job = shared.Server.Enqueue(
            "echo ::add-mask::hunter2hunter2; printf 'it is hunter2'; sleep 1; echo hunter2.",
            "echo hunter2hunter2; exit 1");

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal("::add-mask::***\nit is ***.\n", job.Log(0));
        Assert.Equal("***\n", job.Log(1));
        Assert.Equal(["hunter2hunter2"], job.MasksTold);
    }

    [Fact]
    public async Task An_output_with_a_masked_value_does_not_leave_the_job()
    {
        var job = shared.Server.Enqueue(
            job => job with { Outputs = new Dictionary<string, string> { ["leak"] = "<${{ steps.one.outputs.x }}>" } },
            FakeServer.Script("echo ::add-mask::hunter2; echo x=hunter2 >> $GITHUB_OUTPUT") with { StepId = "one" });

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Empty(job.Outputs);
        Assert.Contains("The output 'leak' is left out, since it may hold a secret.", job.Log(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_the_workspace_are_hashed_and_links_out_of_it_are_not()
    {
        var job = shared.Server.Enqueue(
            "mkdir a; echo 1 > a/one; echo 2 > two; ln -s /etc/passwd a/passwd; ln -s / root",
            "echo ${{ hashFiles('a/one') }} [${{ hashFiles('none') }}]; echo ${{ hashFiles('a/*') == hashFiles('a/one') }}",
            "echo ${{ hashFiles('../*') }}");

        Assert.Equal("failure", await job.ConclusionAsync());
        var one = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Security.Cryptography.SHA256.HashData("1\n"u8)));
        Assert.Equal($"{one} []\ntrue\n", job.Log(1));
        Assert.Equal("failure", job.Step(2));
    }
}
