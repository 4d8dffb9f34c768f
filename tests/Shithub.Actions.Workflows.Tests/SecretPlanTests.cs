using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Which secrets a job reads and gets: 'Using secrets in GitHub Actions', 'Reusing workflows'.</summary>
public class SecretPlanTests
{
    private static readonly Dictionary<string, string> Stored = new()
    {
        ["ALPHA"] = "alpha-value",
        ["BETA"] = "beta-value",
        ["GAMMA"] = "gamma-value",
    };

    [Theory]
    [InlineData("steps: [{run: 'echo none'}]", null)]
    [InlineData("steps: [{run: 'echo ${{ secrets.alpha }}'}]", "ALPHA")]
    [InlineData("steps: [{run: x, env: {A: \"${{ secrets['Alpha'] || secrets.BETA }}\"}}]", "ALPHA BETA")]
    [InlineData("env: {A: '${{ secrets.ALPHA }}'}, steps: [{run: x}]", "ALPHA")]
    [InlineData("outputs: {a: '${{ secrets.ALPHA }}'}, steps: [{run: x}]", "ALPHA")]
    [InlineData("steps: [{uses: actions/checkout@v4, with: {token: '${{ secrets.ALPHA }}'}}]", "ALPHA")]
    [InlineData("steps: [{run: x, name: '${{ secrets.ALPHA }}', working-directory: '${{ secrets.BETA }}'}]", "ALPHA BETA")]
    [InlineData("container: {image: a, credentials: {username: u, password: '${{ secrets.ALPHA }}'}}, steps: [{run: x}]", "ALPHA")]
    [InlineData("services: {db: {image: a, env: {P: '${{ secrets.ALPHA }}'}}}, steps: [{run: x}]", "ALPHA")]
    [InlineData("steps: [{run: 'echo ${{ toJSON(secrets) }}'}]", "*")]
    [InlineData("steps: [{run: 'echo ${{ secrets[github.ref] }}'}]", "*")]
    [InlineData("steps: [{run: \"echo ${{ join(secrets.*, ',') }}\"}]", "*")]
    public void A_job_reads_the_secrets_that_its_texts_name(string job, string? names)
    {
        var plan = new Simulation("{on: push, jobs: {a: {runs-on: x, " + job + "}}}").Ready("a").Secrets;
        Assert.Equal(names, plan is null ? null : plan.Names is { } own ? string.Join(' ', own) : "*");
    }

    [Fact]
    public void A_workflows_environment_counts_for_each_of_its_jobs()
    {
        var run = new Simulation("{on: push, env: {A: '${{ secrets.ALPHA }}'}, jobs: {a: {runs-on: x, steps: [{run: x}]}}}");
        Assert.Equal("ALPHA=alpha-value", Resolve(run.Ready("a").Secrets!));
    }

    [Fact]
    public void The_token_needs_no_stored_secret()
    {
        var plan = new Simulation("{on: push, jobs: {a: {runs-on: x, steps: [{run: x, env: {T: '${{ secrets.GITHUB_TOKEN }}'}}]}}}").Ready("a").Secrets!;
        Assert.Empty(plan.Names!);
        Assert.Equal("GITHUB_TOKEN=the-token", Resolve(plan));
    }

    [Fact]
    public void A_called_workflow_that_is_given_nothing_sees_nothing_but_the_token()
    {
        var plan = Called("", "a: '${{ secrets.ALPHA }}${{ github.token }}', t: '${{ secrets.GITHUB_TOKEN }}'");
        Assert.Equal("GITHUB_TOKEN=the-token", Resolve(plan));
        Assert.Empty(plan.Names!);
    }

    [Fact]
    public void A_called_workflow_inherits_what_its_caller_sees()
    {
        var plan = Called("secrets: inherit,", "a: '${{ secrets.ALPHA }}'");
        Assert.Equal("ALPHA", Assert.Single(plan.Names!));
        Assert.Equal("ALPHA=alpha-value", Resolve(plan));
    }

    [Fact]
    public void A_called_workflow_sees_what_it_is_given_under_the_names_it_chose()
    {
        var plan = Called(
            "secrets: {token: \"${{ format('{0}-{1}', secrets.ALPHA, github.sha) }}\", other: '${{ secrets.BETA }}'},", "a: '${{ secrets.TOKEN }}${{ secrets.ALPHA }}'",
            "secrets: {token: {}, other: {}}");
        Assert.Equal("ALPHA", Assert.Single(plan.Names!));
        Assert.Equal("token=alpha-value-abc", Resolve(plan));
    }

    [Fact]
    public void All_that_is_given_can_be_read_at_once_and_nothing_else()
    {
        var plan = Called(
            "secrets: {token: '${{ secrets.ALPHA }}', other: '${{ secrets.BETA }}'},", "a: '${{ toJSON(secrets) }}'",
            "secrets: {token: {}, other: {}}");
        Assert.Equal("GITHUB_TOKEN=the-token SHITHUB_TOKEN=the-token other=beta-value token=alpha-value", Resolve(plan));
    }

