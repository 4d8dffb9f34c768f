namespace Shithub.Actions.Workflows.Tests;

/// <summary>How the jobs of a run follow from each other: 'Using jobs in a workflow', 'Reusing workflows', 'Status check functions'.</summary>
public class RunMachineTests
{
    private const string Chain = """
        on: push
        jobs:
          a: {runs-on: x, steps: [{run: a}]}
          b: {runs-on: x, needs: a, steps: [{run: b}]}
          c: {runs-on: x, needs: b, steps: [{run: c}]}
        """;

    [Fact]
    public void Jobs_run_when_what_they_need_succeeded()
    {
        var run = new Simulation(Chain);
        Assert.Equal("a:queued b:waiting c:waiting", run.Summary);
        Assert.Equal("queued", run.State.Status);
        Assert.Equal("a:success b:queued c:waiting", run.End("a").Summary);
        Assert.Equal("a:success b:success c:success", run.EndAll().Summary);
        Assert.Equal(new RunState("completed", "success"), run.State);
    }

    [Theory]
    [InlineData("failure")]
    [InlineData("timed_out")]
    [InlineData("runner_lost")]
    [InlineData("cancelled")]
    public void A_failure_skips_the_whole_chain(string conclusion)
    {
        var run = new Simulation(Chain).End("a", conclusion);
        Assert.Equal($"a:{conclusion} b:skipped c:skipped", run.Summary);
        Assert.NotNull(run.State.Conclusion);
    }

    [Theory]
    [InlineData("always()", "failure", "queued")]
    [InlineData("always()", "success", "queued")]
    [InlineData("failure()", "failure", "queued")]
    [InlineData("failure()", "success", "skipped")]
    [InlineData("success()", "failure", "skipped")]
    [InlineData("!cancelled()", "failure", "queued")]
    [InlineData("cancelled()", "failure", "skipped")]
    [InlineData("needs.a.result == 'failure'", "failure", "skipped")]
    [InlineData("always() && needs.a.result == 'failure'", "failure", "queued")]
    [InlineData("${{ always() && needs.a.outputs.go == 'yes' }}", "success", "skipped")]
    [InlineData("true", "success", "queued")]
    [InlineData("false", "success", "skipped")]
    public void A_condition_decides_whether_a_job_runs_after_what_it_needs(string condition, string conclusion, string status)
    {
        var run = new Simulation($$"""
            on: push
            jobs:
              a: {runs-on: x, steps: [{run: a}]}
              b:
                needs: a
                if: "{{condition}}"
                runs-on: x
                steps: [{run: b}]
            """).End("a", conclusion);
        Assert.Equal($"a:{conclusion} b:{status}", run.Summary);
    }

    [Fact]
    public void A_skip_applies_to_all_jobs_of_the_chain_from_there_on_unless_their_conditions_say_otherwise()
    {
        // 'a failure or skip applies to all jobs in the dependency chain from the point of failure or skip onwards'
        var run = new Simulation("""
            on: push
            jobs:
              a: {runs-on: x, if: false, steps: [{run: a}]}
              b: {runs-on: x, needs: a, if: always(), steps: [{run: b}]}
              c: {runs-on: x, needs: b, steps: [{run: c}]}
              d: {runs-on: x, needs: b, if: "!failure() && !cancelled()", steps: [{run: d}]}
            """);
        Assert.Equal("a:skipped b:queued c:waiting d:waiting", run.Summary);
        Assert.Equal("a:skipped b:success c:skipped d:queued", run.End("b").Summary);
    }

