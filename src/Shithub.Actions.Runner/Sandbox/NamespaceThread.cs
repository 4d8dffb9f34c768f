using System.Runtime.InteropServices;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>Acts in other namespaces than this program's, on a thread of its own, which then ends: one that has changed them must do nothing else.</summary>
internal static partial class NamespaceThread
{
    /// <param name="name">The thread's.</param>
    /// <param name="act">Enters, and acts; what it throws is thrown where the result is awaited.</param>
    public static Task<T> RunAsync<T>(string name, Func<T> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                done.SetResult(act());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = name }.Start();
        return done.Task;
    }

    /// <summary>Moves the calling thread (<c>setns(2)</c>).</summary>
    /// <param name="space">The namespace's file.</param>
    /// <param name="type">Its kind, a <c>CLONE_NEW…</c> number.</param>
    /// <returns>False: the last error says why not.</returns>
    public static bool TryEnter(SafeHandle space, int type) => setns(space, type) == 0;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeHandle space, int type);
}
