using System.Buffers;
using System.Text;

namespace Shithub.Actions.Server.Web.LogView;

/// <summary>A line as HTML. One that is not <paramref name="IsComplete"/> may come again, longer, under the same number.</summary>
public readonly record struct LogLine(int Number, string Html, bool IsComplete);

/// <summary>
/// Makes lines of a log's bytes, however they are cut into chunks. A carriage return within a line begins it anew, as on a
/// terminal, so that of a progress bar its last state is shown.
/// </summary>
public sealed class LineAssembler(LogPosition start)
{
    /// <summary>Bytes of a line that are shown; the raw log has all.</summary>
    public const int LineBytesMax = 16 * 1024;

    private const string CutMark = "<span class=\"c\">… the line goes on: see the raw log</span>";

    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly List<LogLine> _lines = [];
    private LogPosition _position = start;
    private bool _hasReturned;

    /// <summary>The beginning of the line that has not ended yet.</summary>
    public LogPosition Position => _position;

    /// <summary>Takes the next bytes of the log, which are those of chunk <paramref name="seq"/> from <paramref name="offset"/> on.</summary>
    public void Add(int seq, int offset, ReadOnlySpan<byte> bytes)
    {
        if (_line.WrittenCount == 0)
            _position = _position with { Seq = seq, Offset = offset };
        for (var i = 0; i < bytes.Length; i++)
        {
            var after = offset + i + 1;
            if (_position.InCutLine)
            {
                var end = bytes[i..].IndexOf((byte)'\n');
                if (end < 0)
                {
                    _position = _position with { Seq = seq, Offset = offset + bytes.Length };
                    return;
                }

                i += end;
                Begin(seq, offset + i + 1, _position.Line + 1, default);
                continue;
            }

            switch (bytes[i])
            {
                case (byte)'\n':
                    Begin(seq, after, _position.Line + 1, Complete(""));
                    break;
                case (byte)'\r':
                    _hasReturned = true;
                    break;
                default:
                    if (_hasReturned)
                        Begin(seq, after - 1, _position.Line, LogText.Render(_line.WrittenSpan, _position.Style, null));
                    _line.GetSpan(1)[0] = bytes[i];
                    _line.Advance(1);
                    if (_line.WrittenCount == LineBytesMax)
                    {
                        Complete(CutMark);
                        Begin(seq, after, _position.Line, default);
                        _position = _position with { InCutLine = true };
                    }

                    break;
            }
        }
    }

    /// <summary>The chunk whose bytes were added last has no more: what begins next begins in the one after it.</summary>
    public void EndChunk(int seq, int length)
    {
        if (_position.Seq == seq && _position.Offset == length)
            _position = _position with { Seq = seq + 1, Offset = 0 };
    }

    /// <summary>The lines since the last call, with the one that has not ended yet where it shows something.</summary>
    public IReadOnlyList<LogLine> Take()
    {
        var lines = _lines.ToList();
        _lines.Clear();
        if (_line.WrittenCount > 0)
        {
            var html = new StringBuilder();
            LogText.Render(_line.WrittenSpan, _position.Style, html);
            lines.Add(new LogLine(_position.Line, html.ToString(), IsComplete: false));
        }

        return lines;
    }

    private LogStyle Complete(string mark)
    {
        var html = new StringBuilder();
        var style = LogText.Render(_line.WrittenSpan, _position.Style, html);
        _lines.Add(new LogLine(_position.Line, html.Append(mark).ToString(), IsComplete: true));
        return style;
    }

    private void Begin(int seq, int offset, int line, LogStyle style)
    {
        _line.ResetWrittenCount();
        _hasReturned = false;
        _position = new LogPosition(seq, offset, line, style, false);
    }
}
