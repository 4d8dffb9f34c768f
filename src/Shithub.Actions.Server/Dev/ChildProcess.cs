using System.Diagnostics;

namespace Shithub.Actions.Server.Dev;

/// <summary>
/// A program that dies with this one, however this one dies: a shell between the two holds our end of a pipe as its standard input and ends
/// the program when the pipe closes. The program is in a session of its own, so that Ctrl-C on the terminal reaches only us.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const string Guardian = """
        signal=$1 log=$2
        shift 2
        exec 3<&0
        "$@" </dev/null 3<&- >>"$log" 2>&1 &
        child=$!
        { cat <&3 >/dev/null; kill "-$signal" $child; } 2>/dev/null &
        wait $child
        """;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly Process _guardian;

    private ChildProcess(string name, Process guardian) => (Name, _guardian) = (name, guardian);

    public string Name { get; }

    /// <summary>Completes with the exit code when the program has ended.</summary>
    public Task<int> Ended => WaitAsync();

    /// <param name="signal">What asks the program to end, such as <c>TERM</c>.</param>
    /// <param name="log">Takes its output.</param>
    public static ChildProcess Start(string name, string signal, string log, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false };
        string[] shell = ["sh", "-c", Guardian, name, signal, log];
        foreach (var argument in shell.Concat(command))
            start.ArgumentList.Add(argument);
        return new ChildProcess(name, Process.Start(start)!);
    }

    /// <summary>Asks the program to end and waits until it has.</summary>
    public async ValueTask DisposeAsync()
    {
        _guardian.StandardInput.Close();
        using var patience = new CancellationTokenSource(Grace);
        try
        {
            await _guardian.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _guardian.Kill(entireProcessTree: true);
        }

        _guardian.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await _guardian.WaitForExitAsync();
        return _guardian.ExitCode;
    }
}
