using System.Text.Json.Nodes;

namespace Shithub.Actions.Workflows.Tests;

public class ScriptBindingTests
{
    private static readonly string[] HostileValues =
    [
        "plain", "", "two words", "  spaces  ", "$(touch $CANARY)", "`touch $CANARY`", "; touch $CANARY;", "\"; touch $CANARY; \"",
        "'; touch $CANARY; '", "\ntouch $CANARY\n", "\nEOF\ntouch $CANARY\ncat <<EOF\n", "'\"'; touch $CANARY #", "*", "~", "$HOME",
        "${IFS}", "\\", "\\\\\"", "a[$(touch $CANARY)]", "x$(touch $CANARY)=1", "-n", "%s%d", "!!", "# no comment", ")", "}", "))", ";;",
        "&& touch $CANARY", "| touch $CANARY", "é😀\t\u0001", "$(touch${IFS}$CANARY)", "\"$(touch $CANARY)\"", "<(touch $CANARY)",
        "{a,b}", "trailing newline\n", "'", "\"", "$", "`",
    ];

    /// <summary>Scripts that print the value, and the reference that each must get.</summary>
    public static TheoryData<string, string> Positions => new()
    {
        { "printf '%s' ${{ inputs.x }}", "printf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "printf '%s' \"${{ inputs.x }}\"", "printf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "printf '%s' '${{ inputs.x }}'", "printf '%s' ''\"${SHITHUB_EXPR_1}\"''" },
        { "printf '%s' \"it's\" >&2; printf '%s' ${{ inputs.x }}", "printf '%s' \"it's\" >&2; printf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "V=${{ inputs.x }}; printf '%s' \"$V\"", "V=\"${SHITHUB_EXPR_1}\"; printf '%s' \"$V\"" },
        { "export V='${{ inputs.x }}'\nprintf '%s' \"$V\"", "export V=''\"${SHITHUB_EXPR_1}\"''\nprintf '%s' \"$V\"" },
        { "# it's ${{ inputs.x }}\nprintf '%s' '${{ inputs.x }}'", "# it's ${SHITHUB_EXPR_1}\nprintf '%s' ''\"${SHITHUB_EXPR_1}\"''" },
        { "cat <<EOF\n\"it's ${{ inputs.x }}\nEOF", "cat <<EOF\n\"it's ${SHITHUB_EXPR_1}\nEOF" },
        { "if true; then\n\tcat <<-EOF\n\t${{ inputs.x }}\n\tEOF\nfi", "if true; then\n\tcat <<-EOF\n\t${SHITHUB_EXPR_1}\n\tEOF\nfi" },
        { "cat <<A; cat <<B\n'\nA\n${{ inputs.x }}\nB", "cat <<A; cat <<B\n'\nA\n${SHITHUB_EXPR_1}\nB" },
        { "cat <<EOF\n$(printf '%s' '${{ inputs.x }}')\nEOF", "cat <<EOF\n$(printf '%s' ''\"${SHITHUB_EXPR_1}\"'')\nEOF" },
        { "printf '%s' \"$(printf '%s' \"${{ inputs.x }}\")\"", "printf '%s' \"$(printf '%s' \"${SHITHUB_EXPR_1}\")\"" },
        { "printf '%s' \"$(cat <<EOF\n${{ inputs.x }}\nEOF\n)\"", "printf '%s' \"$(cat <<EOF\n${SHITHUB_EXPR_1}\nEOF\n)\"" },
        { "printf '%s' \"$(case a in b) ;; a) printf '%s' ${{ inputs.x }};; esac)\"", "printf '%s' \"$(case a in b) ;; a) printf '%s' \"${SHITHUB_EXPR_1}\";; esac)\"" },
        { "printf '%s' \"$( (printf '%s' ${{ inputs.x }}) )\"", "printf '%s' \"$( (printf '%s' \"${SHITHUB_EXPR_1}\") )\"" },
        { "case ${{ inputs.x }} in *) printf '%s' ${{ inputs.x }} ;; esac", "case \"${SHITHUB_EXPR_1}\" in *) printf '%s' \"${SHITHUB_EXPR_1}\" ;; esac" },
        { "for v in ${{ inputs.x }}; do printf '%s' \"$v\"; done", "for v in \"${SHITHUB_EXPR_1}\"; do printf '%s' \"$v\"; done" },
        { "f() { printf '%s' \"$1\"; }\nf ${{ inputs.x }}", "f() { printf '%s' \"$1\"; }\nf \"${SHITHUB_EXPR_1}\"" },
        { "[ ${{ inputs.x }} = \"${{ inputs.x }}\" ] && printf '%s' ${{ inputs.x }}", "[ \"${SHITHUB_EXPR_1}\" = \"${SHITHUB_EXPR_1}\" ] && printf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "echo \"`echo '\"'`\" >&2\nprintf '%s' ${{ inputs.x }}", "echo \"`echo '\"'`\" >&2\nprintf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "echo $((1 + (2))) ${#HOME} ${A:-'}'} >&2; printf '%s' '${{ inputs.x }}'", "echo $((1 + (2))) ${#HOME} ${A:-'}'} >&2; printf '%s' ''\"${SHITHUB_EXPR_1}\"''" },
        { "printf \\\n  '%s' \\\n  ${{ inputs.x }}", "printf \\\n  '%s' \\\n  \"${SHITHUB_EXPR_1}\"" },
        { "echo \"a\\\"b\" a\\'b a#b >&2; printf '%s' \"${{ inputs.x }}\"", "echo \"a\\\"b\" a\\'b a#b >&2; printf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "cat <<'EOF' >&2\n$( \" ' `\nEOF\nprintf '%s' ${{ inputs.x }}", "cat <<'EOF' >&2\n$( \" ' `\nEOF\nprintf '%s' \"${SHITHUB_EXPR_1}\"" },
        { "cat <<EOF\n${{ inputs.x }}\nEOF\necho ' ${{ inputs.x }}' \" >&2", "" },
    };

    private static StepView Plan(string script, string value, string shell = "") => Example.PlanStep(
        $"- run: {JsonValue.Create(script).ToJsonString()}" + (shell.Length == 0 ? "" : $"\n  shell: {shell}"),
        Example.Context(inputs: new() { ["x"] = value }));

    [Theory]
    [MemberData(nameof(Positions))]
    public void A_value_from_outside_arrives_byte_for_byte_and_nothing_in_it_runs(string script, string expected)
    {
        if (expected.Length == 0)
        {
            Assert.Contains("do not balance", Refusal(script), StringComparison.Ordinal);
            return;
        }

        var step = Plan(script, "x");
        Assert.Equal(expected, step.Run);
        Assert.All(HostileValues, value => Assert.Equal(value, Plan(script, value).Env["SHITHUB_EXPR_1"]));

        using var runner = new ShellRunner();
        foreach (var shell in new[] { "/bin/sh", "bash" })
        {
            var outputs = runner.Run(shell, step.Run!, HostileValues);
            foreach (var (value, output) in HostileValues.Zip(outputs))
            {
                // $( ) takes newlines from the end, and a here-document adds one: the shell's doing, on GitHub too.
                var exact = !script.Contains("$(p", StringComparison.Ordinal) && !script.Contains("<<", StringComparison.Ordinal)
                    && !script.Contains("$(c", StringComparison.Ordinal) && !script.Contains("$( ", StringComparison.Ordinal);
                if (exact)
                    Assert.Equal(value, output);
                else
                    Assert.Contains(value.TrimEnd('\n'), output, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("printf '%s' \"$([[ ${{ inputs.x }} == x ]] || printf '%s' ${{ inputs.x }})\"")]
    [InlineData("a=(${{ inputs.x }} 'b'); printf '%s' \"${a[0]}\"")]
    [InlineData("cat <<< ${{ inputs.x }}")]
    [InlineData("cat < <(printf '%s' ${{ inputs.x }})")]
    [InlineData("echo $'it\\'s' >&2; printf '%s' '${{ inputs.x }}'")]
    [InlineData("for ((i=0; i<1; i++)); do printf '%s' ${{ inputs.x }}; done")]
    [InlineData("[[ ${{ inputs.x }} =~ ^a+$ ]]; printf '%s' ${{ inputs.x }}")]
    [InlineData("local_() { local v=${{ inputs.x }}; printf '%s' \"$v\"; }; local_")]
    public void Positions_that_only_bash_has_are_safe_too(string script)
    {
        var step = Plan(script, "x", "bash");
        using var runner = new ShellRunner();
        var outputs = runner.Run("bash", step.Run!, HostileValues);
        Assert.All(HostileValues.Zip(outputs), pair => Assert.Contains(pair.First.TrimEnd('\n'), pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("${{ inputs.x }} --help", "would be the name of a command")]
    [InlineData("true && sudo -n ${{ inputs.x }}", "would be the name of a command")]
    [InlineData("A=1 ./${{ inputs.x }}.sh", "would be the name of a command")]
    [InlineData("find . -exec ${{ inputs.x }} \\;", "would be the name of a command")]
    [InlineData("echo $(( ${{ inputs.x }} + 1 ))", "would be evaluated as arithmetic")]
    [InlineData("(( ${{ inputs.x }} > 1 ))", "would be evaluated as arithmetic")]
    [InlineData("[[ ${{ inputs.x }} -gt 3 ]]", "arithmetic or variable test")]
    [InlineData("[[ 3 -gt ${{ inputs.x }} ]]", "arithmetic or variable test")]
    [InlineData("[ -v ${{ inputs.x }} ]", "would be the name of a variable")]
    [InlineData("printf -v ${{ inputs.x }} 1", "would be the name of a variable")]
    [InlineData("echo `echo ${{ inputs.x }}`", "stands inside backticks")]
    [InlineData("echo \"${V:-${{ inputs.x }}}\"", "stands inside ${ }")]
    [InlineData("echo $'${{ inputs.x }}'", "stands inside $'…'")]
    [InlineData("echo \\${{ inputs.x }}", "stands after a backslash")]
    [InlineData("echo \"$${{ inputs.x }}\"", "stands after a '$'")]
    [InlineData("eval echo ${{ inputs.x }}", "would be evaluated by 'eval'")]
    [InlineData("let n=${{ inputs.x }}", "would be evaluated by 'let'")]
    [InlineData("trap 'echo ${{ inputs.x }}' EXIT", "would be evaluated by 'trap'")]
    [InlineData("read ${{ inputs.x }}", "would be evaluated by 'read'")]
    [InlineData("ssh host 'echo ${{ inputs.x }}'", "would be evaluated by 'ssh'")]
    [InlineData("declare ${{ inputs.x }}", "would be evaluated by 'declare'")]
    [InlineData("declare -i n=${{ inputs.x }}", "would be evaluated by 'declare'")]
    [InlineData("n=${{ inputs.x }}\ndeclare -i n", "declares with -i")]
    [InlineData("a=([${{ inputs.x }}]=1)", "subscript of an array")]
    [InlineData("a[${{ inputs.x }}]=1", "would be the name of a command")]
    [InlineData("bash -c \"echo ${{ inputs.x }}\"", "would be code for the interpreter's '-c'")]
    [InlineData("sudo -u me sh -ec 'echo ${{ inputs.x }}'", "would be code for the interpreter's '-ec'")]
    [InlineData("docker exec c python3 -c 'print(\"${{ inputs.x }}\")'", "would be code for the interpreter's '-c'")]
    [InlineData("node --eval 'console.log(\"${{ inputs.x }}\")'", "would be code for the interpreter's '--eval'")]
    [InlineData("echo 'echo ${{ inputs.x }}' | sudo bash", "would be printed into 'bash'")]
    [InlineData("bash -s -- a b <<EOF\necho ${{ inputs.x }}\nEOF", "would be read as code")]
    [InlineData("su me -c 'echo ${{ inputs.x }}'", "would be code for the interpreter's '-c'")]
    [InlineData("bash -o pipefail -c 'echo ${{ inputs.x }}'", "would be code for the interpreter's '-c'")]
    [InlineData("bash <<EOF\necho ${{ inputs.x }}\nEOF", "would be read as code")]
    [InlineData("cat <<EOF | sh\necho ${{ inputs.x }}\nEOF", "would be read as code")]
    [InlineData("bash <<< 'echo ${{ inputs.x }}'", "would be read as code")]
    [InlineData("cat <<'EOF'\n${{ inputs.x }}\nEOF", "delimiter is quoted")]
    [InlineData("cat <<\\EOF\n${{ inputs.x }}\nEOF", "delimiter is quoted")]
    [InlineData("cat <<${{ inputs.x }}\na\nEOF", "in the delimiter")]
    [InlineData("echo $'it\\'s' '${{ inputs.x }}'", "read differently")]
    [InlineData("echo \"${{ inputs.x }}", "do not balance")]
    [InlineData("function f { ${{ inputs.x }}; }", "would be the name of a command")]
    public void Where_no_form_is_safe_the_workflow_is_refused_with_the_fix(string script, string reason)
    {
        var error = Refusal(script);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Contains("bind it under 'env:' (VALUE: ${{ inputs.x }}) and use \"$VALUE\"", error, StringComparison.Ordinal);
    }

    private static string Refusal(string script)
    {
        var yaml = Example.Steps($"- run: {JsonValue.Create(script).ToJsonString()}");
        return Example.PlanErrors(yaml, Example.Context(inputs: new() { ["x"] = "v" }))[0];
    }

    [Theory]
    [InlineData("python tool.py -p ${{ inputs.x }} --eval ${{ inputs.x }}")]
    [InlineData("bash -c 'printf %s \"$1\"' _ ${{ inputs.x }}")]
    [InlineData("bash deploy.sh -c ${{ inputs.x }}")]
    [InlineData("sudo -u ${{ inputs.x }} make TARGET=${{ inputs.x }}")]
    [InlineData("timeout 5 env A=${{ inputs.x }} make ${{ inputs.x }}")]
    [InlineData("docker build -t app:${{ inputs.x }} .")]
    [InlineData("git commit -m \"Release ${{ inputs.x }}\" && git tag '${{ inputs.x }}'")]
    [InlineData("echo \"version=${{ inputs.x }}\" >> \"$GITHUB_OUTPUT\"")]
    [InlineData("if [[ \"${{ inputs.x }}\" == v* ]]; then echo yes; fi")]
    [InlineData("case \"${{ inputs.x }}\" in\n  a|b) echo one ;;\n  *) echo two ;;\nesac")]
    [InlineData("sed -i \"s/VERSION/${{ inputs.x }}/\" file")]
    [InlineData("exec > >(tee log)\necho ${{ inputs.x }}")]
    public void What_real_workflows_write_is_accepted(string script) =>
        Assert.Equal("v", Plan(script, "v").Env["SHITHUB_EXPR_1"]);

    [Fact]
    public void The_error_says_where_the_expression_stands()
    {
        var yaml = Example.Script("echo one\necho two\n${{ inputs.x }} and ${{ inputs.x }}\neval ${{ inputs.y }}");
        var errors = Example.PlanErrors(yaml, Example.Context(inputs: new() { ["x"] = "v", ["y"] = "w" }));
        Assert.Equal(2, errors.Count);
        Assert.StartsWith("9:14: error: people outside choose the value of 'inputs.x'", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("10:19: error: people outside choose the value of 'inputs.y'", errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_and_booleans_from_outside_may_stand_where_text_may_not()
    {
        var context = Example.Context(inputs: new() { ["n"] = 3, ["b"] = true });
        var step = Example.PlanStep(
            """
            - run: |
                if ${{ inputs.b }}; then echo $(( ${{ inputs.n }} + 1 )); fi
            """,
            context);
        Assert.Equal("if \"${SHITHUB_EXPR_1}\"; then echo $(( ${SHITHUB_EXPR_2} + 1 )); fi\n", step.Run);
        using var runner = new ShellRunner();
        Assert.Equal(["4\n"], runner.Run("/bin/sh", "SHITHUB_EXPR_2=3; " + step.Run, ["true"]));
    }

    [Fact]
    public void What_nobody_outside_chooses_is_spliced_as_on_GitHub()
    {
        var context = Example.Context("""{"sha": "abc123"}""", new() { ["FLAGS"] = "--one --two" });
        var step = Example.PlanStep("- run: build ${{ vars.FLAGS }} '${{ github.sha }}' ${{ 1 + }}".Replace("${{ 1 + }}", "${{ 7 }}"), context);
        Assert.Equal("build --one --two 'abc123' 7", step.Run);
        Assert.Empty(step.Env);
    }

    [Fact]
    public void Spliced_text_counts_for_the_quotes_around_what_follows()
    {
        var context = Example.Context(vars: new() { ["OPEN"] = "'" }, inputs: new() { ["x"] = "v" });
        var step = Example.PlanStep("- run: echo ${{ vars.OPEN }}${{ inputs.x }}'", context);
        Assert.Equal("echo ''\"${SHITHUB_EXPR_1}\"''", step.Run);
    }

    [Fact]
    public void Taint_goes_through_env_functions_and_operators()
    {
        var context = Example.Context("""{"event": {"title": "T"}, "sha": "s"}""");
        var step = Example.PlanStep(
            """
            - env:
                TITLE: ${{ github.event.title }}
                SHA: ${{ github.sha }}
              run: echo ${{ env.TITLE }} ${{ format('{0}!', env.TITLE) }} ${{ github.event.none || 'x' }} ${{ env.SHA }}
            """,
            context);
        Assert.Equal("echo \"${SHITHUB_EXPR_1}\" \"${SHITHUB_EXPR_2}\" \"${SHITHUB_EXPR_3}\" s", step.Run);
        Assert.Equal(["T", "s", "T", "T!", "x"], step.Env.Values);
    }

    [Fact]
    public void A_name_that_the_workflow_uses_itself_is_not_taken()
    {
        var step = Example.PlanStep(
            """
            - env: {SHITHUB_EXPR_1: mine}
              run: echo $SHITHUB_EXPR_2 ${{ inputs.x }} ${{ inputs.x }}
            """,
            Example.Context(inputs: new() { ["x"] = "v" }));
        Assert.Equal("echo $SHITHUB_EXPR_2 \"${SHITHUB_EXPR_3}\" \"${SHITHUB_EXPR_3}\"", step.Run);
        Assert.Equal("mine", step.Env["SHITHUB_EXPR_1"]);
        Assert.Equal("v", step.Env["SHITHUB_EXPR_3"]);
    }
}
