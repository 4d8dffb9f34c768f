using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Configuration.Values;
using Xunit;

namespace Shithub.Actions.Configuration.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("5s", 5_000)]
    [InlineData("2m", 120_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("500ms", 500)]
    [InlineData("7d", 604_800_000)]
    [InlineData("1d1h1m1s1ms", 90_061_001)]
    [InlineData("1m5ms", 60_005)]
    [InlineData("90m", 5_400_000)]
    [InlineData("0s", 0)]
    public void A_duration_is_numbers_with_falling_units(string text, long milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("+5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("1.5h")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("5y")]
    [InlineData("5s ")]
    [InlineData("9999999999s")]
    [InlineData("999999999d")]
    [InlineData("٣s")]
    public void Anything_else_is_no_duration(string text)
    {
        Assert.False(Durations.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Durations.Parse(text));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1_048_576)]
    [InlineData("12b", 12)]
    [InlineData("64k", 65_536)]
    [InlineData("512m", 536_870_912)]
    [InlineData("512MB", 536_870_912)]
    [InlineData("2g", 2_147_483_648)]
    [InlineData("1t", 1_099_511_627_776)]
    public void A_size_is_in_powers_of_1024(string text, long bytes)
    {
        Assert.True(Sizes.TryParse(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("g")]
    [InlineData("-1")]
    [InlineData("1.5g")]
    [InlineData("2 g")]
    [InlineData("2gg")]
    [InlineData("2bb")]
    [InlineData("2bk")]
    [InlineData("2gib")]
    [InlineData("2x")]
    [InlineData("9223372036854775808")]
    [InlineData("9007199254740992t")]
    public void Anything_else_is_no_size(string text)
    {
        Assert.False(Sizes.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Sizes.Parse(text));
    }

    [Fact]
    public void Durations_and_sizes_are_read_as_they_were_written()
    {
        Prop.ForAll<NonNegativeInt>(number => Durations.Parse(Durations.Format(TimeSpan.FromMilliseconds(number.Get))).TotalMilliseconds == number.Get)
            .Check(Config.QuickThrowOnFailure);
        Prop.ForAll<NonNegativeInt, byte>((number, shift) =>
        {
            var bytes = (long)number.Get << (shift % 32);
            return Sizes.Parse(Sizes.Format(bytes)) == bytes;
        }).Check(Config.QuickThrowOnFailure);
    }
}
