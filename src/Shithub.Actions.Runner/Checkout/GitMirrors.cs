using System.Collections.Concurrent;
using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Shithub.Actions.Runner.Engine;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>
/// The mirrors on this host. Each belongs to a user who is neither root nor the steps' user, in a folder that no container sees. One
/// checkout at a time has a mirror, across all runners of the host that share the folder; who can't get it soon fetches into a folder of
/// its own instead. A mirror whose user was killed is not trusted: it starts afresh.
/// </summary>
internal sealed partial class GitMirrors
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passable = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int PacksMax = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CleanupTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    private readonly GitMirrorSettings _settings;
    private readonly GitProcess _git;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal);
    private long _sweptAt;

    public GitMirrors(GitMirrorSettings settings, TimeProvider time, ILogger<GitMirrors> logger)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        _git = new GitProcess(settings.User, settings.FileBytesMax);
        _sweptAt = time.GetTimestamp();
        Directory.CreateDirectory(settings.Root);
        File.SetUnixFileMode(settings.Root, Passable);
    }

    /// <summary>The folder of all mirrors.</summary>
    public string Root => _settings.Root;

    /// <summary>The file limit of everything that git writes for a job.</summary>
    public long FileBytesMax => _settings.FileBytesMax;

    /// <summary>Makes a repository and removes it: shows that git can work here.</summary>
    /// <exception cref="IOException">It can't.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await (await NewThrowawayAsync(cancellationToken)).DisposeAsync();
        }
        catch (Win32Exception e)
        {
            throw new IOException($"git can't be started: {e.Message}. Install git and util-linux (prlimit, setpriv).", e);
        }
    }

    /// <param name="kept">False: a fresh one that goes afterwards.</param>
    public async Task<GitMirror> RentAsync(GitRemote remote, bool kept, CancellationToken cancellationToken)
    {
        if (!kept || _settings.BytesMax == 0) return await NewThrowawayAsync(cancellationToken);
        var key = KeyOf(remote);
        if (await LockAsync(key, Patience, cancellationToken) is not { } held)
        {
            Busy(_logger, remote.Address, Patience);
            return await NewThrowawayAsync(cancellationToken);
        }

        try
        {
            var folder = FolderOf(key);
            if (File.Exists(BusyOf(key)))
            {
                WasLeft(_logger, remote.Address);
                await RemoveAsync(key, cancellationToken);
            }

            await File.WriteAllBytesAsync(BusyOf(key), [], cancellationToken);
            if (!Directory.Exists(folder)) await CreateAsync(folder, cancellationToken);
            return new GitMirror(_git, folder, isKept: true, mirror => GiveBackAsync(mirror, key, held));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>A mirror that turned out to be damaged goes.</summary>
    public async Task DropAsync(GitRemote remote, CancellationToken cancellationToken)
    {
        var key = KeyOf(remote);
        if (await LockAsync(key, Patience, cancellationToken) is not { } held) return;
        Damaged(_logger, remote.Address);
        using (held) await RemoveAsync(key, cancellationToken);
    }

    /// <summary>
    /// Removes mirrors that nobody has used for long, then the least recently used ones until the rest fits, and what crashes left.
    /// </summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        foreach (var left in Directory.EnumerateDirectories(Root, "gone-*").Concat(Directory.EnumerateDirectories(Root, "once-*")
            .Where(folder => Directory.GetLastWriteTimeUtc(folder) < now - TimeSpan.FromDays(1))))
            await JobWorkspace.RemoveFolderAsync(left, cancellationToken);

        var mirrors = Directory.EnumerateDirectories(Root, "*.git")
            .Select(folder => Path.GetFileNameWithoutExtension(folder))
            .Select(key => (Key: key, UsedAt: UsedAt(key), Bytes: SizeOf(FolderOf(key))))
            .OrderByDescending(mirror => mirror.UsedAt).ToList();
        var kept = 0L;
        foreach (var (key, usedAt, bytes) in mirrors)
        {
            kept += bytes;
            if (kept <= _settings.BytesMax && usedAt > now - _settings.UnusedMax) continue;
            kept -= bytes;
            if (await LockAsync(key, TimeSpan.Zero, cancellationToken) is not { } held) continue;
            using (held) await RemoveAsync(key, cancellationToken);
            Removed(_logger, FolderOf(key), bytes, usedAt);
        }
    }

    private static string KeyOf(GitRemote remote) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(remote.Identity)))[..40];

    private string FolderOf(string key) => Path.Combine(Root, key + ".git");

    /// <summary>There while somebody has the mirror: who finds it after taking the lock knows that its last user was killed.</summary>
    private string BusyOf(string key) => Path.Combine(Root, key + ".busy");

    /// <summary>When the mirror was last given back.</summary>
    private DateTime UsedAt(string key) => Directory.GetLastWriteTimeUtc(FolderOf(key));

    private static long SizeOf(string folder) => new DirectoryInfo(folder)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Sum(file => file.Length);

    private async Task<GitMirror> NewThrowawayAsync(CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Root, $"once-{Guid.NewGuid():N}");
        await CreateAsync(folder, cancellationToken);
        return new GitMirror(_git, folder, isKept: false, async mirror =>
        {
            using var bounded = new CancellationTokenSource(CleanupTime);
            await JobWorkspace.RemoveFolderAsync(mirror.Folder, bounded.Token);
        });
    }

    private async Task CreateAsync(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, Private);
        JobWorkspace.Give(folder, _settings.User);
        var result = await _git.RunAsync(new GitCall(folder, ["init", "--quiet", "--bare", "--template=", "--", folder]), cancellationToken);
        if (!result.Succeeded)
            throw new IOException($"git can't work in {folder} as user {_settings.User}: {result.Error}. All folders above it must let users pass.");
    }

    private async Task GiveBackAsync(GitMirror mirror, string key, IDisposable held)
    {
        // Whatever became of the job: the mirror must be found in order.
        using var bounded = new CancellationTokenSource(CleanupTime);
        using (held)
        {
            // Somebody may have cleared the folder meanwhile; that must not fail a job.
            if (!Directory.Exists(mirror.Folder) || SizeOf(mirror.Folder) > _settings.BytesMax)
            {
                await RemoveAsync(key, bounded.Token);
                return;
            }

            TidyUp(mirror.Folder);
            if (Directory.EnumerateFiles(Path.Combine(mirror.Folder, "objects", "pack"), "*.pack").Count() > PacksMax)
            {
                // Merges small packs into larger ones, each object a few times in a mirror's life.
                await _git.RunAsync(
                    new GitCall(mirror.Folder, [$"--git-dir={mirror.Folder}", "repack", "--quiet", "--geometric=2", "-d"]), bounded.Token);
            }

            Directory.SetLastWriteTimeUtc(mirror.Folder, _time.GetUtcNow().UtcDateTime);
            File.Delete(BusyOf(key));
        }

        var sweptAt = Interlocked.Read(ref _sweptAt);
        if (_time.GetElapsedTime(sweptAt) > SweepEvery && Interlocked.CompareExchange(ref _sweptAt, _time.GetTimestamp(), sweptAt) == sweptAt)
            await SweepAsync(bounded.Token);
    }

    /// <summary>A git that was stopped leaves its locks and unfinished packs. None runs now.</summary>
    private static void TidyUp(string folder)
    {
        var deep = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var left in Directory.EnumerateFiles(folder, "*.lock", deep).Concat(Directory.EnumerateFiles(Path.Combine(folder, "objects"), "tmp_*", deep)).ToList())
            File.Delete(left);
    }

    private async Task RemoveAsync(string key, CancellationToken cancellationToken)
    {
        // Out of the way at once: a git that outlived its runner may still write there.
        var gone = Path.Combine(Root, $"gone-{Guid.NewGuid():N}");
        if (Directory.Exists(FolderOf(key)))
        {
            Directory.Move(FolderOf(key), gone);
            await JobWorkspace.RemoveFolderAsync(gone, cancellationToken);
        }

        File.Delete(BusyOf(key));
    }

    /// <summary>Alone in this process, then on this host.</summary>
    /// <returns>Null if others had it all the time.</returns>
    private async Task<IDisposable?> LockAsync(string key, TimeSpan patience, CancellationToken cancellationToken)
    {
        // Two mirrors may share a lock: there is a bounded number of files, and none is ever removed, since a file that is removed while
        // somebody opens it locks nothing.
        var name = key[..2];
        var gate = _gates.GetOrAdd(name, _ => new SemaphoreSlim(1, 1));
        var startedAt = _time.GetTimestamp();
        if (!await gate.WaitAsync(patience, cancellationToken)) return null;
        try
        {
            var left = patience - _time.GetElapsedTime(startedAt);
            return new Held(gate, await HostLock.TakeAsync(Path.Combine(Root, $"{name}.lock"), left, _time, cancellationToken));
        }
        catch (IOException)
        {
            gate.Release();
            return null;
        }
        catch
        {
            gate.Release();
            throw;
        }
    }

    private sealed class Held(SemaphoreSlim gate, IDisposable file) : IDisposable
    {
        public void Dispose()
        {
            file.Dispose();
            gate.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The mirror of {Repository} is busy for more than {Patience}; a checkout goes on without it.")]
    private static partial void Busy(ILogger logger, string repository, TimeSpan patience);

    [LoggerMessage(2, LogLevel.Warning, "The mirror of {Repository} was in use when its runner was killed; it starts afresh.")]
    private static partial void WasLeft(ILogger logger, string repository);

    [LoggerMessage(4, LogLevel.Warning, "The mirror of {Repository} was damaged; it starts afresh.")]
    private static partial void Damaged(ILogger logger, string repository);

    [LoggerMessage(3, LogLevel.Information, "Removed the mirror {Folder} ({Bytes} bytes, last used {UsedAt}).")]
    private static partial void Removed(ILogger logger, string folder, long bytes, DateTime usedAt);
}

/// <param name="Root">The folder of all mirrors.</param>
/// <param name="User">Whom they belong to.</param>
/// <param name="BytesMax">Of all mirrors together; 0: none is kept.</param>
/// <param name="UnusedMax">One that nobody has used for so long goes.</param>
/// <param name="FileBytesMax">The largest file that git may write.</param>
internal sealed record GitMirrorSettings(string Root, UserIds User, long BytesMax, TimeSpan UnusedMax, long FileBytesMax);
