namespace Shithub.Actions.Configuration;

/// <summary>The settings cannot be used. Holds every error found, each saying where it is and what to do.</summary>
public sealed class SettingsException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
