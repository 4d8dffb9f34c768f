using System.Text.Json.Nodes;
using FsCheck.Fluent;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>Scripts made of shell syntax in random order. Whatever is accepted must be safe; what is refused costs nothing.</summary>
public class ScriptFuzzTests
{
    private static readonly string[] Pieces =
    [
        "'", "\"", "'", "\"", "$(", ")", "`", "\\", " ", " ", "\n", "\n", ";", "echo ", "echo a", "${{ inputs.x }}", " ${{ inputs.x }} ",
        "${{ inputs.x }}", "'${{ inputs.x }}'", "\"${{ inputs.x }}\"", "#", " # ", "<<E\n", "\nE\n", "<<'E'\n", "<<-E\n", "${a:-", "}",
        "$((", "))", "((", "(", "case a in a) ", "esac", ";;", "&&", "|", "[[ ", " ]]", " -eq ", "$'", "a=", "a=(", "{ ", "if ", "; then ", "; fi",
        "1", "$a", "$$", "=", "-", "$", "<<<", "for i in ", "; do ", "; done", "\\\n", "export ", "f() ", "${#a}", "${a#", "$\"",
    ];

    private static readonly string[] Values =
    [
        "$(touch $CANARY)", "`touch $CANARY`", ";touch $CANARY;", "'; touch $CANARY; '", "\"; touch $CANARY; \"", "\ntouch $CANARY\n",
        "a[$(touch $CANARY)]", ")\ntouch $CANARY\n(", "}; touch $CANARY;", "\nE\ntouch $CANARY\n", "'\"'\ntouch $CANARY\n#",
    ];

    [Fact]
    public void The_runner_of_these_tests_notices_a_value_that_runs()
    {
        using var runner = new ShellRunner();
        var failure = Assert.ThrowsAny<Exception>(() => runner.Run("/bin/sh", "eval \"echo $SHITHUB_EXPR_1\"", Values));
        Assert.Contains("value 0 was executed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_accepted_script_lets_a_value_run()
    {
        using var runner = new ShellRunner();
        var runs = 0;
        FuzzProperty.Hold(
            Gen.Elements(Pieces).ArrayOf().Select(pieces => pieces.Take(14).ToArray()),
            FuzzProperty.WithoutOne,
            pieces =>
            {
                var script = "echo " + string.Concat(pieces);
                var yaml = Example.Steps($"- run: {JsonValue.Create(script).ToJsonString()}");
                var (view, _) = PlannedView.Of(Example.Workflow(yaml), Example.Context(inputs: new() { ["x"] = "v" }));
                if (view?.Jobs[0].Steps[0] is not { } step || !step.Env.ContainsKey("SHITHUB_EXPR_1"))
                    return;
                runs++;
                foreach (var shell in new[] { "/bin/sh", "bash" })
                    runner.Run(shell, step.Run!, Values);
            });
        Assert.True(runs > 0, "no script was accepted");
    }
}
