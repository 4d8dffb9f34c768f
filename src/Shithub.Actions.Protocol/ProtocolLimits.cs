namespace Shithub.Actions.Protocol;

/// <summary>Bounds of the runner protocol that both sides must agree on. Sizes are bytes, times are seconds.</summary>
public static class ProtocolLimits
{
    /// <summary>The largest log chunk after base64 decoding.</summary>
    public const int LogChunkBytes = 512 * 1024;

    /// <summary>The largest request body of a job call: a full chunk in base64 and the JSON around it.</summary>
    public const int RequestBodyBytes = 1024 * 1024;

    /// <summary>The outputs of a job, names and values in UTF-8: GitHub's number.</summary>
    public const int OutputBytes = 1024 * 1024;

    /// <summary>The largest request body of a job's status: outputs in JSON, each character escaped, images and notes.</summary>
    public const int StatusBodyBytes = (6 * OutputBytes) + (1024 * 1024);

    /// <summary>Annotations of one level that a step may have, and of all levels that a job may have: GitHub's numbers.</summary>
    public const int AnnotationsPerLevel = 10;

    public const int AnnotationsPerJob = 50;

    /// <summary>An annotation's message in UTF-8.</summary>
    public const int AnnotationMessageBytes = 4096;

    /// <summary>Characters of an annotation's title and of its file.</summary>
    public const int AnnotationTitleLength = 255;

    public const int AnnotationFileLength = 1024;

    /// <summary>The summary of a step in UTF-8, and how many steps of a job may have one: GitHub's numbers.</summary>
    public const int SummaryBytes = 1024 * 1024;

    public const int SummariesPerJob = 20;

    /// <summary>The images that a job's end may name, and the characters of an image's name and of its service's.</summary>
    public const int ImagesPerJob = 50;

    public const int ImageLength = 1024;

    /// <summary>Characters of a runner's reason for claiming nothing.</summary>
    public const int NotClaimingLengthMax = 500;

    /// <summary>The largest request body of a step's status: summary and annotations in JSON, each character escaped.</summary>
    public const int StepStatusBodyBytes = (6 * SummaryBytes) + (1024 * 1024);

    /// <summary>The longest a heartbeat or lease call may wait for news.</summary>
    public const int WaitSeconds = 50;

    /// <summary>The shortest and longest lease a runner may ask for.</summary>
    public const int LeaseSecondsMin = 10;

    public const int LeaseSecondsMax = 900;

    /// <summary>How long a job token is good for.</summary>
    public const int JobTokenSeconds = 900;

    public const int LabelsMax = 64;
    public const int LabelLengthMax = 100;
    public const int CapacityMax = 1000;
    public const int HostNameLengthMax = 255;
    public const int VersionLengthMax = 100;
    public const int ClaimIdLengthMax = 100;
    public const int IdempotencyKeyLengthMax = 100;
    public const int LeasesPerCallMax = CapacityMax;
}