    [Fact]
    public void What_a_caller_gives_may_depend_on_its_matrix_its_needs_and_its_inputs()
    {
        var run = new Simulation(
            """
            on: push
            jobs:
              first: {runs-on: x, steps: [{run: x}]}
              c:
                needs: first
                strategy: {matrix: {which: [ALPHA, BETA]}}
                uses: ./.shithub/workflows/called.yml
                secrets:
                  token: ${{ secrets[matrix.which] }}-${{ needs.first.outputs.o }}
            """,
            new() { ["./.shithub/workflows/called.yml"] = CalledWorkflow("a: '${{ secrets.token }}'", "secrets: {token: {required: true}}") });
        run.End("first", "success", ("o", "out"));
        Assert.Equal("token=alpha-value-out", Resolve(run.Ready("c[0]/d").Secrets!));
        Assert.Equal("token=beta-value-out", Resolve(run.Ready("c[1]/d").Secrets!));
    }

    [Fact]
    public void What_workflows_give_on_goes_through_each_of_them()
    {
        const string Middle = """
            on: {workflow_call: {inputs: {i: {type: string}}, secrets: {m: {}}}}
            jobs:
              n: {uses: ./.shithub/workflows/inner.yml, secrets: {deep: '${{ secrets.m }}+${{ inputs.i }}'}}
              k: {uses: ./.shithub/workflows/inner.yml, secrets: inherit}
            """;
        var run = new Simulation(
            "{on: push, jobs: {c: {uses: ./.shithub/workflows/middle.yml, with: {i: in}, secrets: {m: '${{ secrets.GAMMA }}'}}}}",
            new()
            {
                ["./.shithub/workflows/middle.yml"] = Middle,
                ["./.shithub/workflows/inner.yml"] = CalledWorkflow("a: '${{ secrets.deep }}${{ secrets.m }}'", "secrets: {deep: {}, m: {}}"),
            });
        Assert.Equal("deep=gamma-value+in", Resolve(run.Ready("c/n/d").Secrets!));
        Assert.Equal("m=gamma-value", Resolve(run.Ready("c/k/d").Secrets!));
    }

    [Fact]
    public void The_environments_secrets_come_before_what_callers_give()
    {
        var plan = Called(
            "secrets: {token: '${{ secrets.ALPHA }}'},", "a: '${{ secrets.token }}'", "secrets: {token: {}}", "environment: Production,");
        Assert.Equal("production", plan.Environment);
        Assert.Equal("token=of-production", Resolve(plan, new() { ["TOKEN"] = "of-production", ["BETA"] = "not read" }));
    }

    [Fact]
    public void A_secret_that_is_made_of_what_comes_with_the_event_is_tainted()
    {
        var plan = Called("secrets: {token: '${{ github.event.title }}', other: '${{ secrets.BETA }}'},", "a: '${{ secrets.token }}${{ secrets.other }}'", "secrets: {token: {}, other: {}}");
        var resolved = SecretResolution.Resolve(plan, Stored, new Dictionary<string, string>(), "the-token", Run, "w.yml");
        Assert.Equal("token", Assert.Single(resolved.Tainted), ignoreCase: true);
    }

    [Fact]
    public void What_cannot_be_evaluated_is_missing_and_no_message_quotes_it()
    {
        var plan = Called(
            "secrets: {token: '${{ fromJSON(secrets.ALPHA).x }}', other: '${{ secrets.BETA }}'},", "a: '${{ secrets.token }}${{ secrets.other }}'",
            "secrets: {token: {}, other: {}}");
        var resolved = SecretResolution.Resolve(plan, Stored, new Dictionary<string, string>(), "the-token", Run, "w.yml");
        Assert.Equal("other", Assert.Single(resolved.Values).Key, ignoreCase: true);
        Assert.DoesNotContain("alpha", Assert.Single(resolved.Failures).Message, StringComparison.Ordinal);
    }

    private static SecretPlan Called(string call, string env, string trigger = "", string job = "") =>
        new Simulation(
            "{on: push, jobs: {c: {" + call + " uses: ./.shithub/workflows/called.yml}}}",
            new() { ["./.shithub/workflows/called.yml"] = CalledWorkflow(env, trigger, job) }).Ready("c/d").Secrets!;

    private static string CalledWorkflow(string env, string trigger, string job = "") =>
        "{on: {workflow_call: {" + trigger + "}}, jobs: {d: {" + job + " runs-on: x, env: {" + env + "}, steps: [{run: x}]}}}";

    private static string Resolve(SecretPlan plan, Dictionary<string, string>? ofEnvironment = null)
    {
        var resolved = SecretResolution.Resolve(plan, Stored, ofEnvironment ?? [], "the-token", Run, "w.yml");
        Assert.Empty(resolved.Failures);
        return string.Join(' ', resolved.Values.OrderBy(secret => secret.Key, StringComparer.Ordinal).Select(secret => $"{secret.Key}={secret.Value}"));
    }

    private static ExpressionValue Run() => ContextJson.Read(
        new JsonObject
        {
            ["github"] = new JsonObject { ["sha"] = "abc", ["event"] = new JsonObject { ["title"] = "a title" } },
            ["vars"] = new JsonObject(),
            ["inputs"] = new JsonObject(),
        },
        ["/github/event"]);
}