    [Fact]
    public void Outputs_reach_conditions_names_labels_and_matrices_of_jobs_that_need_them()
    {
        var run = new Simulation("""
            on: push
            jobs:
              find:
                runs-on: x
                outputs: {list: "${{ steps.l.outputs.list }}", os: "${{ steps.l.outputs.os }}"}
                steps: [{id: l, run: find}]
              test:
                needs: find
                if: needs.find.outputs.list != '[]'
                name: test ${{ matrix.v }} on ${{ needs.find.outputs.os }}
                runs-on: ${{ needs.find.outputs.os }}
                strategy: {matrix: {v: "${{ fromJSON(needs.find.outputs.list) }}"}}
                steps: [{run: test}]
            """);
        Assert.Equal("${{ steps.l.outputs.list }}", run.Ready("find").Outputs["list"]);
        run.End("find", "success", ("list", "[1, 2.5, \"three\"]"), ("os", "Debian"));
        Assert.Equal("find:success test[0]:queued test[1]:queued test[2]:queued", run.Summary);
        Assert.Equal("test 2.5 on Debian", run.Ready("test[1]").Name);
        Assert.Equal(["debian"], run.Ready("test[2]").RunsOn);
        Assert.Equal("""{"v":"three"}""", Simulation.Context(run.Ready("test[2]"), "matrix")!.ToJsonString());
        Assert.Equal("""{"find":{"result":"success","outputs":{"list":"[1, 2.5, \u0022three\u0022]","os":"Debian"}}}""", Simulation.Context(run.Ready("test[2]"), "needs")!.ToJsonString());
        Assert.Equal("""{"fail-fast":true,"job-index":2,"job-total":3,"max-parallel":3}""", Simulation.Context(run.Ready("test[2]"), "strategy")!.ToJsonString());
    }

    [Fact]
    public void A_matrix_that_cannot_be_fails_its_job_and_says_why()
    {
        var run = new Simulation("""
            on: push
            jobs:
              find: {runs-on: x, outputs: {list: "${{ steps.l.outputs.list }}"}, steps: [{id: l, run: find}]}
              test:
                needs: find
                runs-on: x
                strategy: {matrix: {v: "${{ fromJSON(needs.find.outputs.list) }}"}}
                steps: [{run: test}]
              after: {needs: test, runs-on: x, steps: [{run: after}]}
            """);
        run.End("find", "success", ("list", "[]"));
        Assert.Equal("find:success test:failure after:skipped", run.Summary);
        Assert.Contains("the matrix axis 'v' has no value", run.Failure("test"), StringComparison.Ordinal);
        Assert.Equal("failure", run.State.Conclusion);
    }

    [Fact]
    public void By_default_a_failed_leg_cancels_the_others()
    {
        var run = new Simulation("""
            on: push
            jobs:
              t: {runs-on: x, strategy: {matrix: {v: [1, 2, 3]}}, steps: [{run: t}]}
              after: {needs: t, runs-on: x, if: always(), steps: [{run: after}]}
            """);
        run.Start("t[0]", "t[1]").End("t[0]", "failure");
        Assert.Equal("t[0]:failure t[1]:running t[2]:cancelled after:waiting", run.Summary);
        Assert.Equal(["t[1]"], run.CancelRequests);
        run.End("t[1]", "cancelled");
        Assert.Equal("t[0]:failure t[1]:cancelled t[2]:cancelled after:queued", run.Summary);
        Assert.Equal("failure", (string)Simulation.Context(run.Ready("after"), "needs")!["t"]!["result"]!);
    }

    [Fact]
    public void Without_fail_fast_the_other_legs_go_on()
    {
        var run = new Simulation("""
            on: push
            jobs:
              t: {runs-on: x, strategy: {fail-fast: false, matrix: {v: [1, 2]}}, steps: [{run: t}]}
            """);
        Assert.Equal("t[0]:failure t[1]:queued", run.End("t[0]", "failure").Summary);
    }

    [Fact]
    public void A_leg_that_may_fail_neither_stops_the_others_nor_fails_the_run()
    {
        var run = new Simulation("""
            on: push
            jobs:
              t:
                runs-on: x
                continue-on-error: ${{ matrix.experimental == true }}
                strategy: {matrix: {v: [1], include: [{v: 2, experimental: true}]}}
                steps: [{run: t}]
              after: {needs: t, runs-on: x, steps: [{run: after}]}
            """);
        Assert.Equal("t (2, true)", run.Ready("t[1]").Name);
        run.End("t[1]", "failure").End("t[0]");
        Assert.Equal("t[0]:success t[1]:failure after:queued", run.Summary);
        Assert.Equal("success", run.EndAll().State.Conclusion);
    }

