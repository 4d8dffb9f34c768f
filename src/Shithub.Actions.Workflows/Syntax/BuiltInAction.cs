namespace Shithub.Actions.Workflows;

/// <summary>What a built-in action does.</summary>
public enum BuiltInActionKind
{
    Checkout,
    UploadArtifact,
    DownloadArtifact,
    Cache,
    CacheRestore,
    CacheSave,
}

/// <summary>What an input of a built-in action takes.</summary>
public enum BuiltInInputType
{
    Text,

    /// <summary><c>true</c> or <c>false</c>, in lower, upper or title case: YAML's core schema, as GitHub's toolkit reads it.</summary>
    Boolean,

    /// <summary>0 or more.</summary>
    WholeNumber,

    /// <summary>One of <see cref="BuiltInInput.Options"/>.</summary>
    Choice,
}

/// <param name="Name">In lower case, as the names of inputs are compared.</param>
/// <param name="Default">As text; null: nothing, or what only the run knows.</param>
/// <param name="Options">Of a choice.</param>
public sealed record BuiltInInput(
    string Name, BuiltInInputType Type, bool Required, string? Default, IReadOnlyList<string> Options)
{
    /// <summary>Why <paramref name="text"/> is no value of this input, as the end of a sentence; null if it is one.</summary>
    public string? DescribeMismatch(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Type switch
        {
            _ when text.Length == 0 => Required ? "is empty" : null,
            BuiltInInputType.Boolean when text.Trim() is not ("true" or "True" or "TRUE" or "false" or "False" or "FALSE") =>
                "must be true or false",
            BuiltInInputType.WholeNumber when text.Length > 9 || !text.All(char.IsAsciiDigit) => "must be a whole number, 0 or more",
            BuiltInInputType.Choice when !Options.Contains(text) => $"must be one of: {string.Join(", ", Options)}",
            _ => null,
        };
    }
}

/// <summary>An action that the runner has built in.</summary>
/// <param name="Name">GitHub's, such as <c>actions/cache/restore</c>.</param>
/// <param name="OwnName">This system's, such as <c>shithub/cache/restore</c>; its version is <c>v1</c>.</param>
/// <param name="Versions">GitHub's major versions whose inputs these are; the last is the one to write.</param>
/// <param name="Inputs">GitHub's, in its order.</param>
/// <param name="Outputs">GitHub's.</param>
public sealed record BuiltInAction(
    BuiltInActionKind Kind,
    string Name,
    string OwnName,
    IReadOnlyList<string> Versions,
    IReadOnlyList<BuiltInInput> Inputs,
    IReadOnlyList<string> Outputs)
{
    /// <summary>
    /// GitHub's other major versions that still run there and do the same as the last of <see cref="Versions"/>, which they are read as:
    /// they differ in the Node that they need.
    /// </summary>
    public IReadOnlyList<string> OtherVersions { get; init; } = [];

    /// <summary>Every <c>uses</c> that names it.</summary>
    public IEnumerable<string> Uses => [.. Versions.Select(version => $"{Name}@{version}"), $"{OwnName}@v1"];

    /// <summary>The input of that name, in any case; null if there is none.</summary>
    public BuiltInInput? FindInput(string name) =>
        Inputs.FirstOrDefault(input => input.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
