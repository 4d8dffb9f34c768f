using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Server.Web.LogView;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web.LogView;

public sealed class LineAssemblerTests
{
    private static readonly string[] Pieces =
        ["a", "bc", "\n", "\n\n", "\r", "\r\n", "\u001b[31m", "\u001b[0m", "\u001b", "é", "🚀", "<b>", new string('x', 9000), "\u001b]0;t\u0007", "10%\r20%\r"];

    [Theory]
    [InlineData("one\ntwo\n", "1:one|2:two")]
    [InlineData("one\ntwo", "1:one|2:two…")]
    [InlineData("one\r\ntwo\r\n", "1:one|2:two")]
    [InlineData("\n\n", "1:|2:")]
    [InlineData(" 10%\r 50%\r100%\ndone\n", "1:100%|2:done")]
    [InlineData(" 10%\r 50%", "1: 50%…")]
    [InlineData(" 10%\r", "1: 10%…")]
    [InlineData("a\r\r\nb", "1:a|2:b…")]
    [InlineData("", "")]
    public void Lines_are_numbered_and_progress_shows_its_last_state(string log, string shown)
    {
        var lines = new LineAssembler(LogPosition.Start);
        lines.Add(0, 0, Encoding.UTF8.GetBytes(log));
        Assert.Equal(shown, string.Join('|', lines.Take().Select(line => $"{line.Number}:{line.Html}{(line.IsComplete ? "" : "…")}")));
    }

    [Fact]
    public void A_line_without_end_is_cut_and_the_next_one_is_whole()
    {
        var lines = new LineAssembler(LogPosition.Start);
        lines.Add(0, 0, Encoding.UTF8.GetBytes(new string('x', 1_000_000)));
        lines.Add(1, 0, "more\nnext\n"u8);
        var taken = lines.Take();
        Assert.Equal(2, taken.Count);
        Assert.StartsWith(new string('x', LineAssembler.LineBytesMax) + "<span", taken[0].Html, StringComparison.Ordinal);
        Assert.Equal(new LogLine(2, "next", true), taken[1]);
    }

    /// <summary>However the log is cut into chunks, and wherever a viewer is cut off and goes on from its cursor, the lines are the same.</summary>
    [Fact]
    public void Whoever_goes_on_from_a_cursor_sees_what_an_uninterrupted_viewer_sees()
    {
        var logs = Gen.Elements(Pieces).ListOf().Select(pieces => Encoding.UTF8.GetBytes(string.Concat(pieces)));
        var cuts = Gen.Choose(1, 40).ListOf();
        Prop.ForAll(Gen.Zip(logs, cuts).ToArbitrary(), given =>
        {
            var (log, sizes) = given;
            var whole = new LineAssembler(LogPosition.Start);
            whole.Add(0, 0, log);
            var expected = whole.Take().ToDictionary(line => line.Number, line => line.Html);

            var chunks = Chunks(log, [.. sizes]);
            var seen = new Dictionary<int, string>();
            var complete = new HashSet<int>();
            var position = LogPosition.Start;
            for (var upTo = 1; upTo <= chunks.Count; upTo++)
            {
                // A new viewer each time, who knows nothing but the cursor as it went over the wire.
                var lines = new LineAssembler(position);
                for (var seq = position.Seq; seq < upTo; seq++)
                {
                    var offset = seq == position.Seq ? position.Offset : 0;
                    lines.Add(seq, offset, chunks[seq].AsSpan(offset));
                    lines.EndChunk(seq, chunks[seq].Length);
                }

                foreach (var line in lines.Take())
                {
                    Assert.True(complete.Add(line.Number) || !line.IsComplete, $"line {line.Number} came twice");
                    if (!line.IsComplete)
                        complete.Remove(line.Number);
                    seen[line.Number] = line.Html;
                }

                var text = new StringBuilder();
                lines.Position.Write(text);
                position = LogPosition.Parse(text.ToString())!.Value;
            }

            Assert.Equal(expected.OrderBy(line => line.Key), seen.OrderBy(line => line.Key));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static List<byte[]> Chunks(byte[] log, int[] sizes)
    {
        var chunks = new List<byte[]>();
        for (int from = 0, i = 0; from < log.Length; i++)
        {
            var size = Math.Min(sizes.Length == 0 ? log.Length : sizes[i % sizes.Length] * (i % 7 == 6 ? 400 : 1), log.Length - from);
            chunks.Add(log[from..(from + size)]);
            from += size;
        }

        return chunks;
    }
}
