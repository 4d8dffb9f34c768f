using System.Text.RegularExpressions;
using Xunit;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>Documents that lead somewhere.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_link_in_a_document_leads_to_a_file()
    {
        var broken = from document in SourceTree.Files(".", "*.md")
                     from Match link in Link().Matches(SourceTree.Read(document))
                     let target = link.Groups[1].Value
                     where !target.Contains("://", StringComparison.Ordinal)
                     where !SourceTree.Exists(Path.Combine(Path.GetDirectoryName(document)!, target))
                     select $"{document}: {target}";
        Expect.None(broken);
    }

    [Fact]
    public void Every_document_that_the_code_names_exists()
    {
        string[] folders = ["src", "migrations", "deploy"];
        var missing = from folder in folders
                      from file in SourceTree.Files(folder, "*")
                      from Match named in Named().Matches(SourceTree.Read(file))
                      let document = named.Value
                      where !SourceTree.Exists(document) && !SourceTree.Exists($"src/Shithub.Actions.Server/{document}")
                          && !SourceTree.Exists($"src/Shithub.Actions.Runner/{document}")
                      select $"{file}: {document}";
        Expect.None(missing);
    }

    [Fact]
    public void Every_decision_is_in_the_list_of_decisions()
    {
        var list = SourceTree.Read("docs/decisions/README.md");
        var pages = SourceTree.Files("docs/decisions", "0*.md").Select(file => Path.GetFileName(file)!).ToList();
        Assert.NotEmpty(pages);
        Expect.None(pages.Where(page => !list.Contains($"({page})", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b(?:docs/[\w/-]+|[A-Z]\w+/README)\.md\b")]
    private static partial Regex Named();
}
