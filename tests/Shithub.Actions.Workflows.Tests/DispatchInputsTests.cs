namespace Shithub.Actions.Workflows.Tests;

public class DispatchInputsTests
{
    private static readonly Workflow Workflow = Example.Workflow(
        """
        on:
          workflow_dispatch:
            inputs:
              level: {type: choice, options: [info, debug], required: true}
              dry: {type: boolean, default: true}
              count: {type: number}
              text: {default: hello}
        jobs: {a: {runs-on: x, steps: [{run: 'echo ${{ inputs.dry }} ${{ inputs.count }} ${{ inputs.text }}'}]}}
        """);

    [Fact]
    public void Defaults_are_filled_in_and_values_are_typed()
    {
        var result = DispatchInputs.Validate(Workflow, new Dictionary<string, string> { ["LEVEL"] = "debug", ["count"] = "2.5" });
        Assert.False(result.HasErrors);
        Assert.Equal(["level:\"debug\"", "dry:true", "count:2.5", "text:\"hello\""], result.Values.Select(pair => $"{pair.Key}:{pair.Value!.ToJsonString()}"));
        Assert.Equal(["debug", "true", "2.5", "hello"], result.EventInputs.Values);

        var plan = PlannedView.Of(Workflow, Example.Context() with { Inputs = result.Values }).View!;
        Assert.Equal(["true", "2.5", "hello"], plan.Jobs[0].Steps[0].Env.Values);
    }

    [Theory]
    [InlineData("level", "loud", "the input 'level' must be one of: info, debug")]
    [InlineData("level", "", "the input 'level' is required")]
    [InlineData("dry", "yes", "the input 'dry' must be true or false")]
    [InlineData("count", "many", "the input 'count' must be a number")]
    [InlineData("texts", "x", "the workflow has no input 'texts'; did you mean 'text'?")]
    [InlineData("TEXT", "a\0b", "the input 'text' has a NUL character")]
    public void What_does_not_fit_names_the_input(string name, string value, string message)
    {
        var given = new Dictionary<string, string> { ["level"] = "info", [name] = value };
        var error = Assert.Single(DispatchInputs.Validate(Workflow, given).Errors);
        Assert.Equal(message, error.Message);
        Assert.Equal(name, error.Input, ignoreCase: true);
    }

    [Fact]
    public void All_inputs_together_are_bounded()
    {
        var given = new Dictionary<string, string> { ["level"] = "info", ["text"] = new('x', 70_000) };
        Assert.Equal("the inputs have more than 65535 characters together", Assert.Single(DispatchInputs.Validate(Workflow, given).Errors).Message);
    }
}
