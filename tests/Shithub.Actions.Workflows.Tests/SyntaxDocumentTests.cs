using System.Text.RegularExpressions;
using Shithub.Actions.Workflows.Expressions;
using Shithub.Actions.Workflows.Syntax;

namespace Shithub.Actions.Workflows.Tests;

/// <summary><c>docs/workflow-syntax.md</c> has every name of the language.</summary>
public partial class SyntaxDocumentTests
{
    private static readonly Lazy<HashSet<string>> Names = new(() =>
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside of the repository.");
        var tables = File.ReadLines(Path.Combine(folder.FullName, "docs", "workflow-syntax.md")).Where(line => line.StartsWith('|'));
        return [.. tables.SelectMany(line => Code().Matches(line)).Select(match => match.Groups[1].Value)];
    });

    private static void AllThere(IEnumerable<string> names) => Assert.Equal([], names.Where(name => !Names.Value.Contains(name)));

    private static IEnumerable<string> Keys(IEnumerable<KeySet> sets) =>
        from keys in sets
        from key in keys.Supported.Concat(keys.Refused.Keys)
        select keys.Path.Length == 0 ? key : $"{keys.Path}.{key}";

    [Fact]
    public void Every_key_of_a_workflow_is_in_its_tables() => AllThere(Keys(KeySet.OfWorkflows));

    [Fact]
    public void Every_key_of_an_action_is_in_its_tables() => AllThere(Keys(KeySet.OfActions));

    [Fact]
    public void Every_event_and_every_permission_is_in_its_tables() =>
        AllThere([.. EventNames.All, .. PermissionsReader.Scopes.Keys, PermissionsReader.NetworkKey]);

    [Fact]
    public void Every_context_and_every_function_is_in_its_tables() =>
        AllThere([.. ExpressionScope.Any.Contexts.Except(["shithub"]), .. ExpressionFunction.Special, "contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "case"]);

    [Fact]
    public void Every_built_in_action_is_there_with_its_versions_inputs_and_outputs() =>
        AllThere(BuiltInActions.All.SelectMany(action => action.Uses.Concat(action.Inputs.Select(input => input.Name)).Concat(action.Outputs)));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
