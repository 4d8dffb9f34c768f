namespace Shithub.Actions.Bench;

/// <summary>The checked-out repository that this was built from, and the programs built beside it.</summary>
internal static class Source
{
    public static string Root { get; } = FindRoot();

    /// <summary>Of the same configuration as this program: Release, when started by run.sh.</summary>
    public static string Server
    {
        get
        {
            var output = Path.GetRelativePath(Path.Combine(Root, "bench", "Shithub.Actions.Bench"), AppContext.BaseDirectory);
            return Path.Combine(Root, "src", "Shithub.Actions.Server", output, "shithubd");
        }
    }

    /// <summary>As it is installed: run.sh puts it there.</summary>
    public static string Runner => Path.Combine(Root, ".data", "native", "shithubd-runner");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln")))
                return folder.FullName;
        }

        throw new BenchException($"No folder above {AppContext.BaseDirectory} has Shithub.Actions.sln.");
    }
}
