namespace Shithub.Actions.EndToEnd.Tests;

/// <summary>Where the programs under test are.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>Built with these tests.</summary>
    public static string Server { get; } = FindServer();

    /// <summary>As it is installed: native code, which test.sh has published.</summary>
    public static string Runner { get; } = FindRunner();

    private static string FindServer()
    {
        // …/tests/<project>/bin/<configuration>/<framework>/
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Root, "src/Shithub.Actions.Server/bin", here.Parent!.Name, here.Name, "shithubd.dll");
    }

    private static string FindRunner()
    {
        var program = Path.Combine(Root, ".data/native/shithubd-runner");
        var written = new[] { "Configuration", "Protocol", "Runner", "Workflows" }
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, $"src/Shithub.Actions.{project}"), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Max(File.GetLastWriteTimeUtc);
        return File.GetLastWriteTimeUtc(program) > written
            ? program
            : throw new InvalidOperationException($"{program} is not there, or older than its source. In {Root}:  . deploy/dev/machine.sh && publish_runner .data/native");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests must run from within the source tree.");
    }
}
