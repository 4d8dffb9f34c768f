using Xunit;

namespace Shithub.Actions.Configuration.Tests.Toml;

/// <summary>Sentences of https://toml.io/en/v1.0.0: "Offset Date-Time" to "Local Time".</summary>
public sealed class TomlDateTests
{
    [Theory]
    [InlineData("an RFC 3339 date-time with offset", "1979-05-27T07:32:00Z", "1979-05-27T07:32:00+00:00")]
    [InlineData("a numeric offset", "1979-05-27T00:32:00-07:00", "1979-05-27T00:32:00-07:00")]
    [InlineData("with a fraction", "1979-05-27T00:32:00.999999-07:00", "1979-05-27T00:32:00.999999-07:00")]
    [InlineData("the T may be replaced with a space", "1979-05-27 07:32:00Z", "1979-05-27T07:32:00+00:00")]
    [InlineData("T and Z may be lower case, as RFC 3339 has it", "1979-05-27t07:32:00z", "1979-05-27T07:32:00+00:00")]
    [InlineData("every offset of RFC 3339", "1979-05-27T00:00:00+23:59", "1979-05-27T00:00:00+23:59")]
    [InlineData("the earliest", "0001-01-01 00:00:00Z", "0001-01-01T00:00:00+00:00")]
    [InlineData("the latest", "9999-12-31T23:59:59.9999999+14:00", "9999-12-31T23:59:59.9999999+14:00")]
    [InlineData("additional precision is truncated, not rounded", "1979-05-27T07:32:00.12345678999Z", "1979-05-27T07:32:00.1234567+00:00")]
    [InlineData("a local date-time", "1979-05-27T07:32:00", "1979-05-27T07:32:00")]
    [InlineData("with a fraction and a space", "1979-05-27 00:32:00.5", "1979-05-27T00:32:00.5")]
    [InlineData("a local date", "1979-05-27", "1979-05-27")]
    [InlineData("a leap day", "2000-02-29", "2000-02-29")]
    [InlineData("a local time", "07:32:00", "07:32:00")]
    [InlineData("with milliseconds", "00:32:00.999", "00:32:00.999")]
    [InlineData("a date before a comment", "1979-05-27 # 07:32:00", "1979-05-27")]
    public void Is_read(string sentence, string toml, string expected)
    {
        Assert.NotEmpty(sentence);
        Assert.Equal($"{{a: {expected}}}", TomlShown.Read("a = " + toml));
        Assert.Equal($"{{a: [{expected}, 1]}}", TomlShown.Read($"a = [{toml}\n, 1]"));
    }

    [Theory]
    [InlineData("a month that is", "1979-13-01", "is not a date or time that exists")]
    [InlineData("a day that is", "1979-02-30", "is not a date or time that exists")]
    [InlineData("no leap day", "1900-02-29", "is not a date or time that exists")]
    [InlineData("an hour that is", "24:00:00", "is not a date or time that exists")]
    [InlineData("a minute that is", "23:60:00", "is not a date or time that exists")]
    [InlineData("a second that is", "1979-05-27T23:59:61Z", "is not a date or time that exists")]
    [InlineData("no leap second, which .NET cannot hold", "1990-12-31T23:59:60Z", "seconds to 59")]
    [InlineData("no year 0, which .NET cannot hold", "0000-01-01", "years from 0001")]
    [InlineData("an offset that is", "1979-05-27T07:32:00+24:00", "is not a date or time that exists")]
    [InlineData("seconds are needed", "1979-05-27T07:32Z", "is not a date or time; write for example 1979-05-27T07:32:00Z")]
    [InlineData("seconds are needed in a local time", "07:32", "is not a date or time")]
    [InlineData("two digits", "1979-5-27", "is not a date or time")]
    [InlineData("four digits", "79-05-27", "is not a date or time")]
    [InlineData("two digits of the hour", "7:32:00", "is not a date or time")]
    [InlineData("a fraction has digits", "07:32:00.", "is not a date or time")]
    [InlineData("an offset has minutes", "1979-05-27T07:32:00+07", "is not a date or time")]
    [InlineData("a time alone has no offset", "07:32:00Z", "is not a date or time")]
    [InlineData("a date alone has no offset", "1979-05-27Z", "is not a date or time")]
    [InlineData("T needs a time", "1979-05-27T", "is not a date or time")]
    [InlineData("one space", "1979-05-27  07:32:00", "cannot follow a value")]
    public void Is_refused(string sentence, string toml, string error)
    {
        Assert.NotEmpty(sentence);
        var shown = TomlShown.Error("a = " + toml);
        Assert.StartsWith("1:", shown, StringComparison.Ordinal);
        Assert.Contains(error, shown, StringComparison.Ordinal);
    }
}
