namespace Shithub.Actions.Workflows.Tests;

public class EventMatcherTests
{
    private static Workflow On(string push) =>
        Example.Workflow($"on:\n  push:\n{push}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}");

    private static bool Push(Workflow workflow, string gitRef, params string[]? paths) =>
        EventMatcher.Matches(workflow, new TriggerEvent("push", gitRef, paths, Deleted: false));

    [Fact]
    public void Without_filters_every_branch_and_tag_starts_it()
    {
        var workflow = On("");
        Assert.True(Push(workflow, "refs/heads/a/b"));
        Assert.True(Push(workflow, "refs/tags/v1"));
        Assert.False(Push(workflow, "refs/notes/commits"));
    }

    [Fact]
    public void A_filter_of_branches_alone_leaves_tags_out_and_the_other_way_round()
    {
        Assert.False(Push(On("    branches: ['**']"), "refs/tags/v1"));
        Assert.False(Push(On("    branches-ignore: [x]"), "refs/tags/v1"));
        Assert.False(Push(On("    tags: ['**']"), "refs/heads/main"));
        Assert.True(Push(On("    tags: v*\n    branches: main"), "refs/heads/main"));
        Assert.True(Push(On("    tags: v*\n    branches: main"), "refs/tags/v1"));
    }

    [Fact]
    public void The_last_pattern_that_matches_decides()
    {
        var workflow = On("    branches: ['releases/**', '!releases/**-alpha', releases/keep-alpha]");
        Assert.True(Push(workflow, "refs/heads/releases/10"));
        Assert.False(Push(workflow, "refs/heads/releases/beta/3-alpha"));
        Assert.True(Push(workflow, "refs/heads/releases/keep-alpha"));
        Assert.False(Push(workflow, "refs/heads/main"));
    }

    [Fact]
    public void Ignored_branches_do_not_start_it()
    {
        var workflow = On("    branches-ignore: ['mona/octocat', 'releases/**-alpha']");
        Assert.True(Push(workflow, "refs/heads/main"));
        Assert.False(Push(workflow, "refs/heads/mona/octocat"));
    }

    [Fact]
    public void One_changed_path_is_enough_and_only_ignored_ones_are_not()
    {
        var included = On("    paths: ['sub/**', '!sub/docs/**']");
        Assert.True(Push(included, "refs/heads/main", "README.md", "sub/a.c"));
        Assert.False(Push(included, "refs/heads/main", "README.md", "sub/docs/a.md"));
        Assert.False(Push(included, "refs/heads/main", []));
        var ignored = On("    paths-ignore: ['docs/**']");
        Assert.False(Push(ignored, "refs/heads/main", "docs/a", "docs/b"));
        Assert.True(Push(ignored, "refs/heads/main", "docs/a", "src/b"));
    }

    [Fact]
    public void Unknown_paths_match_and_tags_have_no_filter_of_paths()
    {
        var workflow = On("    paths: ['sub/**']");
        Assert.True(Push(workflow, "refs/heads/main", null));
        Assert.True(Push(workflow, "refs/tags/v1", "README.md"));
    }

    [Fact]
    public void Both_the_branch_and_the_paths_must_pass()
    {
        var workflow = On("    branches: main\n    paths: ['**.js']");
        Assert.True(Push(workflow, "refs/heads/main", "a/b.js"));
        Assert.False(Push(workflow, "refs/heads/other", "a/b.js"));
        Assert.False(Push(workflow, "refs/heads/main", "a/b.md"));
    }

    [Fact]
    public void Costly_patterns_on_many_paths_start_it_rather_than_go_on()
    {
        var patterns = string.Concat(Enumerable.Repeat("      - '" + string.Concat(Enumerable.Repeat("a?", 100)) + "b'\n", 250));
        var workflow = On("    paths:\n" + patterns);
        Assert.False(Push(workflow, "refs/heads/main", new string('a', 90)));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.True(Push(workflow, "refs/heads/main", [.. Enumerable.Repeat(new string('a', 90), 100_000)]));
        Assert.True(watch.Elapsed < Example.Patience, $"took {watch.Elapsed}");
    }

    [Fact]
    public void Changed_paths_are_asked_for_only_where_the_answer_hangs_on_them()
    {
        static TriggerEvent At(string gitRef) => new("push", gitRef, null, Deleted: false);
        var workflow = On("    branches: main\n    paths: ['**.js']");
        Assert.True(EventMatcher.NeedsChangedPaths(workflow, At("refs/heads/main")));
        Assert.False(EventMatcher.NeedsChangedPaths(workflow, At("refs/heads/other")));
        Assert.False(EventMatcher.NeedsChangedPaths(On("    paths: ['**.js']"), At("refs/tags/v1")));
        Assert.False(EventMatcher.NeedsChangedPaths(On("    branches: main"), At("refs/heads/main")));
        Assert.False(EventMatcher.NeedsChangedPaths(workflow, At("refs/heads/main") with { Deleted = true }));
        Assert.False(EventMatcher.NeedsChangedPaths(workflow, At("refs/heads/main") with { Name = "workflow_dispatch" }));
    }

