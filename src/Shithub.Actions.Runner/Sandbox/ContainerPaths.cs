namespace Shithub.Actions.Runner.Sandbox;

/// <summary>Where things are inside a job's container. All of it is one mount, the only one from the host,
/// but for <see cref="Home"/>, which is in memory.</summary>
internal static class ContainerPaths
{
    public const string Mount = "/github";
    public const string Workspace = Mount + "/workspace";
    public const string Home = Mount + "/home";
    public const string Temp = Mount + "/temp";
    public const string Tools = Mount + "/tools";
    public const string Scripts = Mount + "/scripts";

    /// <summary>The files of workflow commands, a folder for each step.</summary>
    public const string Commands = Mount + "/commands";

    /// <summary>A pipe through which the first process says what holds; gone before the first step.</summary>
    public const string FirstLook = Mount + "/look";

    /// <summary>Pipes through which the first process gets the first script, and what it says goes back; gone before the first step.</summary>
    public const string FirstCommand = Mount + "/first-command";
    public const string FirstOutput = Mount + "/first-output";
    public const string FirstExit = Mount + "/first-exit";

    /// <summary>Actions of other repositories.</summary>
    public const string Actions = Mount + "/actions";

    public const string EventFile = Mount + "/workflow/event.json";

    /// <summary>Trees that were checked out after a step had begun, on their way into the workspace.</summary>
    public const string Incoming = Mount + "/incoming";
}
