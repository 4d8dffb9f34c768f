using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Steps;

/// <summary>Composite actions of the workspace and of other repositories, in a real container.</summary>
public sealed class CompositeActionTests(SharedRunner shared) : IClassFixture<SharedRunner>
{
    /// <summary>Makes the action; what is to be evaluated only in it is written with an at sign.</summary>
    private const string Greet = """
        mkdir -p greet && cat > greet/action.yml <<'YAML'
        name: Greet
        inputs: {who: {default: nobody}}
        outputs: {said: {value: "@{{ steps.say.outputs.text }}"}}
        runs:
          using: composite
          steps:
            - id: say
              shell: bash
              run: |
                printf 'hello %s' "$INPUT_WHO"
                echo "text=hello @{{ inputs.who }}" >> $GITHUB_OUTPUT
                echo "GREETED=@{{ inputs.who }}" >> $GITHUB_ENV
            - name: Look around
              shell: sh
              run: ls $GITHUB_ACTION_PATH
            - if: inputs.who == 'nobody'
              shell: sh
              run: exit 3
        YAML
        sed -i 's/@{/${/g' greet/action.yml
        """;

    [Fact]
    public async Task An_action_of_the_workspace_runs_into_the_log_of_the_step_that_uses_it()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script(Greet),
            Use("./greet", ("who", "world")) with { StepId = "greet" },
            FakeServer.Script("echo ${{ steps.greet.outputs.said }} $GREETED ${{ steps.say.outputs.text }}"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("hello world world\n", job.Log(2));
        Assert.Equal(
            """
            ##[group]Run printf 'hello %s' "$INPUT_WHO"
            printf 'hello %s' "$INPUT_WHO"
            echo "text=hello world" >> $GITHUB_OUTPUT
            echo "GREETED=world" >> $GITHUB_ENV
            ##[endgroup]
            hello world
            ##[group]Run Look around
            ls $GITHUB_ACTION_PATH
            ##[endgroup]
            action.yml

            """,
            job.Log(1));
    }

    [Fact]
    public async Task A_failure_in_an_action_fails_the_step_that_uses_it_and_names_the_inner_one()
    {
        var job = shared.Server.Enqueue(job => job, FakeServer.Script(Greet), Use("./greet"), FakeServer.Script("echo never"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal(["success", "failure", "skipped"], Enumerable.Range(0, 3).Select(job.Step));
        Assert.Contains("'use / Run exit 3' failed with exit code 3.", job.Log(null), StringComparison.Ordinal);
        Assert.Contains("##[error]'use / Run exit 3' failed with exit code 3.", job.Log(1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mkdir a; ln -s /etc/passwd a/action.yml", "is not a plain file, or a link that leads out")]
    [InlineData("ln -s /etc a", "a link that leads out")]
    [InlineData("mkdir a; mkfifo a/action.yml", "is not a plain file")]
    [InlineData("mkdir a; head -c 100000 /dev/zero | tr '\\0' '#' > a/action.yml", "more than 64 KiB")]
    [InlineData("mkdir a", "has the repository been checked out?")]
    [InlineData("mkdir a; echo 'runs: {using: node20, main: x.js}' > a/action.yml", "an action for Node")]
    public async Task What_is_no_action_is_refused_with_the_reason(string script, string reason)
    {
        var job = shared.Server.Enqueue(job => job, FakeServer.Script(script), Use("./a"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains(reason, job.Log(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Actions_that_use_each_other_for_ever_are_stopped_at_the_tenth()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("mkdir a; printf 'runs:\\n  using: composite\\n  steps:\\n    - uses: ./a\\n' > a/action.yml"),
            Use("./a"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal(10, job.Log(1).Split("##[group]Run ./a").Length - 1);
        Assert.Contains("actions may use each other 10 deep", job.Log(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_cancel_the_steps_of_an_action_that_ask_for_it_run()
    {
        var job = shared.Server.Enqueue(
            job => job,
            FakeServer.Script("""
                mkdir a && cat > a/action.yml <<'YAML'
                runs:
                  using: composite
                  steps:
                    - {shell: sh, run: "echo started; sleep 1000"}
                    - {shell: sh, run: "echo never"}
                    - {shell: sh, run: "echo cleanup", if: "always()"}
                YAML
                """),
            Use("./a"));
        await Eventually.BecomesAsync(true, () => Task.FromResult(job.Log(1).EndsWith("\nstarted\n", StringComparison.Ordinal)));

        job.Cancel();
        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.Equal("cancelled", job.Step(1));
        Assert.EndsWith("##[endgroup]\ncleanup\n", job.Log(1), StringComparison.Ordinal);
        Assert.DoesNotContain("never", job.Log(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_action_of_another_repository_is_fetched_at_its_commit_and_can_not_be_changed_by_steps()
    {
        var actions = shared.Repository.CreateActions();
        var url = new Uri(shared.Server.BaseUrl, "git/demo/actions.git").ToString();
        var job = shared.Server.Enqueue(
            job => job with { Actions = [new ClaimedAction("demo/actions/show@v1", "demo/actions", actions, url, GitHttp.Token)] },
            Use("demo/actions/show@v1"),
            Use("demo/actions/show@v2"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal("success", job.Step(0));
        Assert.Contains("from file\nkept\nno git\ndemo/actions v1\n", job.Log(0), StringComparison.Ordinal);
        Assert.Contains("'demo/actions/show@v2' is not among the actions that this job was given", job.Log(1), StringComparison.Ordinal);
    }

    private static ClaimedStep Use(string uses, params (string Name, string Value)[] with) =>
        FakeServer.Checkout(with) with { Name = "use", Uses = uses };
}
