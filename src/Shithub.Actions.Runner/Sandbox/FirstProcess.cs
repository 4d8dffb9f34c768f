using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>
/// A container's first process as this host knows it, told apart from one that gets its number later (<c>pidfd_open(2)</c>). All others of the
/// container are in its PID namespace: the kernel kills them with it, and says that it has ended when they have. So this ends a container in a
/// millisecond or two, where an engine starts a program for it and then looks every now and then whether it was heeded.
/// </summary>
internal sealed partial class FirstProcess : IDisposable
{
    private const int PidfdOpen = 434;
    private const int PidfdSendSignal = 424;
    private const int SigKill = 9;
    private readonly SafeFileHandle _process;

    private FirstProcess(SafeFileHandle process) => _process = process;

    /// <param name="pid">As the engine says.</param>
    /// <param name="container">The engine's id.</param>
    /// <returns>Null: it has ended, or the number is not one of this host's as this program sees it. What is found belongs to the container: its
    /// control group, which engines name after it, is looked at when the process can't be mistaken any more.</returns>
    public static FirstProcess? Find(int pid, string container)
    {
        var descriptor = (int)syscall(PidfdOpen, pid, 0);
        if (descriptor < 0) return null;
        var process = new FirstProcess(new SafeFileHandle(descriptor, ownsHandle: true));
        if (IsOf(pid, container) && process.IsAlive) return process;
        process.Dispose();
        return null;
    }

    /// <summary>It or another one of the container's; a container that is going counts until its last process is gone.</summary>
    public bool IsAlive => !HasEnded(TimeSpan.Zero);

    /// <summary>Kills every process of the container, and waits until they are dead.</summary>
    /// <returns>False: this program may not, or one did not die in this time.</returns>
    public async Task<bool> KillAsync(TimeSpan patience)
    {
        if (!IsAlive) return true;
        if (syscall(PidfdSendSignal, _process, SigKill, 0, 0) != 0 && IsAlive) return false;
        return await Task.Run(() => HasEnded(patience));
    }

    public void Dispose() => _process.Dispose();

    private bool HasEnded(TimeSpan patience)
    {
        Span<Poll.Entry> ended = [Poll.Entry.ToRead(_process)];
        Poll.Wait(ended, patience);
        return ended[0].IsReady;
    }

    private static bool IsOf(int pid, string container)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")).Contains(container, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint pid, nint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, SafeFileHandle process, nint signal, nint info, nint flags);
}
