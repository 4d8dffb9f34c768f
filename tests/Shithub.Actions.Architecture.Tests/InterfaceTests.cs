using System.Reflection;
using Xunit;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>An interface exists where there are two real implementations; for anything else the class itself is the contract.</summary>
public sealed class InterfaceTests
{
    [Fact]
    public void Every_interface_has_two_implementations()
    {
        string[] names = ["Shithub.Actions.Configuration", "Shithub.Actions.Protocol", "Shithub.Actions.Workflows", "shithubd", "shithubd-runner"];
        var types = names.SelectMany(name => Assembly.Load(name).GetTypes()).ToList();
        var lonely = from contract in types.Where(type => type is { IsInterface: true } && type.Namespace?.StartsWith("Shithub", StringComparison.Ordinal) == true)
                     let implementations = types.Count(type => type is { IsClass: true, IsAbstract: false } or { IsValueType: true } && contract.IsAssignableFrom(type))
                     where implementations < 2
                     select $"{contract.FullName}: {implementations}";
        Expect.None(lonely);
    }
}
