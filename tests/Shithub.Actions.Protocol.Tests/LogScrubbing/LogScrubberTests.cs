using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Protocol.LogScrubbing;
using Xunit;

namespace Shithub.Actions.Protocol.Tests.LogScrubbing;

public sealed class LogScrubberTests
{
    /// <summary>Few letters make masks overlap, repeat and begin within one another.</summary>
    private static readonly Gen<string> Text = Gen.ListOf(Gen.Elements('a', 'b', 'c')).Select(letters => string.Concat(letters));

    private static readonly Gen<Sample> Samples =
        from masks in Gen.ListOf(Text)
        from text in Gen.ListOf(Text)
        from cuts in Gen.ListOf(Gen.Choose(0, 7))
        select new Sample([.. masks], string.Concat(text), [.. cuts]);

    [Theory]
    [InlineData("nothing to hide", "nothing to hide")]
    [InlineData("a secret here", "a *** here")]
    [InlineData("secretsecret", "***")]
    [InlineData("secret secret", "*** ***")]
    [InlineData("secre", "secre")]
    [InlineData("secsecret", "sec***")]
    [InlineData("secretary", "***")]
    [InlineData("xsecretaryx", "x***x")]
    [InlineData("tokensecret", "to***")]
    [InlineData("tokentail", "tokentail")]
    public void Masked_values_become_stars(string text, string expected) =>
        Assert.Equal(expected, Scrub(["secret", "retary", "kensec"], text, []));

    [Fact]
    public void A_value_that_begins_with_another_one_is_hidden_whole() => Assert.Equal("*** ***x", Scrub(["pass", "password"], "password passx", []));

    [Fact]
    public void The_longer_value_is_hidden_even_if_the_shorter_one_ended_in_an_earlier_chunk() =>
        Assert.Equal("<***>", Scrub(["pass", "password"], "<password>", [5]));

    [Fact]
    public void Empty_and_blank_values_hide_nothing() => Assert.Equal("a b  c", Scrub(["", " ", "\n"], "a b  c", []));

    [Fact]
    public void Each_line_of_a_value_is_hidden_unless_it_is_very_short()
    {
        const string Key = "-----BEGIN-----\nMIIabc\n}\n-----END-----\n";
        Assert.Equal("***\r\n  *** }\n", Scrub([Key], "-----BEGIN-----\r\n  MIIabc }\n", []));
        Assert.Equal("[***]", Scrub([Key], $"[{Key}]", []));
    }

