using System.Net;
using System.Text;
using System.Text.Json;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// A runner that says what a runner says and runs nothing, so that hundreds of jobs pass while servers die. Where the protocol forbids an
/// answer, it throws.
/// </summary>
internal sealed class ChaosRunner(ProtocolClient client, string token, Ledger ledger, Random random)
{
    public async Task RunAsync(CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            // As the real one: the claim's own id, so that a claim whose answer is lost is found again.
            var claimId = Guid.NewGuid().ToString("N");
            var (status, claim) = await client.PostAsync(
                "/api/v1/runners/heartbeat", token, new { claim_id = claimId, wait_seconds = 1, lease_seconds = 20 });
            if (status == HttpStatusCode.OK)
                await RunJobAsync(claim!.Value);
            else if (status is not (HttpStatusCode.NoContent or HttpStatusCode.Conflict))
                throw new InvalidOperationException($"A heartbeat was answered with {status}: {claim}");
        }
    }

    private async Task RunJobAsync(JsonElement claim)
    {
        var job = claim.GetProperty("job");
        var id = job.GetProperty("id").GetInt64();
        var attempt = job.GetProperty("attempt").GetInt32();
        ledger.Claimed(
            job.GetProperty("run_id").GetInt64(), job.GetProperty("event").GetString()!,
            claim.ToString().Contains(ChaosTests.Secret, StringComparison.Ordinal), job.GetProperty("mask_values").GetArrayLength());
        var jobToken = claim.GetProperty("token").GetString()!;
        foreach (var step in job.GetProperty("steps").EnumerateArray())
        {
            var stepId = step.GetProperty("id").GetInt64();
            if (!await CallAsync($"steps/{stepId}/status", new { status = "running" })) return;
            var chunks = random.Next(0, 5);
            for (var seq = 0; seq < chunks; seq++)
            {
                var chunk = Encoding.UTF8.GetBytes(new string((char)('a' + random.Next(26)), random.Next(1, 3000)) + "\n");
                if (!await CallAsync("logs", new { seq, chunk = Convert.ToBase64String(chunk), step_id = stepId })) return;
                ledger.Appended(id, attempt, stepId, seq, chunk);
            }

            if (!await CallAsync($"steps/{stepId}/status", new { status = "completed", conclusion = "success" })) return;
            ledger.StepEnded(stepId, "success");
        }

        var conclusion = random.Next(5) == 0 ? "failure" : "success";
        if (await CallAsync("status", new { status = "completed", conclusion }))
            ledger.JobEnded(id, attempt, conclusion);

        // False: the attempt is over.
        async Task<bool> CallAsync(string path, object body)
        {
            var (status, answer) = await client.PostAsync($"/api/v1/jobs/{id}/{path}", jobToken, body);
            if (status == HttpStatusCode.Conflict) return false;
            if (status != HttpStatusCode.OK)
                throw new InvalidOperationException($"Job {id}, attempt {attempt}, {path}: {status}: {answer}");
            ledger.Accepted();
            if (answer!.Value.TryGetProperty("next_token", out var next) && next.ValueKind == JsonValueKind.String)
                jobToken = next.GetString()!;
            return true;
        }
    }
}