    [Fact]
    public void No_more_legs_run_at_once_than_max_parallel()
    {
        var run = new Simulation("""
            on: push
            jobs:
              t: {runs-on: x, strategy: {max-parallel: 2, fail-fast: false, matrix: {v: [1, 2, 3, 4]}}, steps: [{run: t}]}
            """);
        Assert.Equal("t[0] t[1]", run.Queued);
        Assert.Equal("t[2]", run.Start("t[0]", "t[1]").End("t[1]").Queued);
        Assert.Equal("t[0]:running t[1]:success t[2]:queued t[3]:waiting", run.Summary);
        Assert.Equal("success", run.End("t[0]", "success").EndAll().State.Conclusion);
    }

    [Fact]
    public void The_last_leg_that_sets_an_output_to_something_wins()
    {
        var run = new Simulation("""
            on: push
            jobs:
              t: {runs-on: x, outputs: {o: "${{ steps.s.outputs.o }}"}, strategy: {matrix: {v: [1, 2, 3]}}, steps: [{id: s, run: t}]}
              after: {needs: t, runs-on: x, name: "${{ needs.t.outputs.o }}", steps: [{run: after}]}
            """);
        run.End("t[1]", "success", ("o", "second")).End("t[0]", "success", ("o", "first")).End("t[2]", "success", ("o", ""));
        Assert.Equal("first", run.Ready("after").Name);
    }

    private const string Caller = """
        on: push
        jobs:
          before: {runs-on: x, outputs: {v: "${{ steps.s.outputs.v }}"}, steps: [{id: s, run: b}]}
          deploy:
            needs: before
            uses: ./.shithub/workflows/deploy.yml
            with: {target: "${{ needs.before.outputs.v }}", count: 3}
            secrets: inherit
          after:
            needs: deploy
            runs-on: x
            name: saw ${{ needs.deploy.outputs.url }}
            steps: [{run: after}]
        """;

    private const string Callee = """
        on:
          workflow_call:
            inputs:
              target: {type: string, required: true}
              count: {type: number, default: 1}
              quiet: {type: boolean}
            outputs:
              url: {value: "https://${{ jobs.publish.outputs.host }}/${{ inputs.target }}"}
        jobs:
          build: {runs-on: x, steps: [{run: build}]}
          publish: {needs: build, runs-on: x, outputs: {host: "${{ steps.s.outputs.h }}"}, steps: [{id: s, run: publish}]}
        """;

    private static readonly Dictionary<string, string> Deploy = new() { ["./.shithub/workflows/deploy.yml"] = Callee };

    [Fact]
    public void A_called_workflow_gets_inputs_and_gives_outputs()
    {
        var run = new Simulation(Caller, Deploy).End("before", "success", ("v", "live"));
        Assert.Equal("before:success deploy/build:queued deploy/publish:waiting after:waiting", run.Summary);
        Assert.Equal("deploy / build", run.Ready("deploy/build").Name);
        Assert.Equal("""{"target":"live","count":3,"quiet":false}""", Simulation.Context(run.Ready("deploy/build"), "inputs")!.ToJsonString());
        run.End("deploy/build").End("deploy/publish", "success", ("host", "example.org"));
        Assert.Equal("saw https://example.org/live", run.Ready("after").Name);
        Assert.Equal("success", run.EndAll().State.Conclusion);
    }

    [Fact]
    public void The_failure_of_a_called_workflow_is_that_of_the_job_that_calls()
    {
        var run = new Simulation(Caller, Deploy).End("before", "success", ("v", "live")).End("deploy/build", "failure");
        Assert.Equal("before:success deploy/build:failure deploy/publish:skipped after:skipped", run.Summary);
        Assert.Equal("failure", run.State.Conclusion);
    }

