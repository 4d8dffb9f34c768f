using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Npgsql;
using Shithub.Actions.Protocol.LogScrubbing;
using Shithub.Actions.Server.Access;
using Shithub.Actions.Server.Queue;
using Shithub.Actions.Server.Tests.Protocol;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Logs;

/// <summary>
/// For random secrets and a job's own tokens, encodings, cuts and interleavings, sent by a runner that hides nothing: no byte sequence of any table, no log, page
/// or metric has one, and the logs are, but for the stars, what was sent. A failure names the seed; SHITHUB_TEST_SEED runs it again.
/// </summary>
public sealed class NoSecretIsStoredTests(SecretJobs jobs) : IClassFixture<SecretJobs>
{
    private const int Scenarios = 15;

    private static readonly (string Name, Func<string, string> Encode)[] Encodings =
    [
        ("plain", value => value),
        ("base64", value => Convert.ToBase64String(Encoding.UTF8.GetBytes(value)).TrimEnd('=')),
        ("base64 of a longer text", value => Convert.ToBase64String(Encoding.UTF8.GetBytes($"u:{value}:v"))),
        ("base64url of a longer text", value => Convert.ToBase64String(Encoding.UTF8.GetBytes($"user{value}\n")).Replace('+', '-').Replace('/', '_')),
        ("percent", Uri.EscapeDataString),
        ("form", value => WebUtility.UrlEncode(value)!),
        ("json", value => JsonSerializer.Serialize(value)[1..^1]),
        ("single quotes", value => $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'"),
    ];

    // Letters of secrets are not those of other text, so that nothing is found by chance.
    private static readonly Gen<string> Line =
        from letters in Gen.ListOf(Gen.Elements("abcdefghijkmABCDEFGHIJK+/ '\"\\$&%=é€".ToCharArray())).Resize(24).Where(list => list.Count >= 3)
        from core in Gen.ArrayOf(Gen.Elements("abcdefghijkmABCDEFGHIJK".ToCharArray()), 10)
        select $"k{string.Concat(core)}{string.Concat(letters)}k";

    private static readonly Gen<string> Secret = Gen.Frequency(
        (4, Line),
        (1, from lines in Gen.ListOf(Line).Resize(4).Where(list => list.Count >= 2) select string.Join("\n", lines)));

    private static readonly Gen<Piece> Pieces =
        from secret in Gen.Choose(0, 99)
        from encoding in Gen.Choose(0, Encodings.Length - 1)
        from filler in Gen.ListOf(Gen.Elements("0123 .;\n".ToCharArray())).Resize(30)
        from stream in Gen.Choose(0, 2)
        select new Piece(secret, encoding, string.Concat(filler), stream);

    private static readonly Gen<Scenario> Scenes =
        from secrets in Gen.ListOf(Secret).Resize(5).Where(list => list.Count > 0)
        from pieces in Gen.ListOf(Pieces).Resize(20).Where(list => list.Count > 0)
        from cuts in Gen.ListOf(Gen.Choose(1, 25)).Resize(40).Where(list => list.Count > 0)
        from ending in Gen.Choose(0, 2)
        from order in Gen.Choose(0, int.MaxValue - 1)
        select new Scenario([.. secrets.Distinct()], [.. pieces], [.. cuts], ending, order);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_secret_is_stored_or_shown_however_it_is_sent()
    {
        var seed = Environment.GetEnvironmentVariable("SHITHUB_TEST_SEED") is { } given
            ? ulong.Parse(given, CultureInfo.InvariantCulture)
            : (ulong)Random.Shared.NextInt64();
        TestContext.Current.TestOutputHelper?.WriteLine($"SHITHUB_TEST_SEED={seed}");
        var scenes = Gen.Sample(Scenes, Scenarios, new Rnd(seed), 50);
        var forbidden = new HashSet<string>(StringComparer.Ordinal);
        var owners = new List<(string Owner, string Token)>();
        foreach (var scene in scenes)
            owners.Add(await RunAsync(scene, forbidden, seed));

        var needles = forbidden.Select(Encoding.UTF8.GetBytes).ToList();
        await foreach (var (place, bytes) in EverythingStoredAsync())
            Check(place, bytes, needles, seed);
        Check("/metrics", await jobs.First.Client.GetByteArrayAsync(new Uri("/metrics", UriKind.Relative), Cancellation), needles, seed);
        foreach (var (owner, token) in owners)
        {
            var session = (await jobs.First.Get<Sessions>().CreateAsync(token, Cancellation))!.Cookie;
            foreach (var page in (string[])["/actions/runs/1", "/actions"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/{owner}/hello{page}");
                request.Headers.Add("Cookie", session.Contains('=', StringComparison.Ordinal) ? session : $"shithub_session={session}");
                using var response = await jobs.First.Client.SendAsync(request, Cancellation);
                Check(page, await response.Content.ReadAsByteArrayAsync(Cancellation), needles, seed);
                if (page.EndsWith('1'))
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }
    }

    private async Task<(string Owner, string Token)> RunAsync(Scenario scene, HashSet<string> forbidden, ulong seed)
    {
        var (pool, job) = await jobs.ClaimAsync(scene.Secrets);
        var random = new Random(scene.Order);
        // What the claim carries besides, for no job is known to keep its hands off them.
        string[] values = [.. scene.Secrets, job.Job.CheckoutToken, job.Token];
        long?[] streams = [null, job.Job.Steps[0].Id, job.Job.Steps[1].Id];
        var sent = streams.Select(_ => new MemoryStream()).ToArray();
        foreach (var piece in scene.Pieces)
        {
            var secret = values[piece.Secret % values.Length];
            var encoded = Encodings[piece.Encoding].Encode(secret);
            sent[piece.Stream].Write(Encoding.UTF8.GetBytes(piece.Filler + encoded));
            Forbid(secret, encoded, piece.Encoding, forbidden);
        }

        var left = sent.Select(stream => stream.ToArray()).ToArray();
        var (place, seq) = (new int[3], new int[3]);
        for (var call = 0; Enumerable.Range(0, 3).Any(stream => place[stream] < left[stream].Length); call++)
        {
            var stream = random.Next(3);
            var length = Math.Min(scene.Cuts[call % scene.Cuts.Length], left[stream].Length - place[stream]);
            if (length == 0)
                continue;
            var chunk = left[stream].AsSpan(place[stream], length).ToArray();
            var token = job.Token;
            (await jobs.LogAsync(job, seq[stream], chunk, streams[stream], Any(random), key: "one")).MustBe(HttpStatusCode.OK);
            if (random.Next(4) == 0)
            {
                job.Token = token;
                (await jobs.LogAsync(job, seq[stream], chunk, streams[stream], Any(random), key: "one")).MustBe(HttpStatusCode.OK);
            }

            if (random.Next(6) == 0)
                (await jobs.LogAsync(job, seq[stream], chunk, streams[stream], Any(random))).MustBe(HttpStatusCode.OK);
            place[stream] += length;
            seq[stream]++;
        }

        await EndAsync(pool, job, scene, values);
        for (var stream = 0; stream < 3; stream++)
        {
            var expected = Scrub(values, left[stream]);
            Assert.True(
                expected == Encoding.UTF8.GetString(await jobs.StoredAsync(job.Job.Id, streams[stream])),
                $"SHITHUB_TEST_SEED={seed}: log {stream} of job {job.Job.Id} is not what was sent, without the secrets");
        }

        return (pool.Owner, pool.AccessToken);
    }

    private async Task EndAsync(Pool pool, JobCalls job, Scenario scene, string[] values)
    {
        switch (scene.Ending)
        {
            case 0:
                await pool.ExpireLeaseAsync(job.Job.Id);
                await jobs.Second.Get<JobRescuer>().SweepAsync(Cancellation);
                break;
            case 1:
                foreach (var step in (int[])[0, 1])
                    (await job.CallAsync(EndStep(step, scene, values))).MustBe(HttpStatusCode.OK);
                goto default;
            default:
                var outputs = values.Select((secret, index) => ($"o{index}", $"0 {secret} 1")).Append(("plain", "1"))
                    .ToDictionary(output => output.Item1, output => output.Item2);
                var body = JsonSerializer.Serialize(new { status = "completed", conclusion = "success", outputs });
                (await job.CallAsync(new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/status", _ => body))).MustBe(HttpStatusCode.OK);
                break;
        }
    }

    /// <summary>A step that leaves every piece of the scene, as it was encoded, in whatever else than a log a step leaves.</summary>
    private static WireCall EndStep(int step, Scenario scene, string[] values)
    {
        var texts = scene.Pieces.Select(piece => Encodings[piece.Encoding].Encode(values[piece.Secret % values.Length])).ToList();
        var annotations = texts.Take(9).Select(text => new
        {
            level = "error",
            message = $"0 {text} 1",
            title = $"0 {text} 1"[..Math.Min(255, text.Length + 4)],
            file = $"0/{text}/1",
            line = 1,
        });
        var body = JsonSerializer.Serialize(new { status = "completed", conclusion = "success", annotations, summary = string.Join("\n0\n", texts) });
        return new WireCall(claimed => $"/api/v1/jobs/{claimed.Id}/steps/{claimed.Steps[step].Id}/status", _ => body);
    }

    /// <summary>What must be found nowhere: the secret, its lines, and what was sent of it.</summary>
    private static void Forbid(string secret, string encoded, int encoding, HashSet<string> forbidden)
    {
        forbidden.Add(secret);
        forbidden.UnionWith(secret.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 8));
        // Of a longer text in base64 only the characters that are the secret's alone.
        var name = Encodings[encoding].Name;
        if (name.StartsWith("base64", StringComparison.Ordinal) && name != "base64")
        {
            var before = name == "base64 of a longer text" ? 2 : 4;
            var bytes = Encoding.UTF8.GetByteCount(secret);
            forbidden.Add(encoded[(((before * 8) + 5) / 6)..((before + bytes) * 8 / 6)]);
        }
        else
        {
            forbidden.Add(encoded.Trim('\''));
        }
    }

    private static string Scrub(string[] values, byte[] text)
    {
        // Line by line is what a claim gives too.
        var scrubber = new LogScrubber(values);
        var shown = new System.Buffers.ArrayBufferWriter<byte>();
        scrubber.Write(text, shown);
        scrubber.Flush(shown);
        return Encoding.UTF8.GetString(shown.WrittenSpan);
    }

    private static void Check(string place, byte[] bytes, List<byte[]> needles, ulong seed)
    {
        foreach (var needle in needles)
        {
            Assert.True(
                bytes.AsSpan().IndexOf(needle) < 0,
                $"SHITHUB_TEST_SEED={seed}: {place} has {JsonSerializer.Serialize(Encoding.UTF8.GetString(needle))}");
        }
    }

    /// <summary>Every value of every column that can hold text or bytes, and every log in one piece.</summary>
    private async IAsyncEnumerable<(string Place, byte[] Bytes)> EverythingStoredAsync()
    {
        const string Columns = """
            select table_name, column_name, data_type
            from information_schema.columns
            where table_schema = 'public' and data_type in ('text', 'bytea', 'json', 'jsonb', 'ARRAY', 'character varying')
            """;
        var source = jobs.First.Database.DataSource;
        var columns = new List<(string Table, string Column, string Type)>();
        await using (var command = source.CreateCommand(Columns))
        {
            await using var reader = await command.ExecuteReaderAsync(Cancellation);
            while (await reader.ReadAsync(Cancellation))
                columns.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        }

        Assert.Contains(("workflow_step_log_chunks", "chunk", "bytea"), columns);
        var queries = columns.Select(column => (
            $"{column.Table}.{column.Column}",
            column.Type == "bytea"
                ? $"select \"{column.Column}\" from \"{column.Table}\" where \"{column.Column}\" is not null"
                : $"select convert_to(\"{column.Column}\"::text, 'UTF8') from \"{column.Table}\" where \"{column.Column}\" is not null"))
            .Append((
                "a whole log",
                "select string_agg(chunk, ''::bytea order by seq) from workflow_step_log_chunks group by job_id, attempt, step_id"));
        foreach (var (place, query) in queries)
        {
            await using var command = new NpgsqlCommand(query, await source.OpenConnectionAsync(Cancellation));
            await using var connection = command.Connection;
            await using var reader = await command.ExecuteReaderAsync(Cancellation);
            while (await reader.ReadAsync(Cancellation))
                yield return (place, reader.GetFieldValue<byte[]>(0));
        }
    }

    private TestServer Any(Random random) => random.Next(2) == 0 ? jobs.First : jobs.Second;

    private sealed record Piece(int Secret, int Encoding, string Filler, int Stream);

    private sealed record Scenario(string[] Secrets, Piece[] Pieces, int[] Cuts, int Ending, int Order);
}
