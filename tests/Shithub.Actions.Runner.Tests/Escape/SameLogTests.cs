using System.Text.RegularExpressions;
using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Escape;

/// <summary>One workflow on both engines.</summary>
public sealed partial class SameLogTests(EscapePodman podman, EscapeDocker docker) : IClassFixture<EscapePodman>, IClassFixture<EscapeDocker>
{
    [Fact]
    public async Task The_same_workflow_gives_the_same_log_on_docker_and_podman_but_for_ids()
    {
        var (one, other) = (await RunAsync(podman), await RunAsync(docker));

        Assert.Contains("::group::", one.Replace("##[group]", "::group::", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("failed with exit code 3", one, StringComparison.Ordinal);
        Assert.Equal(one, other);
    }

    private static async Task<string> RunAsync(EscapeEngine engine)
    {
        var job = engine.Server.Enqueue(
            job => job,
            FakeServer.Script("echo '::group::One'; id; env | sort | grep -E '^(HOME|CI|GITHUB_REF|RUNNER_OS|PATH)='; pwd; echo '::endgroup::'"),
            FakeServer.Script("echo value=1 >> $GITHUB_OUTPUT; echo A=b >> $GITHUB_ENV; echo /opt >> $GITHUB_PATH; echo '# Hello' >> $GITHUB_STEP_SUMMARY"),
            FakeServer.Script("echo $A; echo ${PATH%%:*}; echo '::warning file=a.c,line=3::Careful'; echo '::add-mask::hidden'; echo hidden; echo err >&2"),
            FakeServer.Script("ulimit -c; ls -ld . $HOME /tmp; stat -fc %T $HOME; touch /x", mayFail: true),
            FakeServer.Script("echo last; exit 3"),
            FakeServer.Script("echo never"));
        var conclusion = await job.ConclusionAsync();
        var steps = Enumerable.Range(0, job.Job.Steps.Count).Select(step => $"--- {job.Step(step)} {job.Summary(step)}\n{job.Log(step)}");
        var notes = job.Annotations.Select(note => note.ToString());
        return Ids().Replace(string.Join('\n', [conclusion, job.Log(null), .. steps, .. notes]), "<id>");
    }

    /// <summary>Digests and container ids; the engine and its version; the test's network; the date of a folder.</summary>
    [GeneratedRegex(@"(sha256:)?[0-9a-f]{12,64}|(Docker|Podman) [0-9][0-9A-Za-z.+~-]*|network (shithub-test-|st)[0-9a-f]{8}|[A-Z][a-z]{2} +[0-9]+ [0-9:]{5}")]
    private static partial Regex Ids();
}
