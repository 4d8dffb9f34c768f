namespace Shithub.Actions.Workflows.Syntax;

// The keys of 'Workflow syntax for GitHub Actions' and of 'Metadata syntax', mapping by mapping.
internal sealed partial record KeySet
{
    private static readonly Dictionary<string, string> None = [];

    public static KeySet Workflow { get; } = new(
        "a workflow", "",
        ["name", "description", "run-name", "on", "permissions", "env", "defaults", "concurrency", CacheMode.Key, "jobs"], None);

    public static KeySet Push { get; } = new(
        "'push'", "on.push", ["branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore"], None);

    public static KeySet PullRequest { get; } = new(
        "'pull_request'", "on.pull_request", ["types", "branches", "branches-ignore", "paths", "paths-ignore"], None);

    public static KeySet Schedule { get; } = new("an entry of 'schedule'", "on.schedule[*]", ["cron", "timezone"], None);

    public static KeySet RepositoryDispatch { get; } = new("'repository_dispatch'", "on.repository_dispatch", ["types"], None);

    public static KeySet WorkflowRun { get; } = new(
        "'workflow_run'", "on.workflow_run", ["workflows", "types", "branches", "branches-ignore"], None);

    public static KeySet Dispatch { get; } = new("'workflow_dispatch'", "on.workflow_dispatch", ["inputs"], None);

    public static KeySet DispatchInput { get; } = new(
        "an input", "on.workflow_dispatch.inputs.<input_id>",
        ["description", "required", "default", "type", "options", "deprecationMessage"], None);

    public static KeySet Call { get; } = new("'workflow_call'", "on.workflow_call", ["inputs", "secrets", "outputs"], None);

    public static KeySet CallInput { get; } = new(
        "an input of 'workflow_call'", "on.workflow_call.inputs.<input_id>",
        ["description", "required", "default", "type", "deprecationMessage"],
        new Dictionary<string, string> { ["options"] = "inputs of 'workflow_call' are strings, booleans or numbers" });

    public static KeySet CallSecret { get; } = new(
        "a secret of 'workflow_call'", "on.workflow_call.secrets.<secret_id>", ["description", "required"], None);

    public static KeySet CallOutput { get; } = new(
        "an output of 'workflow_call'", "on.workflow_call.outputs.<output_id>", ["description", "value"], None);

    public static KeySet Concurrency { get; } = new(
        "'concurrency'", "concurrency", ["group", "cancel-in-progress", "queue"], None);

    public static KeySet Defaults { get; } = new("'defaults'", "defaults", ["run"], None);

    public static KeySet DefaultsRun { get; } = new("'defaults.run'", "defaults.run", ["shell", "working-directory"], None);

    public static KeySet Job { get; } = new(
        "a job", "jobs.<job_id>",
        [
            "name", "permissions", "needs", "if", "runs-on", "environment", "concurrency", "outputs", "env", "defaults", "steps",
            "timeout-minutes", "strategy", "continue-on-error", "container", "services", "uses", "with", "secrets", CacheMode.Key,
        ],
        new Dictionary<string, string>
        {
            ["snapshot"] = "the images of runners are the operator's, a job cannot change them",
            ["cancel-timeout-minutes"] = "how long a cancelled job may clean up is the operator's setting",
        });

    /// <summary>The keys of a job that calls a workflow.</summary>
    public static string[] OfCallingJob { get; } =
        ["name", "uses", "with", "secrets", "strategy", "needs", "if", "concurrency", "permissions", CacheMode.Key];

    public static KeySet RunsOn { get; } = new("'runs-on'", "jobs.<job_id>.runs-on", ["group", "labels"], None);

    public static KeySet Environment { get; } = new(
        "'environment'", "jobs.<job_id>.environment", ["name", "url", "deployment"], None);

    public static KeySet Strategy { get; } = new(
        "'strategy'", "jobs.<job_id>.strategy", ["matrix", "fail-fast", "max-parallel"], None);

    public static KeySet Container { get; } = new(
        "'container'", "jobs.<job_id>.container", ["image", "credentials", "env", "ports", "volumes", "options"], None);

    public static KeySet Service { get; } = new(
        "a service", "jobs.<job_id>.services.<service_id>",
        ["image", "credentials", "env", "ports", "volumes", "options", "entrypoint", "command"], None);

    public static KeySet Credentials { get; } = new(
        "'credentials'", "jobs.<job_id>.container.credentials", ["username", "password"], None);

    private static readonly Dictionary<string, string> NoBackground = new()
    {
        ["background"] = "steps run one after the other: use a service, or '&' in the script",
        ["wait"] = "steps run one after the other",
        ["wait-all"] = "steps run one after the other",
        ["cancel"] = "steps run one after the other",
        ["parallel"] = "steps run one after the other: use jobs, or '&' and 'wait' in the script",
    };

    public static KeySet Step { get; } = new(
        "a step", "jobs.<job_id>.steps[*]",
        [
            "id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env", "continue-on-error", "timeout-minutes",
        ],
        NoBackground);

    public static KeySet Action { get; } = new(
        "an action", "", ["name", "description", "author", "inputs", "outputs", "runs", "branding"], None);

    public static KeySet InputOfAction { get; } = new(
        "an input of an action", "inputs.<input_id>", ["description", "required", "default", "deprecationMessage"], None);

    public static KeySet OutputOfAction { get; } = new(
        "an output of an action", "outputs.<output_id>", ["description", "value"], None);

    public static KeySet Runs { get; } = new("'runs'", "runs", ["using", "steps"], None);

    public static KeySet CompositeStep { get; } = new(
        "a step of an action", "runs.steps[*]",
        ["id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env", "continue-on-error"],
        new Dictionary<string, string>(NoBackground)
        {
            ["timeout-minutes"] = "a step of an action has no limit of its own: set it on the step that uses the action",
        });

    /// <summary>Every mapping of a workflow whose keys are fixed.</summary>
    public static IReadOnlyList<KeySet> OfWorkflows { get; } =
    [
        Workflow, Push, PullRequest, Schedule, RepositoryDispatch, WorkflowRun, Dispatch, DispatchInput, Call, CallInput, CallSecret,
        CallOutput, Concurrency, Defaults, DefaultsRun, Job, RunsOn, Environment, Strategy, Container, Service, Credentials, Step,
    ];

    /// <summary>Every mapping of an action whose keys are fixed.</summary>
    public static IReadOnlyList<KeySet> OfActions { get; } = [Action, InputOfAction, OutputOfAction, Runs, CompositeStep];

    private static IEnumerable<KeySet> Main => [Workflow, Job, Step];

    private static IEnumerable<KeySet> Inner =>
        [Push, PullRequest, WorkflowRun, Dispatch, DispatchInput, Strategy, Container, Concurrency, DefaultsRun, RunsOn];
}
