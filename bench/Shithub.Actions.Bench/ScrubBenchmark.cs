using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Protocol.LogScrubbing;

namespace Shithub.Actions.Bench;

/// <summary>What hiding masks in a log costs per byte, beside hashing the same bytes twice with SHA-256, in this process and one thread.</summary>
internal static class ScrubBenchmark
{
    private const int ChunkBytes = 64 * 1024;
    private const int Chunks = 256;
    private const int Rounds = 7;

    public static Table Run()
    {
        Bench.Run.Say("scrub: warming up");
        var log = LogText();
        var masks = Enumerable.Range(0, 200).Select(Mask).ToList();
        var rows = new List<IReadOnlyList<string>>();
        // The same text, one secret for every 64 KiB in it: what is found is dearer than what is not.
        var leaking = log.ToArray();
        for (var chunk = 0; chunk < Chunks; chunk++)
            Encoding.ASCII.GetBytes(masks[chunk % masks.Count]).CopyTo(leaking, (chunk * ChunkBytes) + 1000);
        (string Name, List<string> Masks, byte[] Log)[] cases =
        [
            ("1 mask", masks[..1], log), ("20 masks", masks[..20], log), ("200 masks", masks, log),
            ("200 masks, one found in each chunk", masks, leaking),
            ("200 masks of 4 to 6 characters", [.. masks.Select((mask, i) => mask[..(4 + (i % 3))])], log),
        ];
        var automata = cases.Select(one => new MaskAutomaton(one.Masks)).ToArray();
        var best = new double[cases.Length + 1];
        Array.Fill(best, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            Bench.Run.Say($"scrub: round {round + 1} of {Rounds}");
            best[0] = Math.Min(best[0], Time(() => HashTwice(log)));
            for (var i = 0; i < cases.Length; i++)
                best[i + 1] = Math.Min(best[i + 1], Time(() => Scrub(automata[i], cases[i].Log)));
        }

        var bytes = (double)ChunkBytes * Chunks;
        rows.Add(["SHA-256 twice", Table.Number(best[0] / bytes, 2), Table.Number(bytes / best[0] * 1000, 0), "1.00", "-"]);
        for (var i = 0; i < cases.Length; i++)
        {
            rows.Add([
                cases[i].Name, Table.Number(best[i + 1] / bytes, 2), Table.Number(bytes / best[i + 1] * 1000, 0),
                Table.Number(best[i + 1] / best[0], 2), Table.Number(automata[i].Nodes),
            ]);
        }

        return new Table(
            "Scrubbing a build's log in chunks of 64 KiB, each mask in all its forms, beside SHA-256 of the same bytes, twice",
            ["", "ns/byte", "MB/s", "÷ SHA-256 twice", "states"], rows);
    }

    private static void HashTwice(byte[] log)
    {
        Span<byte> hash = stackalloc byte[32];
        for (var at = 0; at < log.Length; at += ChunkBytes)
        {
            SHA256.HashData(log.AsSpan(at, ChunkBytes), hash);
            SHA256.HashData(log.AsSpan(at, ChunkBytes), hash);
        }
    }

    private static void Scrub(MaskAutomaton masks, byte[] log)
    {
        var scrubber = new LogScrubber(masks);
        var output = new ArrayBufferWriter<byte>(2 * ChunkBytes);
        for (var at = 0; at < log.Length; at += ChunkBytes)
        {
            output.ResetWrittenCount();
            scrubber.Write(log.AsSpan(at, ChunkBytes), output);
        }

        scrubber.Flush(output);
    }

    /// <returns>Nanoseconds.</returns>
    private static double Time(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started).TotalNanoseconds;
    }

    /// <summary>As tokens and passwords are made: 20 to 40 characters of the base64 alphabet.</summary>
    private static string Mask(int number) =>
        Convert.ToBase64String(SHA256.HashData(BitConverter.GetBytes(number + 7_000_000)))[..(20 + (number % 21))];

    private static byte[] LogText()
    {
        var text = new StringBuilder();
        for (var line = 0; text.Length < ChunkBytes * Chunks; line++)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(line)));
            text.Append((line % 4) switch
            {
                0 => string.Create(CultureInfo.InvariantCulture, $"[{line % 999:000}/999] Compiling src/module_{line % 17}/{hash[..8]}.c -> build/{hash[..24]}.o\n"),
                1 => string.Create(CultureInfo.InvariantCulture, $"2026-11-25T10:{line % 60:00}:00Z INFO  worker[{line % 31}]: request GET /api/v1/items/{line} took {line % 977} ms\n"),
                2 => string.Create(CultureInfo.InvariantCulture, $"    at Example.Service.Handlers.OrderHandler.HandleAsync(OrderRequest request) in /src/Handlers/Order.cs:line {line % 400}\n"),
                _ => string.Create(CultureInfo.InvariantCulture, $"npm WARN deprecated package-{line % 300}@{line % 9}.{line % 13}.0: this version is no longer supported\n"),
            });
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, ChunkBytes * Chunks));
    }
}
