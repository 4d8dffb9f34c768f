namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>Where the programs under test were built.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    public static string Server { get; } = Program("Shithub.Actions.Server", "shithubd.dll");

    public static string Runner { get; } = Program("Shithub.Actions.Runner", "shithubd-runner.dll");

    private static string Program(string project, string file)
    {
        // …/tests/<project>/bin/<configuration>/<framework>/
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Root, "src", project, "bin", here.Parent!.Name, here.Name, file);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests must run from within the source tree.");
    }
}
