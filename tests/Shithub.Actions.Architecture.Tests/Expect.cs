using Xunit;

namespace Shithub.Actions.Architecture.Tests;

internal static class Expect
{
    /// <summary>Fails with all of <paramref name="offenders"/>, uncut: whoever broke a rule must see where.</summary>
    public static void None(IEnumerable<string> offenders)
    {
        var found = offenders.ToList();
        if (found.Count > 0)
            Assert.Fail(string.Join(Environment.NewLine, found));
    }
}
