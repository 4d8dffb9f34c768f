using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Shithub.Actions.Bench;

/// <summary>Log chunks of 4 KiB per second: over HTTP with its tokens, beside pgbench with the two inserts that no append can do without.</summary>
internal sealed class LogBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Rounds = 2;

    /// <summary>Of each of 16 clients. The runtime compiles what is used much a second time, and then once more, for some ten seconds.</summary>
    private const int WarmUpChunks = 5000;

    private const int ChunkBytes = 4096;
    private const string CountChunks = "select count(*) from workflow_step_log_chunks";

    private static readonly (int Clients, int Chunks)[] Sizes = [(1, 1000), (8, 1000), (16, 1000)];

    private static readonly string Chunk = LogText();
    private static readonly string EncodedChunk = Convert.ToBase64String(Encoding.ASCII.GetBytes(Chunk));

    private static readonly string Script = $"""
        \set seq :seq + 1
        """ + "\n" + PgBench.Batch(
        """
        insert into runner_jwt_used (jti, job_id, attempt, idempotency_key, request_hash, next_jti, next_expires)
        values (gen_random_uuid(), :client_id + 1, 1, gen_random_uuid()::text, sha256(int8send(:seq)), gen_random_uuid(), 0);

        """,
        $"""
        insert into workflow_step_log_chunks (job_id, attempt, step_id, seq, chunk, sent_hash)
        values (:client_id + 1, 1, 1, :seq, convert_to('{Chunk}', 'UTF8'), sha256(int8send(:seq)));

        """);

    public async Task<Table> RunAsync(CancellationToken cancellation)
    {
        Run.Say("logs: warming up");
        await queue.RefillAsync(cancellation);
        Append(16, WarmUpChunks, cancellation);

        var rows = new List<IReadOnlyList<string>>();
        foreach (var (clients, chunks) in Sizes)
        {
            var (http, inserts) = (new Latencies(), new Latencies());
            for (var round = 1; round <= Rounds; round++)
            {
                Run.Say($"logs: {clients} jobs at once, round {round} of {Rounds}");
                await MeasureAsync(http, clients * chunks, () => Task.FromResult(Append(clients, chunks, cancellation)), cancellation);
                await MeasureAsync(inserts, clients * chunks, () => PgBench.RunAsync(cluster, Script, clients, chunks, cancellation), cancellation);
            }

            rows.Add([
                $"{clients}",
                Table.Number(http.PerSecond), Table.Number(http.Median, 1), Table.Number(http.P95, 1),
                Table.Number(inserts.PerSecond), Table.Number(inserts.Median, 1), Table.Number(inserts.P95, 1),
                Table.Number(http.PerSecond / inserts.PerSecond, 2),
            ]);
        }

        return new Table(
            "Log chunks of 4 KiB: `POST /api/v1/jobs/{id}/logs` beside pgbench inserting the chunk and the spent token in one transaction",
            ["jobs", "HTTP chunks/s", "p50 ms", "p95 ms", "pgbench/s", "p50 ms", "p95 ms", "HTTP ÷ pgbench"],
            rows);
    }

    private async Task MeasureAsync(
        Latencies latencies, int chunks, Func<Task<(double[] Milliseconds, double Seconds)>> measure, CancellationToken cancellation)
    {
        await queue.RefillAsync(cancellation);
        var (milliseconds, seconds) = await measure();
        await queue.ExpectAsync(CountChunks, chunks, cancellation);
        latencies.Add(milliseconds, seconds);
    }

    private (double[] Milliseconds, double Seconds) Append(int clients, int chunks, CancellationToken cancellation)
    {
        var jobs = new (string Path, long Step, byte[] Body)[clients];
        return Load.RunOnFewThreads(
            clients,
            chunks,
            client =>
            {
                var connection = new WireConnection(server);
                using var claim = JsonDocument.Parse(
                    connection.Post("/api/v1/runners/heartbeat", FilledQueue.Token(client + 1), "", ClaimBenchmark.Message()));
                var job = claim.RootElement.GetProperty("job");
                jobs[client] = (
                    string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{job.GetProperty("id").GetInt64()}/logs"),
                    job.GetProperty("steps")[2].GetProperty("id").GetInt64(),
                    new byte[EncodedChunk.Length + 128]);
                connection.State = claim.RootElement.GetProperty("token").GetString()!;
                return connection;
            },
            (connection, client, number) =>
            {
                var (path, step, body) = jobs[client];
                Utf8.TryWrite(
                    body, CultureInfo.InvariantCulture, $$"""{"seq":{{number}},"chunk":"{{EncodedChunk}}","step_id":{{step}}}""", out var length);
                connection.SendPost(path, connection.State, $"Idempotency-Key: {Guid.NewGuid()}\r\n", body.AsSpan(0, length));
            },
            (connection, _) => connection.State = NextToken(connection.ReceiveAnswer()),
            cancellation);
    }

    private static string NextToken(string answer)
    {
        const string Before = "\"next_token\":\"";
        var start = answer.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return answer[start..answer.IndexOf('"', start)];
    }

    /// <summary>Lines such as a build writes: they compress, but not to nothing.</summary>
    private static string LogText()
    {
        var text = new StringBuilder();
        for (var line = 0; text.Length < ChunkBytes; line++)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(line)));
            text.Append(CultureInfo.InvariantCulture, $"[{line:000}/120] compiling src/module_{line % 17}.c -> build/{hash[..24]}.o\n");
        }

        return text.ToString(0, ChunkBytes);
    }
}
