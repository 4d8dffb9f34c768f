namespace Shithub.Actions.Workflows.Expressions;

// One property for every row of the table, in its order; then the keys of composite actions, of which GitHub's
// 'Metadata syntax' says that they see neither 'secrets' nor 'vars' nor 'needs'.
public sealed partial class ExpressionScope
{
    private const string Run = "github inputs vars";
    private const string Job = "github needs strategy matrix vars inputs";
    private const string JobWithSecrets = "github needs strategy matrix vars secrets inputs";
    private const string JobWithEnv = "github needs strategy matrix env vars inputs";
    private const string Credentials = "github needs strategy matrix env vars secrets inputs";
    private const string Running = "github needs strategy matrix job runner env vars secrets inputs";
    private const string Steps = "github needs strategy matrix job runner env vars secrets steps inputs";
    private const string StepsWithoutSecrets = "github needs strategy matrix job runner env vars steps inputs";
    private const string Composite = "github inputs strategy matrix steps job runner env";

    private const string Status = "always cancelled success failure";

    public static ExpressionScope RunName { get; } = Row("run-name", Run);

    public static ExpressionScope WorkflowConcurrency { get; } = Row("concurrency", Run);

    public static ExpressionScope WorkflowEnv { get; } = Row("env", "github secrets inputs vars");

    public static ExpressionScope JobConcurrency { get; } = Row("jobs.<job_id>.concurrency", Job);

    /// <summary>Of <c>jobs.&lt;job_id&gt;.container</c> and of its <c>image</c>.</summary>
    public static ExpressionScope JobContainer { get; } = Row("jobs.<job_id>.container", Job);

    public static ExpressionScope JobContainerCredentials { get; } = Row("jobs.<job_id>.container.credentials", Credentials);

    public static ExpressionScope JobContainerEnv { get; } = Row("jobs.<job_id>.container.env.<env_id>", Running);

    public static ExpressionScope JobContinueOnError { get; } = Row("jobs.<job_id>.continue-on-error", Job);

    public static ExpressionScope JobDefaultsRun { get; } = Row("jobs.<job_id>.defaults.run", JobWithEnv);

    public static ExpressionScope JobEnv { get; } = Row("jobs.<job_id>.env", JobWithSecrets);

    public static ExpressionScope JobEnvironment { get; } = Row("jobs.<job_id>.environment", Job);

    public static ExpressionScope JobEnvironmentUrl { get; } = Row("jobs.<job_id>.environment.url", StepsWithoutSecrets);

    public static ExpressionScope JobIf { get; } = Row("jobs.<job_id>.if", "github needs vars inputs", Status);

    public static ExpressionScope JobName { get; } = Row("jobs.<job_id>.name", Job);

    public static ExpressionScope JobOutputs { get; } = Row("jobs.<job_id>.outputs.<output_id>", Steps);

    public static ExpressionScope RunsOn { get; } = Row("jobs.<job_id>.runs-on", Job);

    public static ExpressionScope JobSecrets { get; } = Row("jobs.<job_id>.secrets.<secrets_id>", JobWithSecrets);

    public static ExpressionScope JobServices { get; } = Row("jobs.<job_id>.services", Job);

    public static ExpressionScope JobServicesCredentials { get; } =
        Row("jobs.<job_id>.services.<service_id>.credentials", Credentials);

    public static ExpressionScope JobServicesEnv { get; } = Row("jobs.<job_id>.services.<service_id>.env.<env_id>", Running);

    public static ExpressionScope StepContinueOnError { get; } = StepRow("continue-on-error");

    public static ExpressionScope StepEnv { get; } = StepRow("env");

    public static ExpressionScope StepIf { get; } = Row("jobs.<job_id>.steps.if", StepsWithoutSecrets, Status + " hashFiles");

    public static ExpressionScope StepName { get; } = StepRow("name");

    public static ExpressionScope StepRun { get; } = StepRow("run");

    public static ExpressionScope StepTimeout { get; } = StepRow("timeout-minutes");

    public static ExpressionScope StepWith { get; } = StepRow("with");

    public static ExpressionScope StepWorkingDirectory { get; } = StepRow("working-directory");

    public static ExpressionScope Strategy { get; } = Row("jobs.<job_id>.strategy", "github needs vars inputs");

    public static ExpressionScope JobTimeout { get; } = Row("jobs.<job_id>.timeout-minutes", Job);

    public static ExpressionScope CallWith { get; } = Row("jobs.<job_id>.with.<with_id>", Job);

    public static ExpressionScope CallInputDefault { get; } = Row("on.workflow_call.inputs.<inputs_id>.default", Run);

    public static ExpressionScope CallOutputValue { get; } =
        Row("on.workflow_call.outputs.<output_id>.value", "github jobs vars inputs");

    public static ExpressionScope CompositeStep { get; } = Row("runs.steps", Composite, "hashFiles");

    public static ExpressionScope CompositeStepIf { get; } = Row("runs.steps.if", Composite, Status + " hashFiles");

    public static ExpressionScope CompositeOutputs { get; } = Row("outputs.<output_id>.value", Composite);

    public static ExpressionScope CompositeInputDefault { get; } =
        Row("inputs.<input_id>.default", "github strategy matrix job runner", "hashFiles");

    /// <summary>All contexts and functions: for tools that look at expressions of any key.</summary>
    public static ExpressionScope Any { get; } = Of(AllContexts);

    private static ExpressionScope StepRow(string key) => Row($"jobs.<job_id>.steps.{key}", Steps, "hashFiles");

    private static ExpressionScope Row(string key, string contexts, string functions = "") =>
        new(key, contexts.Split(' '), functions.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