    private static Workflow OnEvent(string on) => Example.Workflow($"on:\n{on}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}");

    private static bool PullRequest(string on, string? type, string into = "main", params string[]? paths) =>
        EventMatcher.Matches(OnEvent(on), new TriggerEvent("pull_request", "refs/pull/1/merge", paths, Deleted: false) { Type = type, Branch = into });

    [Fact]
    public void By_default_a_workflow_only_runs_when_a_pull_request_event_s_activity_type_is_opened_synchronize_or_reopened()
    {
        foreach (var type in new[] { "opened", "synchronize", "reopened" })
            Assert.True(PullRequest("  pull_request:", type));
        Assert.False(PullRequest("  pull_request:", "labeled"));
        Assert.False(PullRequest("  pull_request:", null));
        Assert.True(PullRequest("  pull_request: {types: [labeled]}", "labeled"));
        Assert.False(PullRequest("  pull_request: {types: [labeled]}", "opened"));
        Assert.False(PullRequest("  push:", "opened"));
    }

    [Fact]
    public void A_pull_request_is_filtered_by_the_branch_that_it_would_be_merged_into()
    {
        Assert.True(PullRequest("  pull_request: {branches: ['releases/**']}", "opened", "releases/10"));
        Assert.False(PullRequest("  pull_request: {branches: ['releases/**']}", "opened", "main"));
        Assert.False(PullRequest("  pull_request: {branches-ignore: ['releases/**']}", "opened", "releases/10"));
    }

    [Fact]
    public void A_pull_request_is_filtered_by_the_paths_that_it_changes()
    {
        const string On = "  pull_request: {paths: ['**.js']}";
        Assert.True(PullRequest(On, "opened", "main", "a/b.js"));
        Assert.False(PullRequest(On, "opened", "main", "a/b.md"));
        Assert.True(PullRequest(On, "opened", "main", null));
        var e = new TriggerEvent("pull_request", "refs/pull/1/merge", null, Deleted: false) { Type = "opened", Branch = "main" };
        Assert.True(EventMatcher.NeedsChangedPaths(OnEvent(On), e));
        Assert.False(EventMatcher.NeedsChangedPaths(OnEvent(On), e with { Type = "closed" }));
    }

    [Fact]
    public void A_repository_dispatch_starts_those_that_name_its_type_or_none()
    {
        static TriggerEvent Dispatch(string type) => new("repository_dispatch", "refs/heads/main", null, Deleted: false) { Type = type };
        Assert.True(EventMatcher.Matches(OnEvent("  repository_dispatch:"), Dispatch("anything")));
        Assert.True(EventMatcher.Matches(OnEvent("  repository_dispatch: {types: [a, b]}"), Dispatch("b")));
        Assert.False(EventMatcher.Matches(OnEvent("  repository_dispatch: {types: [a, b]}"), Dispatch("B")));
    }

    [Fact]
    public void A_workflow_run_starts_those_that_name_the_workflow_and_its_branch()
    {
        static TriggerEvent Ran(string name, string type, string? branch) =>
            new("workflow_run", "refs/heads/main", null, Deleted: false) { WorkflowName = name, Type = type, Branch = branch };
        var any = OnEvent("  workflow_run: {workflows: [Build, Test]}");
        Assert.True(EventMatcher.Matches(any, Ran("Test", "completed", "feature")));
        Assert.True(EventMatcher.Matches(any, Ran("Build", "requested", null)));
        Assert.False(EventMatcher.Matches(any, Ran("Deploy", "completed", "main")));
        var main = OnEvent("  workflow_run: {workflows: Build, types: [completed], branches: ['releases/**']}");
        Assert.True(EventMatcher.Matches(main, Ran("Build", "completed", "releases/1")));
        Assert.False(EventMatcher.Matches(main, Ran("Build", "requested", "releases/1")));
        Assert.False(EventMatcher.Matches(main, Ran("Build", "completed", "main")));
        Assert.False(EventMatcher.Matches(main, Ran("Build", "completed", null)));
    }

    [Fact]
    public void A_schedule_starts_those_that_have_its_times()
    {
        static TriggerEvent At(string cron) => new("schedule", "refs/heads/main", null, Deleted: false) { Cron = cron };
        var workflow = OnEvent("  schedule: [{cron: '30 5 * * 1,3'}, {cron: '30  5 * * 2,4'}]");
        Assert.True(EventMatcher.Matches(workflow, At("30 5 * * 2,4")));
        Assert.False(EventMatcher.Matches(workflow, At("30 5 * * 5")));
    }

    [Theory]
    [InlineData("workflow_call")]
    [InlineData("release")]
    [InlineData("pull_request_target")]
    public void A_call_and_what_only_GitHub_has_are_no_events(string name) =>
        Assert.False(EventMatcher.Matches(OnEvent($"  push:\n  {name}:"), new TriggerEvent(name, "refs/heads/main", null, Deleted: false)));
}