    [Theory]
    [InlineData("pas", "sword ", "*** ")]
    [InlineData("pass", "word ", "***word ")]
    [InlineData("one pas", "sword pass", "one *** ***")]
    [InlineData("password pa", "ssword", "***word ***")]
    public void Masks_that_are_added_hide_what_is_withheld_and_what_comes(string before, string after, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        var scrubber = new LogScrubber(["pass"]);
        scrubber.Write(Encoding.UTF8.GetBytes(before), output);
        scrubber.Use(new MaskAutomaton(["pass", "password"]));
        scrubber.Write(Encoding.UTF8.GetBytes(after), output);
        scrubber.Flush(output);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_mask_that_is_added_does_not_uncover_what_an_earlier_one_covers()
    {
        var output = new ArrayBufferWriter<byte>();
        var scrubber = new LogScrubber(["abc", "cdx"]);
        scrubber.Write("-abc"u8, output);
        scrubber.Use(new MaskAutomaton(["abc", "cdx", "cd!"]));
        scrubber.Write("d!-"u8, output);
        scrubber.Flush(output);
        Assert.Equal("-***-", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Bytes_that_are_no_text_pass_unchanged()
    {
        byte[] bytes = [0, 255, 254, (byte)'s', 128, (byte)'\n'];
        Assert.Equal(bytes, Run(new LogScrubber(["sé"]), bytes, []));
    }

    [Fact]
    public void Only_what_may_begin_a_value_is_withheld()
    {
        var scrubber = new LogScrubber(["secret"]);
        var output = new ArrayBufferWriter<byte>();
        scrubber.Write("a line\nPassword: sec"u8, output);
        Assert.Equal("a line\nPassword: ", Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(3, scrubber.Held);
    }

    [Fact]
    public void A_value_that_no_other_goes_on_from_is_not_withheld()
    {
        var scrubber = new LogScrubber(["secret", "retry"]);
        var output = new ArrayBufferWriter<byte>();
        scrubber.Write("a secret"u8, output);
        Assert.Equal("a ***", Encoding.UTF8.GetString(output.WrittenSpan));
        scrubber.Write("retry, retr"u8, output);
        scrubber.Write("y"u8, output);
        Assert.Equal("a ***, ***", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Of_two_hundred_long_values_each_is_found_wherever_it_lies()
    {
        var random = new Random(7);
        string[] masks = [.. Enumerable.Range(0, 200).Select(_ => string.Concat(Enumerable.Range(0, random.Next(4, 60)).Select(_ => (char)random.Next('0', '~'))))];
        var automaton = new MaskAutomaton(masks);
        foreach (var mask in masks)
        {
            // All places against the four bytes that are looked at at once, and the ends of chunks.
            for (var before = 0; before < 9; before++)
            {
                var text = new string(' ', before) + mask + "  ";
                int[] cuts = [random.Next(text.Length), random.Next(5)];
                Assert.Equal(Whole(masks, text), Encoding.UTF8.GetString(Run(new LogScrubber(automaton), Encoding.UTF8.GetBytes(text), cuts)));
            }
        }
    }

    [Fact]
    public void Replacements_are_counted()
    {
        var scrubber = new LogScrubber(["secret"]);
        Run(scrubber, "secret, secretsecret and secre"u8.ToArray(), [3, 3]);
        Assert.Equal(2, scrubber.Replacements);
    }

    [Fact]
    public void However_the_text_is_cut_the_output_is_that_of_the_whole() => Check(sample =>
        Scrub(sample.Masks, sample.Text, sample.Cuts) == Whole(sample.Masks, sample.Text));

    [Fact]
    public void No_value_is_left_in_the_output() => Check(sample =>
    {
        var output = Scrub(sample.Masks, sample.Text, sample.Cuts);
        return !sample.Masks.Any(mask => mask.Length > 0 && output.Contains(mask, StringComparison.Ordinal));
    });

    [Fact]
    public void A_scrubber_goes_on_where_another_one_stopped() => Check(sample =>
    {
        var output = new ArrayBufferWriter<byte>();
        var scrubber = new LogScrubber(sample.Masks);
        foreach (var chunk in Cut(Encoding.UTF8.GetBytes(sample.Text), sample.Cuts))
        {
            var next = new LogScrubber(sample.Masks);
            next.Restore(scrubber.Save());
            scrubber = next;
            scrubber.Write(chunk, output);
        }

        scrubber.Flush(output);
        return Encoding.UTF8.GetString(output.WrittenSpan) == Whole(sample.Masks, sample.Text);
    });

    [Fact]
    public void What_was_covered_stays_covered_when_a_shorter_value_is_found_in_it_again()
    {
        var first = new LogScrubber(["aca", "c", "cacx"]);
        var output = new ArrayBufferWriter<byte>();
        first.Write("acac"u8, output);
        var second = new LogScrubber(["aca", "c", "cacx"]);
        second.Restore(first.Save());
        second.Flush(output);
        Assert.Equal("***", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    /// <summary>The definition, as slow as it is plain: mark every byte of every occurrence, then print each marked run as stars.</summary>
    private static string Whole(string[] masks, string text)
    {
        var covered = new bool[text.Length];
        foreach (var mask in masks.Where(mask => mask.Length > 0))
        {
            for (var at = text.IndexOf(mask, StringComparison.Ordinal); at >= 0; at = text.IndexOf(mask, at + 1, StringComparison.Ordinal))
                Array.Fill(covered, true, at, mask.Length);
        }

        var output = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (!covered[i]) output.Append(text[i]);
            else if (i == 0 || !covered[i - 1]) output.Append("***");
        }

        return output.ToString();
    }

    private static string Scrub(string[] masks, string text, int[] cuts) =>
        Encoding.UTF8.GetString(Run(new LogScrubber(masks), Encoding.UTF8.GetBytes(text), cuts));

    private static byte[] Run(LogScrubber scrubber, byte[] text, int[] cuts)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var chunk in Cut(text, cuts)) scrubber.Write(chunk, output);
        scrubber.Flush(output);
        return output.WrittenSpan.ToArray();
    }

    private static IEnumerable<byte[]> Cut(byte[] text, int[] cuts)
    {
        var start = 0;
        foreach (var cut in cuts)
        {
            var end = Math.Min(start + cut, text.Length);
            yield return text[start..end];
            start = end;
        }

        yield return text[start..];
    }

    private static void Check(Func<Sample, bool> property) =>
        Prop.ForAll(Arb.From(Samples), property).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private sealed record Sample(string[] Masks, string Text, int[] Cuts)
    {
        public override string ToString() => $"masks [{string.Join(',', Masks)}] text {Text} cuts [{string.Join(',', Cuts)}]";
    }
}
