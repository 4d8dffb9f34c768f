namespace Shithub.Actions.Workflows;

/// <summary>The codes of <see cref="Diagnostic"/>. They are stable: tools may filter on them.</summary>
public static class DiagnosticCodes
{
    /// <summary>The file is not UTF-8 text, or has characters that YAML forbids.</summary>
    public const string Encoding = "encoding";

    /// <summary>The file is not YAML, or uses a part of YAML that workflows don't have.</summary>
    public const string Yaml = "yaml";

    /// <summary>A limit of <see cref="WorkflowLimits"/> is passed.</summary>
    public const string Limit = "limit";

    /// <summary>The same key, job, step or input twice.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>A key that the language does not have at this place.</summary>
    public const string UnknownKey = "unknown-key";

    /// <summary>A key that must be there is not.</summary>
    public const string MissingKey = "missing-key";

    /// <summary>A value of the wrong type, or outside what the key takes.</summary>
    public const string InvalidValue = "invalid-value";

    /// <summary>Part of the language that this version does not run.</summary>
    public const string NotSupported = "not-supported";

    /// <summary>An event name that nobody knows.</summary>
    public const string UnknownEvent = "unknown-event";

    /// <summary>An event that never happens here.</summary>
    public const string NeverFires = "never-fires";

    /// <summary>A job under <c>needs</c> that the file does not have, or a circle of needs.</summary>
    public const string Needs = "needs";

    /// <summary>A call of a workflow that is not there, cannot be called, or asks for other inputs.</summary>
    public const string Call = "call";

    /// <summary>A matrix without combinations, or with too many, or of a wrong shape.</summary>
    public const string Matrix = "matrix";

    /// <summary>A <c>uses:</c> that cannot run here.</summary>
    public const string UnsupportedAction = "unsupported-action";

    /// <summary>A <c>${{ }}</c> expression that cannot be parsed.</summary>
    public const string Expression = "expression";

    /// <summary>A <c>${{ }}</c> expression that failed while it was evaluated.</summary>
    public const string Evaluation = "evaluation";

    /// <summary>An <c>if</c> that is true whatever its expressions say.</summary>
    public const string AlwaysTrue = "always-true";

    /// <summary>An expression that names a job, step, output, input or value of the matrix that is never there.</summary>
    public const string AlwaysNull = "always-null";

    /// <summary>A value from outside at a position of a script that has no safe form.</summary>
    public const string UnsafeScript = "unsafe-script";

    /// <summary>YAML reads the value as something else than what is written, as in <c>3.10</c>.</summary>
    public const string ScalarChanged = "scalar-changed";
}
