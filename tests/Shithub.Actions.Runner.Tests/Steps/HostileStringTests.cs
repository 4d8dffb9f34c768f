using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Shithub.Actions.Testing;
using Shithub.Actions.Workflows;
using Shithub.Actions.Workflows.Expressions;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Steps;

/// <summary>
/// What people outside have chosen, at every position of a script, in the shells of the image that jobs run in: none of it runs, each arrives
/// byte for byte. All cases are files that one container goes through.
/// </summary>
public sealed class HostileStringTests
{
    private const string Canary = "/cases/canary";

    /// <summary>Scripts that print the value; <c>@</c> stands for it.</summary>
    private static readonly (string Script, bool Exact, bool OnlyBash)[] Positions =
    [
        ("printf '%s' @", true, false),
        ("printf '%s' \"@\"", true, false),
        ("printf '%s' '@'", true, false),
        ("V=@; printf '%s' \"$V\"", true, false),
        ("export V='@'\nprintf '%s' \"$V\"", true, false),
        ("f() { printf '%s' \"$1\"; }\nf @", true, false),
        ("for v in @; do printf '%s' \"$v\"; done", true, false),
        ("case @ in *) printf '%s' @ ;; esac", true, false),
        ("# it's @\nprintf '%s' '@'", true, false),
        ("cat <<EOF\n\"it's @\nEOF", false, false),
        ("if true; then\n\tcat <<-EOF\n\t@\n\tEOF\nfi", false, false),
        ("printf '%s' \"$(printf '%s' \"@\")\"", false, false),
        ("printf '%s' \"$(cat <<EOF\n@\nEOF\n)\"", false, false),
        ("a=(@ 'b'); printf '%s' \"${a[0]}\"", true, true),
        ("cat <<< @", false, true),
        ("[[ @ == never-this ]] || printf '%s' @", true, true),
    ];

    private static readonly string[] Pieces =
    [
        $"$(touch {Canary})", $"`touch {Canary}`", $";touch {Canary};", $"\ntouch {Canary}\n", "'", "\"", "\\", "\n", "EOF", "\nEOF\n", "${IFS}", "$HOME", "*", "~", "#",
        " ", "\t", "(", ")", "}", "{a,b}", "&&", "|", "<", ">", "!!", "-n", "%s", "é😀", "\u0001", "\u007f", "a[$(touch " + Canary + ")]", "=", "$", "x",
    ];

    // As each case runs, $0 is the case's script: the container's own shells, a process for each value.
    private const string Driver = """
        for shell in sh bash; do
          for script in /cases/$shell-*; do
            i=0
            while [ -e /cases/value-$i ]; do
              SHITHUB_EXPR_1=$(cat /cases/value-$i; printf x)
              export SHITHUB_EXPR_1="${SHITHUB_EXPR_1%x}"
              export SHITHUB_EXPR_2="$SHITHUB_EXPR_1"
              $shell "$script" >"/cases/out-${script##*/}-$i" 2>/dev/null </dev/null
              if [ -e /cases/canary ]; then echo "value $i ran in ${script##*/}"; exit 9; fi
              i=$((i+1))
            done
          done
        done
        echo "all $i"
        """;

    [Fact]
    public async Task At_every_position_of_both_shells_nothing_runs_and_each_value_arrives()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var values = Pieces.Concat(Enumerable.Range(0, 25)
            .Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => Pieces[random.Next(Pieces.Length)])))).ToList();
        var podman = await PodmanFixture.GetAsync(TestContext.Current.CancellationToken);
        var folder = Directory.CreateDirectory(Path.Combine(podman.NewWorkspaceRoot(), "cases"));
        foreach (var (value, index) in values.Select((value, index) => (value, index)))
            await WriteAsync($"value-{index}", value);
        foreach (var shell in new[] { "sh", "bash" })
        {
            foreach (var (position, index) in Positions.Select((position, index) => (position, index)).Where(of => shell == "bash" || !of.position.OnlyBash))
                await WriteAsync($"{shell}-{index:00}", Bound(position.Script, shell, values));
        }

        await WriteAsync("driver", Driver);
        var said = await podman.PodmanAsync(
            "run", "--rm", "--network", "none", "--user", "0", "--volume", $"{folder.FullName}:/cases", PodmanFixture.Image, "sh", "/cases/driver");
        Assert.True(said.EndsWith($"all {values.Count}", StringComparison.Ordinal), $"seed {seed}: {said}");
        foreach (var file in folder.GetFiles("out-*"))
        {
            var parts = file.Name.Split('-');
            var (value, position) = (values[int.Parse(parts[3], CultureInfo.InvariantCulture)], Positions[int.Parse(parts[2], CultureInfo.InvariantCulture)]);
            var arrived = await File.ReadAllTextAsync(file.FullName, TestContext.Current.CancellationToken);
            // $( ) takes line ends from the end, and a here-document adds one: the shell's doing, on GitHub too.
            var isThere = position.Exact ? arrived == value : arrived.Contains(value.TrimEnd('\n'), StringComparison.Ordinal);
            Assert.True(isThere, $"seed {seed}, {parts[1]}: {position.Script}\nwanted: {value}\narrived: {arrived}");
        }

        folder.Delete(recursive: true);

        Task WriteAsync(string name, string text) =>
            File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text, new UTF8Encoding(false), TestContext.Current.CancellationToken);
    }

    /// <summary>The script as a runner would run it: the same for every value, which is in the variables.</summary>
    private static string Bound(string position, string shell, IEnumerable<string> values)
    {
        string? script = null;
        foreach (var value in values)
        {
            var contexts = new JsonObject { ["github"] = new JsonObject { ["event"] = new JsonObject { ["title"] = value } } };
            var step = new StepText(
                null, "step", null, position.Replace("@", "${{ github.event.title }}", StringComparison.Ordinal), shell, null, null,
                new Dictionary<string, string>(), new Dictionary<string, string>(), "false", null, 1);
            var job = new JobExecution(
                new JobText("a", "ci.yml", new Dictionary<string, string>(), new Dictionary<string, string>(), null, null, [step]),
                ContextJson.Read(contexts, ["/github/event/title"]), new Dictionary<string, string>(),
                new RunnerFacts("r", "X64", "/t", "/t", "/w", "/h", "/e", false), _ => "");
            Assert.Null(job.Begin());
            var prepared = job.Steps.Begin(0, new Dictionary<string, string>());
            Assert.True(prepared.Step is not null, prepared.Problem);
            Assert.Equal(value, prepared.Step.Environment["SHITHUB_EXPR_1"]);
            script ??= prepared.Step.Script;
            Assert.Equal(script, prepared.Step.Script);
        }

        return script!;
    }
}
