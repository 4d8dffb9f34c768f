using System.Diagnostics;
using System.Text;

namespace Shithub.Actions.Workflows.Tests;

/// <summary>
/// Runs one script in a real shell for many values of <c>SHITHUB_EXPR_1</c>, each in a subshell of one process: a process per
/// value would make the tests slow.
/// </summary>
internal sealed class ShellRunner : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("shithub-shell-").FullName;

    private string Canary => Path.Combine(_folder, "canary");

    /// <summary>What the script printed, by value; fails if anything in a value was executed.</summary>
    /// <remarks>A value that gets executed would create the file <c>$CANARY</c>.</remarks>
    public IReadOnlyList<string> Run(string shell, string script, IReadOnlyList<string> values)
    {
        var work = Path.Combine(_folder, "work");
        Directory.CreateDirectory(work);
        File.WriteAllText(Path.Combine(_folder, "script"), script);
        for (var i = 0; i < values.Count; i++)
            File.WriteAllText(Path.Combine(_folder, $"value{i}"), values[i]);

        // The x keeps newlines at the end, which $( ) would take away.
        var driver = $$"""
            i=0
            while [ $i -lt {{values.Count}} ]; do
              SHITHUB_EXPR_1=$(cat ../value$i; printf x)
              export SHITHUB_EXPR_1="${SHITHUB_EXPR_1%x}"
              ( . ../script ) >../output$i 2>../error$i </dev/null
              if [ -e "$CANARY" ]; then echo "value $i was executed"; cat ../value$i ../error$i; exit 9; fi
              i=$((i+1))
            done
            """;
        var start = new ProcessStartInfo(shell, ["-c", driver])
        {
            WorkingDirectory = work,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CANARY"] = Canary;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{shell} ran\n{script}\n{output}{error.Result}");
        return [.. Enumerable.Range(0, values.Count).Select(i => File.ReadAllText(Path.Combine(_folder, $"output{i}"), Encoding.UTF8))];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
