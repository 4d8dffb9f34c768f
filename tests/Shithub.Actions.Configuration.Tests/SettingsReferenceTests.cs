using Xunit;

namespace Shithub.Actions.Configuration.Tests;

public sealed class SettingsReferenceTests
{
    /// <summary>Set to 1, the test writes the reference instead of comparing it.</summary>
    private const string Renew = "RENEW_DOCS";

    [Fact]
    public void The_reference_in_docs_is_current()
    {
        var path = Path.Combine(Repository(), "docs", "configuration.md");
        var current = SettingsReference.Markdown(ServerSettings.Table, RunnerSettings.Table);
        if (Environment.GetEnvironmentVariable(Renew) == "1")
            File.WriteAllText(path, current);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == current,
            $"docs/configuration.md is not current; renew it with: {Renew}=1 dotnet run --project tests/Shithub.Actions.Configuration.Tests");
    }

    [Fact]
    public void No_two_settings_share_a_variable_or_an_option()
    {
        foreach (var table in new[] { ServerSettings.Table, RunnerSettings.Table })
        {
            var names = table.Keys.Select(table.Variable).Concat(table.Options.Select(option => option.Name)).Append(table.PathVariable).ToArray();
            Assert.Equal(names.Distinct(), names);
            Assert.DoesNotContain(SettingOption.ConfigName, names);
        }
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Shithub.Actions.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No solution above {AppContext.BaseDirectory}.");
    }
}
