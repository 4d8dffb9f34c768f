using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Server.Web.LogView;
using Xunit;

namespace Shithub.Actions.Server.Tests.Web.LogView;

public sealed class LogCursorTests
{
    [Fact]
    public void A_cursor_survives_the_wire()
    {
        var number = Gen.Choose(0, int.MaxValue - 1);
        var position =
            from seq in number
            from offset in Gen.OneOf(Gen.Constant(0), number)
            from line in Gen.Choose(1, int.MaxValue - 1)
            from style in Gen.OneOf(Gen.Constant(0), Gen.Choose(0, (64 * 17 * 17) - 1))
            from cut in Gen.Elements(true, false)
            select new LogPosition(seq, offset, line, LogStyle.Unpack(style)!.Value, cut);
        var positions = Gen.OneOf(Gen.Constant(LogPosition.Start), position).ListOf();
        Prop.ForAll(Gen.Zip(number, positions).ToArbitrary(), given =>
        {
            var cursor = new LogCursor(given.Item1, [.. given.Item2]);
            var read = LogCursor.Parse(cursor.ToString(), cursor.Positions.Count);
            Assert.Equal(cursor.Attempt, read!.Attempt);
            Assert.Equal(cursor.Positions, read.Positions);
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1-2")]
    [InlineData("1-2.0")]
    [InlineData("1-2.1.3.zzzzzz")]
    [InlineData("1-2.1.3.1.x")]
    [InlineData("1-2.1-2.1-2.1-2.1")]
    [InlineData("99999999999")]
    [InlineData("1-éé.1")]
    public void What_was_never_a_cursor_is_none(string text) => Assert.Null(LogCursor.Parse(text, 3));
}
