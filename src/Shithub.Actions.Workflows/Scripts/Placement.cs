namespace Shithub.Actions.Workflows.Scripts;

/// <summary>How a variable is referred to at a position of a script.</summary>
internal enum Reference
{
    /// <summary>Outside of quotes: <c>"${V}"</c>, so that it stays one word.</summary>
    Quoted,

    /// <summary>Where the shell splits nothing (double quotes, here-documents, comments, arithmetic): <c>${V}</c>.</summary>
    Bare,

    /// <summary>In single quotes: <c>'"${V}"'</c>, which leaves them for the reference.</summary>
    LeavingSingleQuotes,
}

/// <summary>Why a value from outside must not stand at a position.</summary>
/// <param name="Reason">The end of a sentence that begins with 'the value'.</param>
/// <param name="Fix">What to do, where it is not the usual: bind it to a variable.</param>
/// <param name="IsHarmlessForNumbers">A number or a boolean may stand there: it holds nothing that the shell could run.</param>
internal sealed record Hazard(string Reason, string? Fix = null, bool IsHarmlessForNumbers = false);

internal readonly record struct Placement(Reference Reference, Hazard? Hazard);
