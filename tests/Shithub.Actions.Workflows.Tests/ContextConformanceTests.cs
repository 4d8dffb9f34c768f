using System.Text.Json.Nodes;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Planning;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// GitHub's 'Contexts reference', sentence by sentence, as far as expressions are concerned; <see cref="ExpressionScopeTests"/>
/// has the table 'Context availability'. The contents are those of the page's examples.
/// </summary>
public class ContextConformanceTests
{
    private const string Contexts = """
        {
          "github": {"token": "***", "job": "dump_contexts_to_log", "ref": "refs/heads/my_branch", "sha": "c27d339ee6075c1f744c5d4b200f7901aad2c369",
            "repository": "octocat/hello-world", "run_number": "314", "head_ref": "", "event_name": "push", "event": {"a-b": {"_c": 1}},
            "ref_protected": false, "secret_source": "Actions"},
          "env": {"first_name": "Mona", "super_duper_var": "totally_awesome"},
          "vars": {"mascot": "Mona"},
          "job": {"status": "success", "check_run_id": 51725241954, "container": {"network": "github_network_1"},
            "services": {"postgres": {"id": "60972d", "ports": {"5432": "49153"}, "network": "github_network_1"}}},
          "jobs": {"example_job": {"result": "success", "outputs": {"output1": "hello", "output2": "world"}}},
          "steps": {"checkout": {"outputs": {}, "outcome": "success", "conclusion": "success"},
            "generate_number": {"outputs": {"random_number": "1"}, "outcome": "failure", "conclusion": "success"}},
          "runner": {"os": "Linux", "arch": "X64", "name": "GitHub Actions 2", "tool_cache": "/opt/hostedtoolcache", "temp": "/home/runner/work/_temp"},
          "secrets": {"github_token": "***", "NPM_TOKEN": "***"},
          "strategy": {"fail-fast": true, "job-index": 3, "job-total": 4, "max-parallel": 4},
          "matrix": {"os": "ubuntu-latest", "node": 16},
          "needs": {"build": {"result": "success", "outputs": {"build_id": "123456"}}, "deploy": {"result": "failure", "outputs": {}}},
          "inputs": {"build_id": 123456768, "deploy_target": "deployment_sys_1a", "perform_deploy": true}
        }
        """;

    private static ExpressionValue Evaluate(string expression)
    {
        var contexts = ((ObjectValue)ContextJson.Read(JsonNode.Parse(Contexts), [])).Members.ToDictionary();
        return new ExpressionEvaluator(contexts, new EvaluationBudget()).Evaluate(ExpressionParser.Parse(expression, ExpressionScope.Any));
    }

    private static void Gives(string expression, string json) =>
        Assert.Equal(json, ContextJson.Write(Evaluate(expression)).Value?.ToJsonString() ?? "null");

    [Theory]
    [InlineData("github")]
    [InlineData("shithub")]
    [InlineData("env")]
    [InlineData("vars")]
    [InlineData("job")]
    [InlineData("jobs")]
    [InlineData("steps")]
    [InlineData("runner")]
    [InlineData("secrets")]
    [InlineData("strategy")]
    [InlineData("matrix")]
    [InlineData("needs")]
    [InlineData("inputs")]
    public void Available_contexts(string context) => Assert.Equal("Object", Evaluate(context).Kind);

    [Fact]
    public void There_are_no_others() => Assert.Equal(
        ["env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "shithub", "steps", "strategy", "vars"],
        ExpressionScope.Any.Contexts.Order());

    [Theory]
    [InlineData("github['sha']")]
    [InlineData("github.sha")]
    [InlineData("shithub.sha")]
    [InlineData("github[format('{0}{1}', 's', 'ha')]")]
    public void You_can_access_context_information_using_one_of_two_syntaxes(string expression) =>
        Gives(expression, "\"c27d339ee6075c1f744c5d4b200f7901aad2c369\"");

    [Fact]
    public void The_property_name_must_start_with_a_letter_or_underscore_and_contain_only_alphanumeric_characters_dash_or_underscore()
    {
        Gives("github.event.a-b._c", "1");
        Assert.Throws<ExpressionSyntaxException>(() => Evaluate("github.1a"));
        Assert.Throws<ExpressionSyntaxException>(() => Evaluate("github.-a"));
        Assert.Throws<ExpressionSyntaxException>(() => Evaluate("github.é"));
    }

    [Theory]
    [InlineData("github.none")]
    [InlineData("github.none.at.all")]
    [InlineData("github['']")]
    [InlineData("github.sha.length")]
    [InlineData("env.none")]
    [InlineData("github[env]")]
    public void If_you_attempt_to_dereference_a_nonexistent_property_it_will_evaluate_to_an_empty_string(string expression)
    {
        var template = Template.FromText($"[${{{{ {expression} }}}}]", "env.x", SourcePosition.Start, ExpressionScope.Any, new DiagnosticBag("f"));
        var contexts = ((ObjectValue)ContextJson.Read(JsonNode.Parse(Contexts), [])).Members.ToDictionary();
        Assert.Equal("[]", template.EvaluateText(new ExpressionEvaluator(contexts, new EvaluationBudget())).Value);
        Gives($"{expression} == ''", "true");
    }

    [Theory]
    [InlineData("fromJSON('[\"a\", \"b\"]')[1]", "\"b\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[1.9]", "\"b\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')['1']", "\"b\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[true]", "\"b\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[null]", "\"a\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')['']", "\"a\"")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[2]", "null")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[-1]", "null")]
    [InlineData("fromJSON('[\"a\", \"b\"]')['x']", "null")]
    [InlineData("fromJSON('[\"a\", \"b\"]')[1e300]", "null")]
    [InlineData("fromJSON('[\"a\", \"b\"]').length", "null")]
    [InlineData("fromJSON('{\"1\": \"x\", \"true\": \"y\", \"\": \"z\"}')[1]", "\"x\"")]
    [InlineData("fromJSON('{\"1\": \"x\", \"true\": \"y\", \"\": \"z\"}').true", "\"y\"")]
    [InlineData("fromJSON('{\"1\": \"x\", \"true\": \"y\", \"\": \"z\"}')[null]", "\"z\"")]
    public void GitHubs_runner_finds_items_and_members_like_this(string expression, string json) => Gives(expression, json);

