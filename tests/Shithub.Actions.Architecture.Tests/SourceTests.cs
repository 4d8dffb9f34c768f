using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>What a reader may rely on when looking for something in the source.</summary>
public sealed partial class SourceTests
{
    private static readonly string[] NamesThatSayNothing = ["Common", "Utils", "Utilities", "Helpers", "Managers", "Services", "Misc"];

    private static readonly string[] Code = [.. SourceTree.Files("src", "*.cs"), .. SourceTree.Files("tests", "*.cs")];

    [Fact]
    public void Folders_are_named_after_what_is_in_them()
    {
        var folders = Code.SelectMany(file => file.Split('/')[..^1].Select(folder => (Folder: folder, File: file)));
        Expect.None(folders.Where(found => NamesThatSayNothing.Contains(found.Folder.Split('.')[^1])).Select(found => found.File));
    }

    /// <summary>Folders may divide a namespace further, but a namespace never points to another folder.</summary>
    [Fact]
    public void A_file_lies_in_the_folder_of_its_namespace()
    {
        var strays = from file in Code
                     let declared = NamespaceLine().Match(SourceTree.Read(file))
                     let folder = string.Join('.', file.Split('/')[1..^1])
                     where declared.Success && !$"{folder}.".StartsWith($"{declared.Groups[1].Value}.", StringComparison.Ordinal)
                     select $"{file} declares {declared.Groups[1].Value}";
        Expect.None(strays);
    }

    [Fact]
    public void Code_has_no_regions() => Expect.None(Code.Where(file => Region().IsMatch(SourceTree.Read(file))));

    /// <summary>
    /// A test that sleeps is slow where the machine is fast, and fails where it is slow. Two delays are none: until cancelled, and the
    /// moment (at most 100 ms, as a number) between two looks at a condition.
    /// </summary>
    [Fact]
    public void Tests_wait_for_what_they_expect_and_never_sleep() =>
        Expect.None(SourceTree.Files("tests", "*.cs").Where(file => Sleep().IsMatch(SourceTree.Read(file))));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = SourceTree.Read("Shithub.Actions.sln").Replace('\\', '/');
        var projects = new[] { "src", "tests", "bench" }.Where(SourceTree.Exists).SelectMany(folder => SourceTree.Files(folder, "*.csproj"));
        Expect.None(projects.Where(project => !solution.Contains($"\"{project}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Migrations_are_numbered_without_gaps()
    {
        var names = SourceTree.Files("migrations", "*").Select(Path.GetFileName).ToList();
        Assert.All(names, name => Assert.Matches("^[0-9]{4}_[a-z0-9_]+\\.sql$", name));
        var numbers = names.Select(name => int.Parse(name!.AsSpan(0, 4), CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(1, names.Count), numbers);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^\s*#region\b", RegexOptions.Multiline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\bThread\.Sleep\(|\bTask\.Delay\((?!Timeout\.|(\d{1,2}|100)[,)])")]
    private static partial Regex Sleep();
}
