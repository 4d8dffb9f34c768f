using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Jobs;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>Whatever comes in, the answer is the caller's success or the caller's mistake, never the server's.</summary>
public sealed class RandomBodiesTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly string[] Names =
    [
        "seq", "chunk", "step_id", "status", "conclusion", "started_at", "completed_at", "labels", "capacity", "host_name", "version",
        "claim_id", "wait_seconds", "lease_seconds", "leases", "job_id", "attempt", "cancel_seen", "unknown", "",
    ];

    private static readonly string[] Leaves =
    [
        "null", "true", "false", "0", "1", "-1", "7", "60", "0.5", "1e3", "2147483647", "2147483648", "-9223372036854775808",
        "9223372036854775807", "1e400", "\"\"", "\"running\"", "\"completed\"", "\"success\"", "\"cancelled\"", "\"skipped\"",
        "\"aGVsbG8=\"", "\"a G V\\ns bG8=\"", "\"====\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"ü€😀\"",
        "\"2026-11-21T07:00:00Z\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.9999999+00:00\"", "\"2026-11-21T07:00:00+14:00\"",
        "{}", "[]", "[null]", "[[[[]]]]", "{\"a\":{}}",
    ];

    private readonly TestServer _server = shared.Server;

    [Fact]
    public async Task Random_JSON_never_breaks_the_server()
    {
        var leaf = Gen.Elements(Leaves);
        var member = Gen.Elements(Names).SelectMany(name => leaf, (name, value) => $"{JsonSerializer.Serialize(name)}:{value}");
        var flat = Gen.ListOf(member).Select(members => $"{{{string.Join(',', members)}}}");
        var nested = Gen.Elements(Names).SelectMany(name => Gen.ListOf(flat), (name, items) => $"{{\"{name}\":[{string.Join(',', items)}]}}");
        await CheckAsync(Gen.Frequency((6, flat), (2, nested), (1, leaf)).Select(Encoding.UTF8.GetBytes), 600);
    }

    [Fact]
    public async Task Random_bytes_and_broken_JSON_never_break_the_server()
    {
        const string Good = """{"seq":0,"chunk":"aGk=","status":"running","labels":["a"],"host_name":"h","leases":[{"job_id":1,"attempt":1}]}""";
        var random = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
        var broken = Gen.Choose(0, Good.Length - 1).SelectMany(_ => Gen.Choose(0, 255), (at, value) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Good);
            bytes[at] = (byte)value;
            return bytes;
        });
        var cut = Gen.Choose(0, Good.Length).Select(length => Encoding.UTF8.GetBytes(Good[..length]));
        await CheckAsync(Gen.OneOf(random, broken, cut), 400);
    }

    [Fact]
    public void What_is_valid_base64_can_be_decoded()
    {
        var text = Gen.Elements('A', 'Q', 'z', '/', '+', '9', '=', ' ', '\n', '\r', '\t', '-', 'ü', '\0').ArrayOf().Select(chars => new string(chars));
        Prop.ForAll(text.ToArbitrary(), chunk =>
        {
            var (decoded, problem) = JobRequests.CheckLog(new AppendLogRequest(0, chunk));
            return decoded is null != problem is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    [Fact]
    public void A_log_request_is_read_the_same_with_and_without_a_string_of_its_chunk()
    {
        // Written as JSON, '+' and what is beyond ASCII are escaped or not.
        var encoders = Gen.Elements(JavaScriptEncoder.Default, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        var texts = Gen.OneOf(
            Gen.Elements('A', 'Q', 'z', '/', '+', '9', '=', ' ', '\n', '-', 'ü').ArrayOf().Select(chars => new string(chars)),
            Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Select(bytes => Convert.ToBase64String(bytes)),
            Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Select(bytes => Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks) + " "));
        Prop.ForAll(encoders.SelectMany(_ => texts, (encoder, text) => (encoder, text)).ToArbitrary(), sent =>
        {
            var quick = ReadLogRequest.TryRead(Encoding.UTF8.GetBytes(
                $$"""{"seq":3,"chunk":"{{JsonEncodedText.Encode(sent.text, sent.encoder)}}","step_id":4}"""));
            var (general, _) = JobRequests.CheckLog(new AppendLogRequest(3, sent.text, 4));
            return quick is null
                ? general is null
                : general is not null && quick.Chunk.AsSpan().SequenceEqual(general.Chunk) && (quick.Seq, quick.StepId) == (3, 4L);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    private async Task CheckAsync(Gen<byte[]> bodies, int count)
    {
        var pool = await Pool.CreateAsync(_server);
        JobCalls? job = null;
        var test = Gen.Choose(0, 5).SelectMany(_ => bodies, (endpoint, body) => (Endpoint: endpoint, Body: body)).ToArbitrary();
        await Task.Run(() => Prop.ForAll(test, sent => SendAsync(sent.Endpoint, sent.Body).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(count)));

        async Task<bool> SendAsync(int endpoint, byte[] body)
        {
            job ??= await pool.ClaimAsync();
            var (path, token) = endpoint switch
            {
                0 => ("/api/v1/runners/heartbeat", job.Runner.Token),
                1 => ("/api/v1/runners/leases", job.Runner.Token),
                2 => ($"/api/v1/jobs/{job.Job.Id}/logs", job.Token),
                3 => ($"/api/v1/jobs/{job.Job.Id}/status", job.Token),
                4 => ($"/api/v1/jobs/{job.Job.Id}/steps/{job.Job.Steps[0].Id}/status", job.Token),
                _ => ($"/api/v1/jobs/{job.Job.Id}/cancel-check", job.Token),
            };
            // No test waits for the server to have nothing to say.
            if (endpoint < 2 && Encoding.UTF8.GetString(body).Contains("wait_seconds", StringComparison.Ordinal))
                return true;
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            var answer = await Answer.PostAsync(_server.Client, path, token, content);
            if (endpoint >= 2 && answer.Status == HttpStatusCode.OK)
            {
                if (answer.NextToken is { } next)
                    job.Token = next;
                else
                    job = null;
            }

            var isProblem = (int)answer.Status is >= 400 and < 500 && answer.ContentType == "application/problem+json";
            return answer.Status is HttpStatusCode.OK or HttpStatusCode.NoContent || isProblem;
        }
    }
}
