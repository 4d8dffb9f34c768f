using System.Globalization;
using System.Text;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// Starts a job's first script by the first process of its container, through pipes in the mount, because a command that the engine starts
/// costs as much as half a container (docs/decisions/0015-first-script.md). Only the first one: until then nothing of the author's has run in
/// the container, so what comes through the pipes is as good as the engine's word. Steps do not find the pipes: they are unlinked before.
/// </summary>
internal sealed class FirstScript : IAsyncDisposable
{
    /// <summary>For the init script: opens the pipes, before the look at the fence, whose end says that they are open. No variable of the
    /// container's may be changed by it, so that it goes by its own first argument.</summary>
    public const string Open =
        $"set --; if [ \"$BASH_VERSION\" ] && [ -p {ContainerPaths.FirstCommand} ] && command -v cat > /dev/null; then "
        + $"exec 7< {ContainerPaths.FirstCommand} 8> {ContainerPaths.FirstOutput} 9> {ContainerPaths.FirstExit} && set -- yes; fi\n";

    public const string CloseAll = "exec 7<&- 8>&- 9>&-";

    /// <summary>A line for <see cref="Fence.Read"/>.</summary>
    public const string Tell = "echo \"first:$1\"";

    /// <summary>
    /// Waits for the command and runs it in a process group of its own, with signals as they are by default ('set -m': without it INT and
    /// QUIT would be ignored); says how it ended. The pipe is not opened anew to read it, which would wait for ever once its writer is done.
    /// </summary>
    public const string Run = """
        if [ "$1" ]; then
          set -m
          { set +m; trap - TERM; eval "$(cat <&7)"; } < /dev/null >&8 2>&8 8>&- &
          set +m
          exec 7<&- 8>&-
          wait $!
          echo $? >&9
          exec 9>&-
        fi

        """;

    /// <summary>What the command says before its first word of output, so that it never runs once nobody listens any more.</summary>
    private const string Began = "begun\n";

    /// <summary>That and an exit code are shorter.</summary>
    private const int SaidMax = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Bash's own variables, which it does not take from a script or hands on changed.</summary>
    private static readonly HashSet<string> OfTheShell = new(StringComparer.Ordinal)
    {
        "_", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OLDPWD", "OPTARG", "OPTIND", "PIPESTATUS",
        "POSIXLY_CORRECT", "PPID", "PWD", "RANDOM", "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID",
    };

    private readonly string[] _paths;
    private readonly Pipe[] _bothEnds;
    private readonly WakeUp _wake = new();
    private Pipe? _command;
    private Pipe? _output;
    private Pipe? _exit;
    private Task? _listener;

    private FirstScript(string[] paths, Pipe[] bothEnds) => (_paths, _bothEnds) = (paths, bothEnds);

    /// <summary>Makes the pipes; before the container starts.</summary>
    /// <param name="mount">The host's folder that becomes <see cref="ContainerPaths.Mount"/>; the steps' user can't write there.</param>
    /// <exception cref="IOException">They can't be made.</exception>
    public static FirstScript Prepare(string mount)
    {
        string[] paths = [.. new[] { ContainerPaths.FirstCommand, ContainerPaths.FirstOutput, ContainerPaths.FirstExit }
            .Select(path => Path.Combine(mount, Path.GetFileName(path)))];
        var pipes = new List<Pipe>();
        try
        {
            pipes.Add(Pipe.Make(paths[0], writableByAll: false));
            pipes.Add(Pipe.Make(paths[1], writableByAll: true));
            pipes.Add(Pipe.Make(paths[2], writableByAll: true));
            return new FirstScript(paths, [.. pipes]);
        }
        catch
        {
            pipes.ForEach(pipe => pipe.Dispose());
            foreach (var path in paths) File.Delete(path);
            throw;
        }
    }

    /// <summary>The first process has opened its ends: nobody else will.</summary>
    public void Connect()
    {
        _command = Pipe.OpenToWrite(_paths[0]);
        _output = Pipe.OpenToRead(_paths[1]);
        _exit = Pipe.OpenToRead(_paths[2]);
        LetGo();
    }

    /// <summary>No script was run by it.</summary>
    public bool IsUnused => _listener is null;

    /// <summary>Whether the first process gives the command this environment as it is.</summary>
    public static bool CanPass(IEnumerable<KeyValuePair<string, string>> environment) => environment.All(variable =>
        variable.Key.Length > 0 && !char.IsAsciiDigit(variable.Key[0]) && variable.Key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
        && !variable.Key.StartsWith("BASH", StringComparison.Ordinal) && !OfTheShell.Contains(variable.Key)
        && !variable.Value.Contains('\0', StringComparison.Ordinal));

