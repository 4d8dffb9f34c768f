using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Shithub.Actions.Bench;

/// <summary>Log chunks of 4 KiB per second: over HTTP with its tokens, beside pgbench with the two inserts that no append can do without.</summary>
internal sealed class LogBenchmark(Cluster cluster, ServerProcess server, FilledQueue queue)
{
    private const int Rounds = 2;
    private const int WarmUpChunks = 1000;
    private const int ChunkBytes = 4096;
    private const string CountChunks = "select count(*) from workflow_step_log_chunks";

    private static readonly (int Clients, int Chunks)[] Sizes = [(1, 500), (8, 500), (16, 500)];

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
        var jobs = new (long Job, long Step)[clients];
        return Load.Run(
            clients,
            chunks,
            client =>
            {
                var connection = new WireConnection(server.BaseUrl);
                using var claim = JsonDocument.Parse(
                    connection.Post("/api/v1/runners/heartbeat", FilledQueue.Token(client + 1), "", ClaimBenchmark.Message()));
                var job = claim.RootElement.GetProperty("job");
                jobs[client] = (job.GetProperty("id").GetInt64(), job.GetProperty("steps")[2].GetProperty("id").GetInt64());
                connection.State = claim.RootElement.GetProperty("token").GetString()!;
                return connection;
            },
            (connection, client, number) =>
            {
                var (job, step) = jobs[client];
                var answer = connection.Post(
                    string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{job}/logs"),
                    connection.State,
                    $"Idempotency-Key: {Guid.NewGuid()}\r\n",
                    string.Create(CultureInfo.InvariantCulture, $$"""{"seq":{{number}},"chunk":"{{EncodedChunk}}","step_id":{{step}}}"""));
                connection.State = NextToken(answer);
            },
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
