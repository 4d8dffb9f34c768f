namespace Shithub.Actions.Server.Admin;

/// <summary>Files that a command is given by name; <c>-</c> is standard input.</summary>
internal static class CommandFile
{
    /// <summary>The file's bytes. One byte more than <paramref name="limit"/> is enough for whoever reads it to refuse it.</summary>
    public static async Task<byte[]> ReadAsync(string path, int limit, CancellationToken cancellation)
    {
        await using var stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (content.Length <= limit)
        {
            var length = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit + 1 - content.Length)), cancellation);
            if (length == 0)
                break;
            content.Write(buffer, 0, length);
        }

        return content.ToArray();
    }

    /// <summary>Whether an exception says that a file can't be read, rather than that there is a bug.</summary>
    public static bool IsUnreadable(Exception error) =>
        error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;
}
