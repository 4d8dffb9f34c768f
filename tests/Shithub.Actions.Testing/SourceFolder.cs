namespace Shithub.Actions.Testing;

/// <summary>The source tree that the tests were built from, and the programs built beside them.</summary>
public static class SourceFolder
{
    public static string Root { get; } = Find();

    /// <summary>
    /// A program in its own build folder, in the configuration of the tests. The copy beside the tests lacks what the tests' frameworks
    /// bring along.
    /// </summary>
    /// <param name="project">Such as <c>Shithub.Actions.Runner</c>.</param>
    /// <param name="program">Such as <c>shithubd-runner</c>.</param>
    public static string Program(string project, string program)
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        return Path.Combine(Root, "src", project, "bin", tests.Parent!.Name, tests.Name, program);
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests must run from within the source tree.");
    }
}
