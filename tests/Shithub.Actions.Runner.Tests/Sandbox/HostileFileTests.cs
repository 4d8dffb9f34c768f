using System.Diagnostics;
using System.Text;
using Shithub.Actions.Runner.Sandbox;
using Xunit;

namespace Shithub.Actions.Runner.Tests.Sandbox;

public sealed class HostileFileTests : IDisposable
{
    private readonly string _outside = Directory.CreateTempSubdirectory("shithub-hostile-").FullName;

    public HostileFileTests()
    {
        Directory.CreateDirectory(Path.Combine(_outside, "in/a"));
        File.WriteAllText(Path.Combine(_outside, "secret"), "secret");
        File.WriteAllText(Path.Combine(_outside, "in/a/plain"), "plain");
        File.CreateSymbolicLink(Path.Combine(_outside, "in/link"), "a/plain");
        File.CreateSymbolicLink(Path.Combine(_outside, "in/folder"), "a");
        File.CreateSymbolicLink(Path.Combine(_outside, "in/out"), "../secret");
        File.CreateSymbolicLink(Path.Combine(_outside, "in/absolute"), Path.Combine(_outside, "in/a/plain"));
        File.CreateSymbolicLink(Path.Combine(_outside, "in/up"), "..");
        File.CreateSymbolicLink(Path.Combine(_outside, "in/self"), "/proc/self/environ");
        using var pipe = Process.Start("mkfifo", [Path.Combine(_outside, "in/pipe")]);
        pipe.WaitForExit();
    }

    [Theory]
    [InlineData("a/plain", true, "plain")]
    [InlineData("a/plain", false, "plain")]
    [InlineData("link", true, "plain")]
    [InlineData("link", false, "NotPlain")]
    [InlineData("folder/plain", true, "plain")]
    [InlineData("folder/plain", false, "NotPlain")]
    [InlineData("a/../a/plain", true, "plain")]
    [InlineData("out", true, "NotPlain")]
    [InlineData("absolute", true, "NotPlain")]
    [InlineData("up/secret", true, "NotPlain")]
    [InlineData("../secret", true, "NotPlain")]
    [InlineData("/etc/passwd", true, "NotPlain")]
    [InlineData("self", true, "NotPlain")]
    [InlineData("a", true, "NotPlain")]
    [InlineData("pipe", true, "NotPlain")]
    [InlineData("none", true, "Missing")]
    [InlineData("a/plain/none", true, "Missing")]
    public void Only_plain_files_below_the_folder_are_read(string path, bool followLinks, string expected)
    {
        var result = HostileFile.Read(Path.Combine(_outside, "in"), path, 100, followLinks, out var bytes);
        Assert.Equal(expected, result == HostileFileResult.Read ? Encoding.UTF8.GetString(bytes) : result.ToString());
    }

    [Theory]
    [InlineData(5, "Read")]
    [InlineData(4, "TooLarge")]
    public void No_more_is_read_than_may_be(int bytesMax, string expected) =>
        Assert.Equal(expected, HostileFile.Read(Path.Combine(_outside, "in"), "a/plain", bytesMax, followLinks: false, out _).ToString());

    public void Dispose() => Directory.Delete(_outside, recursive: true);
}