    [Theory]
    [InlineData("github.ref == 'refs/heads/main'", "false")]
    [InlineData("github.event_name == 'push'", "true")]
    [InlineData("github.ref_protected", "false")]
    [InlineData("github.run_number", "\"314\"")]
    [InlineData("env.super_duper_var", "\"totally_awesome\"")]
    [InlineData("vars.MASCOT", "\"Mona\"")]
    [InlineData("job.check_run_id", "51725241954")]
    [InlineData("job.services.postgres.ports[5432]", "\"49153\"")]
    [InlineData("job.services.postgres.ports['5432']", "\"49153\"")]
    [InlineData("job.services.*.network", "[\"github_network_1\"]")]
    [InlineData("jobs.example_job.outputs.output1", "\"hello\"")]
    [InlineData("steps.generate_number.outputs.random_number", "\"1\"")]
    [InlineData("steps.generate_number.outcome == 'failure' && steps.generate_number.conclusion == 'success'", "true")]
    [InlineData("steps.later.outputs.none", "null")]
    [InlineData("format('{0}/build_logs', runner.temp)", "\"/home/runner/work/_temp/build_logs\"")]
    [InlineData("secrets.GITHUB_TOKEN", "\"***\"")]
    [InlineData("secrets.github_token", "\"***\"")]
    [InlineData("secrets.NONE == ''", "true")]
    [InlineData("strategy.fail-fast", "true")]
    [InlineData("strategy.job-index", "3")]
    [InlineData("strategy.job-index + 1", "")]
    [InlineData("strategy['max-parallel']", "4")]
    [InlineData("matrix.os", "\"ubuntu-latest\"")]
    [InlineData("matrix.Node >= 16", "true")]
    [InlineData("needs.build.outputs.build_id", "\"123456\"")]
    [InlineData("contains(needs.*.result, 'failure')", "true")]
    [InlineData("contains(needs.*.outputs.build_id, 123456)", "true")]
    [InlineData("inputs.build_id", "123456768")]
    [InlineData("inputs.perform_deploy", "true")]
    [InlineData("inputs.deploy_target && 'x'", "\"x\"")]
    public void The_examples_of_each_context(string expression, string json)
    {
        if (json.Length == 0)
            Assert.Throws<ExpressionSyntaxException>(() => Evaluate(expression));
        else
            Gives(expression, json);
    }

    [Theory]
    [InlineData("github")]
    [InlineData("job")]
    [InlineData("steps")]
    [InlineData("runner")]
    [InlineData("strategy")]
    [InlineData("matrix")]
    public void You_can_print_the_contents_of_contexts_to_the_log_for_debugging(string context)
    {
        var text = Assert.IsType<StringValue>(Evaluate($"toJson({context})")).Value;
        Assert.Equal(JsonNode.Parse(Contexts)![context]!.ToJsonString(), JsonNode.Parse(text)!.ToJsonString());
    }

    [Theory]
    [InlineData("event.issue.title")]
    [InlineData("event.issue.body")]
    [InlineData("event.pull_request.title")]
    [InlineData("event.pull_request.head.ref")]
    [InlineData("event.pull_request.labels.*.name")]
    [InlineData("event.comment.body")]
    [InlineData("event.commits.*.message")]
    [InlineData("event.head_commit.author.email")]
    [InlineData("event.inputs.x")]
    [InlineData("event.none")]
    [InlineData("head_ref")]
    [InlineData("base_ref")]
    [InlineData("ref")]
    [InlineData("ref_name")]
    public void You_should_treat_values_that_come_from_the_event_as_potentially_untrusted_input(string property)
    {
        const string GitHub = """{"sha": "abc", "ref": "refs/heads/x", "ref_name": "x", "head_ref": "y", "base_ref": "z", "event": {"issue": {"title": "t"}, "commits": [{"message": "m"}]}}""";
        var github = ContextValues.GitHub(Example.Context(GitHub), "CI");
        var evaluator = new ExpressionEvaluator(new Dictionary<string, ExpressionValue> { ["github"] = github }, new EvaluationBudget());
        Assert.True(evaluator.Evaluate(ExpressionParser.Parse($"github.{property}", ExpressionScope.Any)).Tainted);
        Assert.True(evaluator.Evaluate(ExpressionParser.Parse($"toJSON(github.{property})", ExpressionScope.Any)).Tainted);
        Assert.False(evaluator.Evaluate(ExpressionParser.Parse("github.sha", ExpressionScope.Any)).Tainted);
        Assert.False(evaluator.Evaluate(ExpressionParser.Parse("github.workflow", ExpressionScope.Any)).Tainted);
    }
}