    /// <summary>Runs the command; once.</summary>
    /// <param name="withheld">A variable that the container has and the command does not, unless it is in <paramref name="environment"/>.</param>
    /// <param name="workingDirectory">In the container.</param>
    /// <param name="output">Takes what it writes to either stream, in order; while it is busy the command waits.</param>
    /// <returns>The exit code; 137 where the whole container was killed. Processes that the command leaves behind may go on writing: it is read
    /// and thrown away until this is disposed.</returns>
    /// <exception cref="SandboxException">The container does not begin with it within 30 s, and never will.</exception>
    /// <exception cref="OperationCanceledException">The command may go on.</exception>
    public async Task<int> RunAsync(
        IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string>> environment, string? withheld, string workingDirectory,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetBytes(Text(command, environment, withheld, workingDirectory));
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cancelled = cancellationToken.Register(_wake.Set);

        // A thread of its own: it waits for the step, however long that takes.
        _listener = Task.Factory.StartNew(Listen, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return await ended.Task;

        void Listen()
        {
            try
            {
                var buffer = new byte[Pipe.Capacity];
                Send(text, cancellationToken);
                ended.SetResult(ReadToExit(buffer, output, cancellationToken));
                while (Pipe.WaitToRead(_output!, null, _wake, Timeout.InfiniteTimeSpan).First && _output!.Read(buffer) != 0)
                {
                }
            }
            catch (Exception e)
            {
                // Nobody is to write for nothing, or begin, unheard.
                CloseEnds();
                ended.TrySetException(e);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        LetGo();
        _wake.Set();
        if (_listener is not null) await _listener;
        CloseEnds();
        _wake.Dispose();
    }

    /// <summary>Whole or a syntax error: no part of it is run, should this process end while it writes.</summary>
    private static string Text(
        IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string>> environment, string? withheld, string workingDirectory)
    {
        var text = new StringBuilder("{\n");
        text.Append(CultureInfo.InvariantCulture, $"echo {Began.TrimEnd()} >&9 || exit\nexec 9>&-\n");

        // What bash thinks of a locale is its own matter.
        text.Append(CultureInfo.InvariantCulture, $"{{ {(withheld is null ? ":" : $"export -n {withheld}")}\n");
        foreach (var (name, value) in environment) text.Append(CultureInfo.InvariantCulture, $"export {name}={Quote(value)}\n");
        text.Append("} 2> /dev/null\n");
        text.Append(CultureInfo.InvariantCulture, $"cd -- {Quote(workingDirectory)} || exit 126\n");
        text.Append("export -n PWD OLDPWD\n");
        text.Append(CultureInfo.InvariantCulture, $"exec {string.Join(' ', command.Select(Quote))} 7<&-\n}}\n");
        return text.ToString();
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private void Send(byte[] text, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < text.Length;)
        {
            if (!Pipe.WaitToWrite(_command!, _wake, Patience)) throw Unheard(cancellationToken);

            // A reader that is gone is a container that is dead: the exit pipe says so, too.
            if (_command!.Write(text.AsSpan(sent)) is not { } written) break;
            sent += written;
        }

        _command!.Dispose();
    }

    private int ReadToExit(byte[] buffer, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output, CancellationToken cancellationToken)
    {
        const int Killed = 137;
        var said = "";
        var isOpen = true;
        while (true)
        {
            var hasBegun = said.StartsWith(Began, StringComparison.Ordinal);
            var (canRead, hasSaid) = Pipe.WaitToRead(isOpen ? _output : null, _exit, _wake, hasBegun ? Timeout.InfiniteTimeSpan : Patience);
            if (cancellationToken.IsCancellationRequested || !(canRead || hasSaid)) throw Unheard(cancellationToken);
            if (hasSaid)
            {
                var read = _exit!.Read(buffer.AsSpan(0, SaidMax));
                said += Encoding.ASCII.GetString(buffer, 0, read);
                var isWhole = said.Length > Began.Length && said.EndsWith('\n');
                if (read > 0 && !isWhole && said.Length <= SaidMax) continue;

                // What it wrote is in the pipe by now.
                for (var left = _output!.Available; left > 0 && (read = _output.Read(buffer.AsSpan(0, Math.Min(left, buffer.Length)))) > 0; left -= read)
                    Hand(read);
                if (!said.StartsWith(Began, StringComparison.Ordinal)) throw Unheard(cancellationToken);
                return int.TryParse(said[Began.Length..].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : Killed;
            }
            else
            {
                var read = _output!.Read(buffer);
                isOpen = read > 0;
                Hand(read);
            }
        }

        void Hand(int length)
        {
            if (length > 0) output(buffer.AsMemory(0, length), cancellationToken).AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Why a wait ended with nothing.</summary>
    private static Exception Unheard(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? new OperationCanceledException(cancellationToken)
        : new SandboxException("the container's first process did not start the script");

    private void LetGo()
    {
        foreach (var pipe in _bothEnds) pipe.Dispose();
        foreach (var path in _paths) File.Delete(path);
    }

    private void CloseEnds()
    {
        _command?.Dispose();
        _output?.Dispose();
        _exit?.Dispose();
    }
}
