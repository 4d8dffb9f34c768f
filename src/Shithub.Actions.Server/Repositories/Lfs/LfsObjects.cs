using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Shithub.Actions.Server.Repositories.Lfs;

/// <summary>
/// The large files of one repository, each named by the SHA-256 of its content (its oid) and kept where git-lfs itself has them:
/// <c>lfs/objects/ab/cd/abcd…</c> in the bare repository's folder, so they go when that goes.
/// </summary>
/// <param name="repository">The bare repository.</param>
public sealed class LfsObjects(GitRepository repository)
{
    private readonly string _objects = Path.Combine(repository.Path, "lfs", "objects");
    private readonly string _incoming = Path.Combine(repository.Path, "lfs", "incoming");

    /// <summary>Nothing else ever becomes part of a path.</summary>
    public static bool IsOid(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);

    /// <returns>The file that is there, whole; null where there is none.</returns>
    public FileInfo? Find(string oid) => new FileInfo(PathOf(oid)) is { Exists: true } file ? file : null;

    /// <summary>Takes an object in. It is there, whole and on disk, or not at all.</summary>
    /// <param name="leftAfter">Uploads that have not moved for that long were left by a server that was killed, and go.</param>
    /// <returns>False where the bytes are not those that <paramref name="oid"/> names.</returns>
    /// <exception cref="GitBodyException">Too large, or silent for too long.</exception>
    public async Task<bool> StoreAsync(string oid, GitRequestBody body, TimeSpan leftAfter, CancellationToken cancellation)
    {
        var incoming = Directory.CreateDirectory(_incoming);
        foreach (var left in incoming.EnumerateFiles().Where(file => file.LastWriteTimeUtc < DateTime.UtcNow - leftAfter))
            left.Delete();
        var temporary = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        try
        {
            if (await WriteAsync(temporary, body, cancellation) != oid)
                return false;
            var path = PathOf(oid);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Gives a fork all that is here: links to the same bytes, which never change.</summary>
    /// <exception cref="IOException">One could not be linked.</exception>
    public void ShareWith(LfsObjects fork)
    {
        if (!Directory.Exists(_objects))
            return;
        foreach (var file in Directory.EnumerateFiles(_objects, "*", SearchOption.AllDirectories))
        {
            var path = fork.PathOf(Path.GetFileName(file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (Link(file, path) != 0)
                throw new IOException($"{file} can't be linked to {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private static async Task<string> WriteAsync(string path, GitRequestBody body, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }

        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string PathOf(string oid) => IsOid(oid)
        ? Path.Combine(_objects, oid[..2], oid[2..4], oid)
        : throw new ArgumentException($"'{oid}' is no object id.", nameof(oid));

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
