namespace Shithub.Actions.Workflows;

/// <summary>A place in a file: line and column count from 1.</summary>
public readonly record struct SourcePosition(int Line, int Column)
{
    public static SourcePosition Start { get; } = new(1, 1);
}
