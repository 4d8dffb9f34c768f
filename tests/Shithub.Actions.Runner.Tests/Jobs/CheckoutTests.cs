using Shithub.Actions.Runner.Tests.Fake;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Jobs;

public sealed class CheckoutTests(SharedRunner shared) : IClassFixture<SharedRunner>
{
    private TestRepository Repository => shared.Repository;

    [Fact]
    public async Task The_runs_commit_is_in_the_workspace_on_its_branch_and_the_log_names_repository_and_commit()
    {
        var job = Enqueue(
            Repository.First,
            FakeServer.Checkout(),
            FakeServer.Script("cat README.md; git status --short --branch | head -1; git rev-parse HEAD; echo more >> README.md"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal($"first\n## trunk...origin/trunk\n{Repository.First}\n", job.Log(1));
        Assert.Contains($"{shared.Server.BaseUrl}git/demo/hello.git\n", job.Log(0), StringComparison.Ordinal);
        Assert.Contains(Repository.First, job.Log(0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_neither_in_the_workspace_nor_where_a_step_can_see_it()
    {
        var job = Enqueue(
            Repository.Second,
            FakeServer.Checkout(),
            FakeServer.Script(
                $"grep -r '{GitHttp.Token[..^2]}' /github/workspace /github/home /proc/[0-9]*/environ 2>/dev/null || true; env; git config --list"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.DoesNotContain(GitHttp.Token[..^2], job.Log(1), StringComparison.Ordinal);
        Assert.DoesNotContain("extraheader", job.Log(1), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_ref_and_a_path_and_a_depth_can_be_asked_for()
    {
        var job = Enqueue(
            Repository.Second,
            FakeServer.Checkout(("path", "main"), ("fetch-depth", "0")),
            FakeServer.Checkout(("path", "./tagged"), ("ref", "v1")),
            FakeServer.Checkout(("path", "branch"), ("ref", "feature")),
            FakeServer.Checkout(("path", "commit"), ("ref", Repository.First)),
            FakeServer.Script("cat main/README.md tagged/README.md branch/README.md commit/README.md; git -C main rev-list --count HEAD; ls"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("second\nfirst\nfirst\nfirst\n2\nbranch\ncommit\nmain\ntagged\n", job.Log(4));
    }

    [Theory]
    [InlineData("path", "../escape", "leaves the workspace")]
    [InlineData("path", "/etc", "leaves the workspace")]
    [InlineData("repository", "someone/else", "there is no such repository on this server, or it is private")]
    [InlineData("ref", "--upload-pack=touch", "is not a branch, tag or commit")]
    [InlineData("ref", "nowhere", "could not be fetched")]
    [InlineData("submodules", "deep", "is none of true, false and recursive")]
    [InlineData("fetch-depth", "-1", "is not a number")]
    public async Task What_can_not_be_checked_out_fails_the_step_with_a_reason(string input, string value, string reason)
    {
        var job = Enqueue(Repository.Second, FakeServer.Checkout((input, value)), FakeServer.Script("echo never"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Contains(reason, job.Log(0), StringComparison.Ordinal);
        Assert.Contains(reason, job.Log(null), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-dash")]
    [InlineData("HEAD")]
    [InlineData("@")]
    [InlineData("--help")]
    [InlineData("it's $(id)")]
    public async Task A_branch_with_a_name_that_means_something_to_git_is_checked_out_all_the_same(string branch)
    {
        var job = shared.Server.Enqueue(
            job => job with { HeadSha = Repository.First, HeadRef = $"refs/heads/{branch.Replace(' ', '-')}" },
            FakeServer.Checkout(), FakeServer.Script("cat README.md; git rev-parse HEAD"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal($"first\n{Repository.First}\n", job.Log(1));
    }

    [Fact]
    public async Task A_checkout_after_a_step_replaces_what_is_there_without_following_links_out_of_the_workspace()
    {
        var outside = Directory.CreateTempSubdirectory("shithub-outside-").FullName;
        File.SetUnixFileMode(outside, (UnixFileMode)0b111_111_111);
        var job = Enqueue(
            Repository.Second,
            FakeServer.Script($"ln -s {outside} link; mkdir -p full/.hidden; touch full/old"),
            FakeServer.Checkout(("path", "full")),
            FakeServer.Checkout(("path", "link/sub")),
            FakeServer.Script("ls -A full"));

        Assert.Equal("failure", await job.ConclusionAsync());
        Assert.Equal("success", job.Step(1));
        Assert.Equal("failure", job.Step(2));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Directory.Delete(outside);
    }

    [Fact]
    public async Task Commands_that_an_earlier_step_put_into_gits_configuration_do_not_run_on_the_host()
    {
        var marker = $"/tmp/shithub-escaped-{Guid.NewGuid():N}";
        var job = Enqueue(
            Repository.Second,
            FakeServer.Script($"""
                git init -q . && git config core.fsmonitor 'touch {marker}; false' && git config core.hooksPath /github/workspace/hooks
                mkdir hooks && printf '#!/bin/sh\ntouch {marker}\n' > hooks/post-checkout && chmod +x hooks/post-checkout
                """),
            FakeServer.Checkout(),
            FakeServer.Script("cat README.md; ls -A"));

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.Equal("second\n.git\nREADME.md\noutside\n", job.Log(2));
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public async Task Variables_of_a_workflow_reach_no_program_on_the_host()
    {
        var marker = $"/tmp/shithub-escaped-{Guid.NewGuid():N}";
        var variables = new Dictionary<string, string>
        {
            ["GIT_SSH_COMMAND"] = $"touch {marker}",
            ["GIT_CONFIG_COUNT"] = "2",
            ["GIT_CONFIG_KEY_0"] = "core.fsmonitor",
            ["GIT_CONFIG_VALUE_0"] = $"touch {marker}; false",
            ["GIT_CONFIG_KEY_1"] = "core.alternateRefsCommand",
            ["GIT_CONFIG_VALUE_1"] = $"touch {marker}",
            ["GIT_CONFIG_GLOBAL"] = "/github/workspace/config",
            ["GIT_EXEC_PATH"] = "/nonexistent",
            ["GIT_DIR"] = "/nonexistent",
            ["GIT_TRACE"] = marker,
            ["GIT_ASKPASS"] = $"touch {marker}",
            ["GIT_PROXY_COMMAND"] = $"touch {marker}",
            ["http_proxy"] = "http://127.0.0.1:1",
            ["LD_PRELOAD"] = "/nonexistent/evil.so",
            ["PATH"] = "/nonexistent",
        };
        var job = shared.Server.Enqueue(
            job => job with { HeadSha = Repository.Second, Env = variables },
            FakeServer.Checkout(("fetch-depth", "0")) with { Env = variables },
            FakeServer.Checkout(("path", "again")) with { Env = variables });

        Assert.Equal("success", await job.ConclusionAsync());
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public async Task A_link_that_a_checkout_left_is_not_followed_by_the_path_of_the_next()
    {
        var inside = Path.Combine("/tmp", $"shithub-{Guid.NewGuid():N}");
        var job = Enqueue(Repository.Second, FakeServer.Checkout(), FakeServer.Checkout(("path", $"outside/{Path.GetFileName(inside)}"), ("ref", "v1")));

        // The container's own /tmp may take it; the host's has nothing.
        await job.ConclusionAsync();
        Assert.Equal("success", job.Step(0));
        Assert.False(Path.Exists(inside));
    }

    [Fact]
    public async Task A_cancel_during_a_checkout_ends_it()
    {
        using var never = new SemaphoreSlim(0);
        await using var server = await FakeServer.StartAsync(Repository.Root);
        server.GitWaits = never;
        await using var runner = await RunningRunner.StartAsync(server);
        var job = server.Enqueue(job => job with { HeadSha = Repository.Second }, FakeServer.Checkout());
        await Eventually.BecomesAsync("running", () => Task.FromResult(job.Step(0)));
        job.Cancel();

        Assert.Equal("cancelled", await job.ConclusionAsync());
        Assert.Equal("cancelled", job.Step(0));
        never.Release(100);
    }

    private FakeJob Enqueue(string commit, params Shithub.Actions.Protocol.ClaimedStep[] steps) =>
        shared.Server.Enqueue(job => job with { HeadSha = commit }, steps);
}
