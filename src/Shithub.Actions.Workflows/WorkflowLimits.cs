namespace Shithub.Actions.Workflows;

/// <summary>What bounds a workflow's size and the work to read and plan it. Whoever passes one gets an error, never a cut.</summary>
public static class WorkflowLimits
{
    /// <summary>Bytes of a workflow file.</summary>
    public const int MaxFileBytes = 64 * 1024;

    /// <summary>YAML nodes of a file with every alias expanded.</summary>
    public const int MaxYamlNodes = 10_000;

    /// <summary>Levels of YAML inside each other, aliases expanded.</summary>
    public const int MaxYamlDepth = 64;

    /// <summary>Diagnostics that one file gets.</summary>
    public const int MaxDiagnostics = 100;

    /// <summary>Jobs of a run.</summary>
    public const int MaxJobs = 1_000;

    /// <summary>Combinations of one matrix: GitHub's number.</summary>
    public const int MaxMatrixJobs = 256;

    /// <summary>Levels of workflows that call each other, the run's own included: GitHub's number.</summary>
    public const int MaxCallDepth = 10;

    /// <summary>Workflows that a run may call, directly or not: GitHub's number.</summary>
    public const int MaxCalledWorkflows = 50;

    /// <summary>Characters of a concurrency group's name.</summary>
    public const int MaxConcurrencyGroupLength = 400;

    /// <summary>Steps of a job.</summary>
    public const int MaxSteps = 1_000;

    /// <summary>Characters of a job's or step's id.</summary>
    public const int MaxIdLength = 100;

    /// <summary>Characters of a displayed name after its expressions are evaluated. Longer ones are cut, with an ellipsis.</summary>
    public const int MaxNameLength = 255;

    /// <summary>Labels under one <c>runs-on</c>, and characters of each.</summary>
    public const int MaxLabels = 32;
    public const int MaxLabelLength = 128;

    /// <summary>Inputs of <c>workflow_dispatch</c>: GitHub's number.</summary>
    public const int MaxDispatchInputs = 25;

    /// <summary>Characters of all inputs of one dispatch together: GitHub's number.</summary>
    public const int MaxDispatchPayload = 65_535;

    /// <summary>Minutes: 360 is GitHub's default; 30 days is the longest GitHub lets a self-hosted job wait or run.</summary>
    public const int DefaultTimeoutMinutes = 360;
    public const int MaxTimeoutMinutes = 30 * 24 * 60;

    /// <summary>Characters of one expression, and levels of it inside each other: GitHub's numbers.</summary>
    public const int MaxExpressionLength = 21_000;
    public const int MaxExpressionDepth = 50;

    /// <summary>Levels of arrays and objects in a value, such as an event's payload or the argument of <c>fromJSON</c>.</summary>
    public const int MaxValueDepth = 100;

    /// <summary>Characters that <c>fromJSON</c> takes: GitHub's number for the outputs of a job.</summary>
    public const int MaxJsonLength = 1024 * 1024;

    /// <summary>What a value that <c>fromJSON</c> makes counts for in <see cref="MaxExpressionWork"/>: about its memory.</summary>
    public const int ExpressionWorkPerValue = 32;

    /// <summary>Characters that all expressions of one plan may produce or read, intermediate results included.</summary>
    public const int MaxExpressionWork = 16 * 1024 * 1024;

    /// <summary>Files and folders that one <c>hashFiles</c> looks at, and how many folders inside each other.</summary>
    public const int MaxHashedEntries = 200_000;
    public const int MaxHashedDepth = 250;

    /// <summary>Bytes of a job's outputs, and of all that its steps set: GitHub's numbers for a job and for a run.</summary>
    public const int MaxJobOutputBytes = 1024 * 1024;
    public const int MaxStepOutputBytes = 50 * 1024 * 1024;

    /// <summary>Levels of composite actions that use others: GitHub's number.</summary>
    public const int MaxActionDepth = 10;

    /// <summary>Bytes of <c>NAME=value</c> in an environment: Linux starts no program with a longer one (MAX_ARG_STRLEN).</summary>
    public const int MaxEnvironmentBytes = 128 * 1024 - 1;

    /// <summary>Steps to match the changed paths of one event with the patterns of one workflow: less than a second.</summary>
    public const int MaxMatchSteps = 20_000_000;
}
