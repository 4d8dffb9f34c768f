using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Protocol.LogScrubbing;
using Xunit;

namespace Shithub.Actions.Protocol.Tests.LogScrubbing;

/// <summary>That a value is hidden in the forms that tools print it in. The tools' own encoders make the forms here.</summary>
public sealed class MaskFormTests
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Gen<char> Letter = Gen.Frequency(
        (8, Gen.Elements("abcXYZ0189".ToCharArray())),
        (4, Gen.Elements(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".ToCharArray())),
        (1, Gen.Elements('\n', '\t', 'é', '€', '\u007f')));

    private static readonly Gen<string> Value =
        from letters in Gen.ListOf(Letter).Where(letters => letters.Count >= 4)
        let text = string.Concat(letters)
        where text.Trim().Length >= 4
        select text;

    private static readonly (string Name, Func<string, string> Encode)[] Encodings =
    [
        ("plain", value => value),
        ("percent", Uri.EscapeDataString),
        ("form", value => WebUtility.UrlEncode(value)!),
        ("json", value => JsonSerializer.Serialize(value)[1..^1]),
        ("relaxed json", value => JsonSerializer.Serialize(value, Relaxed)[1..^1]),
        ("json with slashes", value => JsonSerializer.Serialize(value, Relaxed)[1..^1]
            .Replace("\\u007F", "\u007f", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal)),
        ("single quotes", value => value.Replace("'", "'\\''", StringComparison.Ordinal)),
    ];

    private static readonly Gen<Sample> Samples =
        from value in Value
        from encoding in Gen.Choose(0, Encodings.Length - 1)
        from before in Gen.ListOf(Letter)
        from after in Gen.ListOf(Letter)
        from cuts in Gen.ListOf(Gen.Choose(0, 9))
        select new Sample(value, encoding, string.Concat(before), string.Concat(after), [.. cuts]);

    [Fact]
    public void A_value_is_hidden_however_it_is_encoded_and_the_text_is_cut() => Check(sample =>
    {
        var form = Encodings[sample.Encoding].Encode(sample.Value);
        return !Scrub(sample.Value, sample.Before + form + sample.After, sample.Cuts).Contains(form, StringComparison.Ordinal);
    });

    [Fact]
    public void A_value_is_hidden_in_base64_wherever_it_lies_in_the_encoded_text() => Check(sample =>
    {
        var before = Encoding.UTF8.GetBytes(sample.Before);
        var value = Encoding.UTF8.GetBytes(sample.Value);
        var text = Convert.ToBase64String([.. before, .. value, .. Encoding.UTF8.GetBytes(sample.After)]);
        // The characters that are the value's alone.
        var inside = text[(((before.Length * 8) + 5) / 6)..((before.Length + value.Length) * 8 / 6)];
        var url = text.Replace('+', '-').Replace('/', '_');
        return !Scrub(sample.Value, $"<{text}>", sample.Cuts).Contains(inside, StringComparison.Ordinal)
            && !Scrub(sample.Value, $"<{url}>", sample.Cuts).Contains(inside.Replace('+', '-').Replace('/', '_'), StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("plain-value", "printf %s \"$V\"")]
    [InlineData("it's \"$HOME\" `and` \\more!", "printf %q \"$V\"")]
    [InlineData("it's \"$HOME\" `and` \\more!", "printf %s \"${V@Q}\" | sed \"s/^'//;s/'$//\"")]
    [InlineData("two\nlines of\t'it'", "printf %q \"$V\" | sed \"s/^..//;s/.$//\"")]
    [InlineData("it's (a) secret", "set -x; : \"$V\"")]
    [InlineData("a value of more than fifty-seven bytes, which base64 breaks into two lines or three", "printf %s \"$V\" | base64")]
    [InlineData("a value of more than fifty-seven bytes, which base64 breaks into two lines or three", "printf %s \"$V\" | base64 -w 64")]
    public async Task What_a_real_shell_prints_of_a_value_is_hidden(string value, string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["V"] = value;
        using var bash = Process.Start(start)!;
        var printed = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            + await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(printed.Length >= value.Length, printed);
        var shown = Scrub(value, printed, []);
        Assert.Contains("***", shown, StringComparison.Ordinal);
        Assert.True(shown.Length <= 12, shown);
    }

    [Fact]
    public void The_largest_secret_costs_some_megabytes()
    {
        var value = string.Concat(Enumerable.Range(0, 48 * 1024).Select(index => (char)('!' + (index * 7919 % 90))));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var masks = new MaskAutomaton([value]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 1024 * 1024);
        var output = new ArrayBufferWriter<byte>();
        var scrubber = new LogScrubber(masks);
        scrubber.Write(Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(value))), output);
        scrubber.Flush(output);
        Assert.Equal("***", Encoding.UTF8.GetString(output.WrittenSpan).TrimEnd('='));
    }

    private static string Scrub(string value, string text, int[] cuts)
    {
        var scrubber = new LogScrubber([value]);
        var output = new ArrayBufferWriter<byte>();
        var bytes = Encoding.UTF8.GetBytes(text);
        var start = 0;
        foreach (var cut in cuts)
        {
            var end = Math.Min(start + cut, bytes.Length);
            scrubber.Write(bytes.AsSpan(start, end - start), output);
            start = end;
        }

        scrubber.Write(bytes.AsSpan(start), output);
        scrubber.Flush(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Check(Func<Sample, bool> property) =>
        Prop.ForAll(Arb.From(Samples), property).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private sealed record Sample(string Value, int Encoding, string Before, string After, int[] Cuts)
    {
        public override string ToString() =>
            $"value {JsonSerializer.Serialize(Value)} as {Encodings[Encoding].Name} after {JsonSerializer.Serialize(Before)} " +
            $"before {JsonSerializer.Serialize(After)} cuts [{string.Join(',', Cuts)}]";
    }
}
