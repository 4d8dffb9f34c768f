namespace Shithub.Actions.Configuration.Binding;

/// <summary>Reads a file that is expected to be small, and no more than that of one that is not, or that never ends.</summary>
internal static class SmallFile
{
    /// <exception cref="IOException">It cannot be read or is larger than <paramref name="max"/> bytes.</exception>
    public static byte[] Read(string path, int max)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[max + 1];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length <= max ? buffer[..length] : throw new IOException($"It is larger than {max / 1024} KiB.");
    }
}
