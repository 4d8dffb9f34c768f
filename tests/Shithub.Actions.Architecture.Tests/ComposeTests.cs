using Shithub.Actions.Configuration;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>docker-compose.yml can't be run without an image registry; that what it names exists can be seen without one.</summary>
public sealed class ComposeTests
{
    private static readonly YamlMappingNode Services = (YamlMappingNode)Load()["services"];

    public static TheoryData<string> Names => [.. Services.Children.Keys.Select(name => ((YamlScalarNode)name).Value!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_service_s_settings_are_ones_the_programs_know(string name)
    {
        using var secret = new SecretFile();
        // A secret's file exists in the container only.
        var settings = Environment(name).Where(pair => pair.Key.StartsWith("SHITHUB_", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key, pair => pair.Key.EndsWith("_FILE", StringComparison.Ordinal) ? secret.Path : pair.Value);
        if (settings.Keys.Any(key => key.StartsWith("SHITHUB_RUNNER_", StringComparison.Ordinal)))
            RunnerSettings.Load(null, settings, new Dictionary<string, string>());
        else if (settings.Count > 0)
            ServerSettings.Load(null, settings, new Dictionary<string, string>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_service_s_image_is_a_target_of_the_Dockerfile(string name)
    {
        if (!Merged(name).TryGetValue("build", out var node))
            return;
        var build = (YamlMappingNode)node;
        var dockerfile = SourceTree.Read(((YamlScalarNode)build["dockerfile"]).Value!);
        Assert.Matches($"(?m)^FROM \\S+ AS {((YamlScalarNode)build["target"]).Value}$", dockerfile);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_service_waits_for_services_that_there_are(string name)
    {
        if (Merged(name).TryGetValue("depends_on", out var needs))
            Assert.All(((YamlMappingNode)needs).Children.Keys, need => Assert.Contains(need, Services.Children.Keys));
    }

    [Fact]
    public void What_the_Dockerfile_copies_from_the_source_exists()
    {
        var copied = SourceTree.Read("deploy/docker/Dockerfile").Split('\n')
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from=", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[1..^1]);
        Expect.None(copied.Where(path => !SourceTree.Exists(path)));
    }

    private static YamlMappingNode Load()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(SourceTree.Read("docker-compose.yml")));
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static Dictionary<string, string> Environment(string service) =>
        Merged(service).TryGetValue("environment", out var variables)
            ? ((YamlMappingNode)variables).Children.ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => ((YamlScalarNode)pair.Value).Value!)
            : [];

    /// <summary>A service's members, with those of what it merges in (<c>&lt;&lt;</c>) where it has none of its own.</summary>
    private static Dictionary<string, YamlNode> Merged(string service)
    {
        var own = ((YamlMappingNode)Services[service]).Children.ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => pair.Value);
        if (own.Remove("<<", out var merged))
        {
            foreach (var (key, value) in ((YamlMappingNode)merged).Children)
                own.TryAdd(((YamlScalarNode)key).Value!, value);
        }

        return own;
    }

    private sealed class SecretFile : IDisposable
    {
        public SecretFile() => File.WriteAllText(Path, Convert.ToBase64String(new byte[32]));

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());

        public void Dispose() => File.Delete(Path);
    }
}
