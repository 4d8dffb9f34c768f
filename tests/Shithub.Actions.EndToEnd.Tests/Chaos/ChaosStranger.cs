using System.Globalization;
using System.Net;
using Shithub.Actions.Testing;
using Xunit;

namespace Shithub.Actions.EndToEnd.Tests.Chaos;

/// <summary>
/// Somebody without write access who proposes changes while servers die, and the maintainer who lets their runs go. Everything goes through
/// the proxy and is repeated until an answer arrives.
/// </summary>
internal sealed class ChaosStranger(ControlPlane plane, ProtocolClient client, Uri proxy, string token, Ledger ledger, Random random) : IDisposable
{
    public const string Name = "stranger";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly GitClient _git = new();

    /// <summary>Forks the repository, and puts a branch for each pull request there that comes as <c>POST …/pulls</c>.</summary>
    public async Task PrepareAsync(string repository, int pulls)
    {
        await plane.AdminAsync("repo", "fork", repository, Name);
        await _git.RunAsync("clone", "--quiet", GitClient.Url(plane.Url(0), $"{repository}.git", token), ".");
        for (var pull = 0; pull < pulls; pull++)
        {
            await _git.RunAsync("checkout", "--quiet", "-B", Branch(pull), "origin/trunk");
            await _git.CommitAsync(".shithub/workflows/chaos.yml", ChaosTests.Workflow + $"# {pull}\n", $"Change {pull}");
        }

        await _git.RunAsync("push", "--quiet", GitClient.Url(plane.Url(0), $"{Name}/{repository.Split('/')[1]}.git", token), "--all");
    }

    /// <summary>One pull request after the other, each from its opening to the approval of its run.</summary>
    public async Task RunAsync(string repository, int pulls)
    {
        for (var pull = 0; pull < pulls; pull++)
        {
            if (pull % 2 == 0)
                await OpenAsync(repository, pull);
            else
                await PushAsync(repository, pull);
            var head = await _git.RunAsync("rev-parse", Branch(pull));
            var run = await WaitingRunAsync(repository, head);
            // Sometimes the approval comes while the pull request moves on: it holds for what was looked at, or not at all.
            if (pull % 2 == 1 && random.Next(2) == 0)
            {
                var approving = ApproveAsync(run, head);
                await _git.RunAsync("checkout", "--quiet", Branch(pull));
                var moved = await _git.CommitAsync("README.md", $"Moved {pull}\n", $"Change {pull}, better");
                await PushAsync(repository, pull);
                await approving;
                (head, run) = (moved, await WaitingRunAsync(repository, moved));
            }

            Assert.True(await ApproveAsync(run, head), $"Run {run} of the latest commit was not approved.");
        }
    }

    public void Dispose() => _git.Dispose();

    private static string Branch(int pull) => string.Create(CultureInfo.InvariantCulture, $"change-{pull}");

    private async Task OpenAsync(string repository, int pull)
    {
        var (status, answer) = await client.PostAsync(
            $"/api/v1/repos/{repository}/pulls", token, new { title = $"Change {pull}", head = $"{Name}:{Branch(pull)}", @base = "trunk" });
        Assert.True(status == HttpStatusCode.Created, $"{status}: {answer}");
    }

    /// <summary>git does not repeat what it lost the answer to; pushing the same again is harmless.</summary>
    private Task PushAsync(string repository, int pull) => LiveSystem.UntilAsync(
        $"change {pull} is pushed",
        async () =>
        {
            var (code, _, error) = await _git.TryAsync(
                "push", "--quiet", GitClient.Url(proxy, $"{repository}.git", token), $"{Branch(pull)}:refs/for/trunk/{Branch(pull)}");
            Assert.False(error.Contains("[remote rejected]", StringComparison.Ordinal), error);
            return code == 0;
        },
        Patience);

    private async Task<long> WaitingRunAsync(string repository, string head)
    {
        long found = 0;
        await LiveSystem.UntilAsync(
            $"a run of {head} waits",
            async () =>
            {
                if (await client.GetAsync($"/api/v1/repos/{repository}/runs?head_sha={head}", plane.Token) is not { } answer) return false;
                foreach (var run in answer.GetProperty("runs").EnumerateArray())
                {
                    Assert.Equal("pull_request", run.GetProperty("event").GetString());
                    Assert.Equal("untrusted", run.GetProperty("trust").GetString());
                    found = run.GetProperty("id").GetInt64();
                }

                return found != 0;
            },
            Patience);
        ledger.Untrusted(found);
        return found;
    }

    /// <returns>False: refused, since the pull request has moved on.</returns>
    private async Task<bool> ApproveAsync(long run, string head)
    {
        var (status, answer) = await client.PostAsync($"/api/v1/runs/{run}/approve", plane.Token, new { head_sha = head });
        if (status == HttpStatusCode.Conflict) return false;
        Assert.True(status == HttpStatusCode.OK, $"{status}: {answer}");
        var approval = answer!.Value;
        Assert.Equal(ControlPlane.User, approval.GetProperty("approved_by").GetString());
        ledger.Approved(run, head, approval.GetProperty("approved_at").GetDateTimeOffset());
        return true;
    }
}
