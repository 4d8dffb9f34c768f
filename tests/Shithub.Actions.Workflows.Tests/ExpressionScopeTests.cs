using Shithub.Actions.Workflows.Expressions;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>The table 'Context availability' of GitHub's 'Contexts reference', row by row as it stands there.</summary>
public class ExpressionScopeTests
{
    private const string Table = """
        run-name | github, inputs, vars | None
        concurrency | github, inputs, vars | None
        env | github, secrets, inputs, vars | None
        jobs.<job_id>.concurrency | github, needs, strategy, matrix, inputs, vars | None
        jobs.<job_id>.container | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.container.credentials | github, needs, strategy, matrix, env, vars, secrets, inputs | None
        jobs.<job_id>.container.env.<env_id> | github, needs, strategy, matrix, job, runner, env, vars, secrets, inputs | None
        jobs.<job_id>.continue-on-error | github, needs, strategy, vars, matrix, inputs | None
        jobs.<job_id>.defaults.run | github, needs, strategy, matrix, env, vars, inputs | None
        jobs.<job_id>.env | github, needs, strategy, matrix, vars, secrets, inputs | None
        jobs.<job_id>.environment | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.environment.url | github, needs, strategy, matrix, job, runner, env, vars, steps, inputs | None
        jobs.<job_id>.if | github, needs, vars, inputs | always, cancelled, success, failure
        jobs.<job_id>.name | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.outputs.<output_id> | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | None
        jobs.<job_id>.runs-on | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.secrets.<secrets_id> | github, needs, strategy, matrix, secrets, inputs, vars | None
        jobs.<job_id>.services | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.services.<service_id>.credentials | github, needs, strategy, matrix, env, vars, secrets, inputs | None
        jobs.<job_id>.services.<service_id>.env.<env_id> | github, needs, strategy, matrix, job, runner, env, vars, secrets, inputs | None
        jobs.<job_id>.steps.continue-on-error | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.env | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.if | github, needs, strategy, matrix, job, runner, env, vars, steps, inputs | always, cancelled, success, failure, hashFiles
        jobs.<job_id>.steps.name | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.run | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.timeout-minutes | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.with | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.steps.working-directory | github, needs, strategy, matrix, job, runner, env, vars, secrets, steps, inputs | hashFiles
        jobs.<job_id>.strategy | github, needs, vars, inputs | None
        jobs.<job_id>.timeout-minutes | github, needs, strategy, matrix, vars, inputs | None
        jobs.<job_id>.with.<with_id> | github, needs, strategy, matrix, inputs, vars | None
        on.workflow_call.inputs.<inputs_id>.default | github, inputs, vars | None
        on.workflow_call.outputs.<output_id>.value | github, jobs, vars, inputs | None
        """;

    private static readonly ExpressionScope[] Scopes =
    [
        .. typeof(ExpressionScope).GetProperties().Where(property => property.PropertyType == typeof(ExpressionScope))
            .Select(property => (ExpressionScope)property.GetValue(null)!),
    ];

    public static TheoryData<string, string, string> Rows()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var cells in Table.Split('\n').Select(row => row.Split(" | ")))
            data.Add(cells[0], cells[1], cells[2].Trim());
        return data;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_listed_contexts_and_functions_are_available_for_the_given_workflow_key(string key, string contexts, string functions)
    {
        var scope = Assert.Single(Scopes, scope => scope.Key == key);
        Assert.Equal(contexts.Split(", ").Append("shithub").Order(), scope.Contexts.Order());
        Assert.Equal(functions == "None" ? [] : functions.Split(", "), scope.SpecialFunctions);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void And_may_not_be_used_anywhere_else(string key, string contexts, string functions)
    {
        var scope = Assert.Single(Scopes, scope => scope.Key == key);
        foreach (var context in ExpressionScope.Any.Contexts.Except(contexts.Split(", ").Append("shithub")))
        {
            var exception = Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.Parse($"{context}.x", scope));
            Assert.Equal($"the context '{context}' is not available under '{key}'", exception.Message);
        }

        foreach (var function in ExpressionScope.Any.SpecialFunctions.Except(functions.Split(", ")))
        {
            var call = function == "hashFiles" ? "hashFiles('x')" : $"{function}()";
            var exception = Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.Parse(call, scope));
            Assert.Equal($"the function '{function}' is not available under '{key}'", exception.Message);
        }
    }

    [Fact]
    public void The_secrets_context_is_not_available_for_composite_actions()
    {
        var composite = Scopes.Where(scope => scope.Key.StartsWith("runs.", StringComparison.Ordinal)
            || scope.Key is "outputs.<output_id>.value" or "inputs.<input_id>.default").ToList();
        Assert.Equal(4, composite.Count);
        Assert.All(composite, scope => Assert.DoesNotContain("secrets", scope.Contexts));
    }

    [Fact]
    public void A_scope_made_for_a_tool_has_whatever_contexts_it_names()
    {
        var scope = ExpressionScope.Of(["fruits", "shithub"]);
        Assert.IsType<IndexNode>(ExpressionParser.Parse("fruits.x", scope));
        Assert.IsType<IndexNode>(ExpressionParser.Parse("github.x", scope));
        Assert.Equal(["github", "shithub", "fruits"], scope.Contexts);
        var exception = Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.Parse("fruit.x", scope));
        Assert.Equal("did you mean 'fruits'?", exception.Suggestion);
    }
}
