using System.Buffers;
using System.Globalization;
using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;

namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>
/// What a step writes on its way to the log. The bytes arrive there unchanged and at once, except for a line that begins with
/// <c>::</c>: it waits for its end, since <c>::add-mask::</c> must hide its value in the very line that declares it.
/// <c>::stop-commands::TOKEN</c> makes commands plain text until <c>::TOKEN::</c>. All others are shown as they are;
/// <c>::notice::</c>, <c>::warning::</c> and <c>::error::</c> are kept as annotations, too.
/// </summary>
/// <param name="notes">Takes the annotations.</param>
/// <param name="remark">Takes what the author should know, for the job's log.</param>
internal sealed class OutputCommands(LogStream log, JobMasks masks, StepNotes notes, Func<string, ValueTask> remark)
{
    private const int LineBytesMax = 256 * 1024;
    private const string AddMask = "add-mask";
    private const string StopCommands = "stop-commands";

    /// <summary>Whatever prints, a commit's message for example, can forge these.</summary>
    private static readonly Dictionary<string, string> Replaced = new()
    {
        ["set-output"] = "whatever a step prints could forge it; write to the file $GITHUB_OUTPUT instead",
        ["save-state"] = "whatever a step prints could forge it; write to the file $GITHUB_STATE instead",
        ["set-env"] = "whatever a step prints could forge it; write to the file $GITHUB_ENV instead",
        ["add-path"] = "whatever a step prints could forge it; write to the file $GITHUB_PATH instead",
        ["add-matcher"] = "nothing looks for problems in a log here; print '::error file=NAME,line=N::MESSAGE' instead",
        ["remove-matcher"] = "nothing looks for problems in a log here",
    };

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly HashSet<string> _remarked = [];
    private bool _atLineStart = true;
    private bool _holding;

    /// <summary>A line was too long to wait for, and the rest of it must not be shown.</summary>
    private bool _dropping;

    private string? _stopToken;

    /// <summary>The last byte written was a line end, or there was none.</summary>
    public bool EndsWithLine => _atLineStart && !_holding;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var at = 0;
        while (at < bytes.Length)
        {
            if (_holding)
            {
                at += Hold(bytes.Span[at..], out var isWhole);
                if (isWhole) await EndLineAsync(cancellationToken);
                else if (!MayBeCommand(_line.WrittenSpan)) await ReleaseAsync(cancellationToken);
                else if (_line.WrittenCount > LineBytesMax) await CutLineAsync(cancellationToken);
                continue;
            }

            var plain = PlainLength(bytes.Span[at..]);
            if (plain > 0) await log.WriteAsync(bytes.Slice(at, plain), cancellationToken);
            at += plain;
            _holding = at < bytes.Length;
        }
    }

    /// <summary>The step has ended: a line without an end is one, too.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        if (_holding) await EndLineAsync(cancellationToken);
    }

    /// <summary>How many bytes come before a line that may be a command. Looks for marks, of which there are few, not at each line.</summary>
    private int PlainLength(ReadOnlySpan<byte> bytes)
    {
        for (var from = 0; bytes[from..].IndexOf("::"u8) is >= 0 and var found; from += found + 2)
        {
            var start = bytes[..(from + found)].TrimEnd(Blanks).Length;
            if (!IsLineStart(bytes, start)) continue;
            _atLineStart = true;
            return start;
        }

        var last = bytes.LastIndexOf((byte)'\n') + 1;
        var mayBegin = last < bytes.Length && IsLineStart(bytes, last) && MayBeCommand(bytes[last..]);
        _atLineStart = mayBegin || last == bytes.Length;
        return mayBegin ? last : bytes.Length;
    }

    private bool IsLineStart(ReadOnlySpan<byte> bytes, int at) => at == 0 ? _atLineStart : bytes[at - 1] == (byte)'\n';

    private static ReadOnlySpan<byte> Blanks => " \t"u8;

    private static bool MayBeCommand(ReadOnlySpan<byte> line)
    {
        var text = line.TrimStart(Blanks);
        return text.Length switch
        {
            0 => true,
            1 => text[0] == ':',
            _ => text[0] == ':' && text[1] == ':',
        };
    }

    /// <returns>How many bytes were taken: up to the end of the line, or all.</returns>
    private int Hold(ReadOnlySpan<byte> bytes, out bool isWhole)
    {
        var end = bytes.IndexOf((byte)'\n');
        isWhole = end >= 0;
        var taken = isWhole ? end + 1 : bytes.Length;
        if (!_dropping) _line.Write(bytes[..taken]);
        return taken;
    }

    private async ValueTask EndLineAsync(CancellationToken cancellationToken)
    {
        if (_dropping)
        {
            (_dropping, _holding, _atLineStart) = (false, false, true);
            await log.WriteAsync("\n"u8.ToArray(), cancellationToken);
            return;
        }

        if (await TakeCommandAsync(Encoding.UTF8.GetString(_line.WrittenSpan).TrimEnd('\r', '\n')))
            await ReleaseAsync(cancellationToken);
        else
            await CutLineAsync(cancellationToken);
    }

    /// <returns>False if the line must not be shown.</returns>
    private async ValueTask<bool> TakeCommandAsync(string line)
    {
        if (WorkflowCommand.Parse(line) is not { } command) return true;
        if (_stopToken is not null)
        {
            if (command.Name == _stopToken) _stopToken = null;
            return true;
        }

        if (command.Name == StopCommands && command.Data.Length > 0)
        {
            _stopToken = command.Data.ToLowerInvariant();
        }
        else if (command.Name == AddMask && !masks.Add(command.Data, command.RawData))
        {
            await remark(
                "A job may not mask as many values; this one was left out of the log, but what shows it later is not masked.");
            return false;
        }
        else if (Replaced.TryGetValue(command.Name, out var instead) && _remarked.Add(command.Name))
        {
            await remark($"'::{command.Name}::' has no effect: {instead}.");
        }
        else if (AnnotationLevels.All.Contains(command.Name) && !notes.Add(command) && _remarked.Add(command.Name))
        {
            await remark(string.Create(
                CultureInfo.InvariantCulture,
                $"A step may have {ProtocolLimits.AnnotationsPerLevel} annotations '{command.Name}'; further ones are in the log only."));
        }

        return true;
    }

    /// <summary>Shows the line as it is.</summary>
    private async ValueTask ReleaseAsync(CancellationToken cancellationToken)
    {
        var line = _line.WrittenSpan.ToArray();
        _line.ResetWrittenCount();
        _holding = false;
        _atLineStart = line.AsSpan().EndsWith("\n"u8);
        await log.WriteAsync(line, cancellationToken);
    }

    /// <summary>Of a line that is too long only what is no mask's value may be shown.</summary>
    private async ValueTask CutLineAsync(CancellationToken cancellationToken)
    {
        var start = Encoding.UTF8.GetString(_line.WrittenSpan[..Math.Min(_line.WrittenCount, 256)]).TrimStart();
        if (_stopToken is not null || !start.StartsWith($"::{AddMask}::", StringComparison.OrdinalIgnoreCase))
        {
            await ReleaseAsync(cancellationToken);
            return;
        }

        var isWhole = _line.WrittenSpan.EndsWith("\n"u8);
        _line.ResetWrittenCount();
        await log.WriteAsync(Encoding.UTF8.GetBytes($"::{AddMask}::***" + (isWhole ? "\n" : "")), cancellationToken);
        if (isWhole)
        {
            (_holding, _atLineStart) = (false, true);
            return;
        }

        _dropping = true;
        await remark("A value of more than 256 KiB can't be masked; it was left out of the log, but what shows it later is not masked.");
    }
}
