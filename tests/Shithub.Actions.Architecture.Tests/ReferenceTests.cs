using Xunit;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>Who may refer to whom. To allow something new, change the table here in the same commit, and say why in its message.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> AllowedProjects = new()
    {
        ["Shithub.Actions.Configuration"] = [],
        ["Shithub.Actions.Protocol"] = [],
        ["Shithub.Actions.Workflows"] = [],
        ["shithubd"] = ["Shithub.Actions.Configuration", "Shithub.Actions.Protocol", "Shithub.Actions.Workflows"],
        ["shithubd-runner"] = ["Shithub.Actions.Configuration", "Shithub.Actions.Protocol", "Shithub.Actions.Workflows"],
    };

    // The runner speaks to a server and to a container engine; a database client in it would be a way around the protocol.
    private static readonly Dictionary<string, string> OnlyUser = new()
    {
        ["Npgsql"] = "shithubd",
        ["Dapper"] = "shithubd",
        ["YamlDotNet"] = "Shithub.Actions.Workflows",
        ["Polly.Core"] = "shithubd-runner",
    };

    // The language is pure: what it says about a workflow depends on its text and the event alone. Paths are text, so System.IO.Path is
    // not here, nor are readers and writers of strings.
    private static readonly string[] NotForWorkflows =
    [
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo",
        "System.Net.", "System.Diagnostics.Process", "System.Console", "System.Environment.GetEnvironmentVariable",
        "System.Environment.GetEnvironmentVariables", "System.Environment.get_CurrentDirectory", "System.Random", "System.DateTime.get_Now",
        "System.DateTime.get_UtcNow", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Threading.Tasks.Task", "System.Threading.Thread",
    ];

    public static TheoryData<string> Assemblies => [.. AllowedProjects.Keys];

    [Fact]
    public void Every_project_is_in_the_table()
    {
        var projects = SourceTree.Files("src", "*.csproj").Select(AssemblyName).Order(StringComparer.Ordinal);
        Assert.Equal(AllowedProjects.Keys.Order(StringComparer.Ordinal), projects);
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void A_project_refers_to_the_projects_it_may(string name)
    {
        var ours = BuiltAssembly.Read(name).Assemblies.Where(AllowedProjects.ContainsKey).Order(StringComparer.Ordinal);
        Expect.None(ours.Except(AllowedProjects[name]));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void A_package_is_used_where_its_subject_lives(string name)
    {
        var strays = BuiltAssembly.Read(name).Assemblies.Where(used => OnlyUser.TryGetValue(used, out var user) && user != name);
        Expect.None(strays);
    }

    [Fact]
    public void The_workflow_language_does_no_input_or_output_and_knows_no_clock()
    {
        var assembly = BuiltAssembly.Read("Shithub.Actions.Workflows");
        var used = assembly.Types.Concat(assembly.Members)
            .Where(name => NotForWorkflows.Any(not => not.EndsWith('.') ? name.StartsWith(not, StringComparison.Ordinal) : name == not));
        Expect.None(used);
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Nothing_blocks_a_thread_to_pass_time(string name) =>
        Assert.DoesNotContain("System.Threading.Thread.Sleep", BuiltAssembly.Read(name).Members);

    private static string AssemblyName(string project)
    {
        var text = SourceTree.Read(project);
        var start = text.IndexOf("<AssemblyName>", StringComparison.Ordinal);
        return start < 0 ? Path.GetFileNameWithoutExtension(project) : text[(start + "<AssemblyName>".Length)..text.IndexOf("</AssemblyName>", StringComparison.Ordinal)];
    }
}