    [Fact]
    public void A_matrix_may_call_a_workflow_for_each_leg()
    {
        var run = new Simulation(
            """
            on: push
            jobs:
              d:
                strategy: {matrix: {t: [one, two]}}
                uses: ./.shithub/workflows/deploy.yml
                with: {target: "${{ matrix.t }}"}
              after: {needs: d, runs-on: x, steps: [{run: after}]}
            """,
            Deploy);
        Assert.Equal("d[0]/build:queued d[0]/publish:waiting d[1]/build:queued d[1]/publish:waiting after:waiting", run.Summary);
        Assert.Equal("d (two) / build", run.Ready("d[1]/build").Name);
        run.End("d[0]/build", "failure");
        Assert.Equal("d[0]/build:failure d[0]/publish:skipped d[1]/build:cancelled d[1]/publish:cancelled after:skipped", run.Summary);
    }

    [Fact]
    public void An_input_of_the_wrong_type_fails_the_call_at_its_place()
    {
        var run = new Simulation(
            """
            on: push
            jobs:
              before: {runs-on: x, outputs: {n: "${{ steps.s.outputs.n }}"}, steps: [{id: s, run: b}]}
              d:
                needs: before
                uses: ./.shithub/workflows/deploy.yml
                with: {target: x, count: "${{ needs.before.outputs.n }}"}
            """,
            Deploy).End("before", "success", ("n", "many"));
        Assert.Equal("before:success d:failure", run.Summary);
        Assert.Contains("ci.yml:7:", run.Failure("d"), StringComparison.Ordinal);
        Assert.Contains("the input 'count' is a number, but gets string 'many'", run.Failure("d"), StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_cancel_only_jobs_that_ask_for_it_still_start()
    {
        var run = new Simulation("""
            on: push
            jobs:
              a: {runs-on: x, steps: [{run: a}]}
              b: {runs-on: x, needs: a, steps: [{run: b}]}
              c: {runs-on: x, needs: [a, b], if: always(), steps: [{run: c}]}
              d: {runs-on: x, needs: a, if: cancelled(), steps: [{run: d}]}
              e: {runs-on: x, needs: a, if: "!cancelled()", steps: [{run: e}]}
            """);
        run.Start("a").Cancel();
        Assert.Equal("a:running b:cancelled c:waiting d:waiting e:waiting", run.Summary);
        run.End("a", "cancelled");
        Assert.Equal("a:cancelled b:cancelled c:queued d:queued e:cancelled", run.Summary);
        Assert.Equal("cancelled", run.EndAll().State.Conclusion);
    }

    [Fact]
    public void A_run_has_a_name_and_a_concurrency_group_of_its_event()
    {
        var run = new Simulation(
            """
            run-name: Deploy by @${{ github.actor }}
            on: push
            concurrency: {group: "deploy-${{ github.ref }}", cancel-in-progress: true}
            jobs:
              a: {runs-on: x, steps: [{run: a}]}
            """,
            context: Example.Context("""{"actor": "ada", "ref": "refs/heads/trunk"}"""));
        Assert.Equal("Deploy by @ada", run.Title);
        Assert.Equal(new ReadyConcurrency("deploy-refs/heads/trunk", true, false), run.Concurrency);
        Assert.Equal("a:waiting", run.Summary);
    }

    [Fact]
    public void A_job_in_a_concurrency_group_is_ready_and_waits()
    {
        var run = new Simulation("""
            on: push
            jobs:
              a: {runs-on: x, concurrency: "g-${{ matrix.v }}", strategy: {matrix: {v: [1]}}, steps: [{run: a}]}
            """);
        var job = Assert.Single(run.Jobs);
        Assert.Equal(("waiting", true, HoldReason.Concurrency), (job.Status, job.IsReady, job.Hold));
        Assert.Equal("g-1", run.Ready("a[0]").Concurrency!.Group);
    }
}
