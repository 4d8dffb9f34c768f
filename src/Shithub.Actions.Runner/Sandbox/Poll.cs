using System.Runtime.InteropServices;

namespace Shithub.Actions.Runner.Sandbox;

/// <summary>Waits on descriptors that .NET knows no asynchronous way to wait on (<c>poll(2)</c>).</summary>
internal static partial class Poll
{
    private const short In = 1;
    private const short Out = 4;
    private const int Interrupted = 4;

    /// <summary>Returns when one of them is ready, or when the time is over; who is ready says so in <see cref="Entry.IsReady"/>.</summary>
    /// <exception cref="IOException">They can't be waited on.</exception>
    public static void Wait(Span<Entry> entries, TimeSpan patience)
    {
        while (poll(entries, (nuint)entries.Length, (int)patience.TotalMilliseconds) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw new IOException($"A descriptor can't be waited on: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(Span<Entry> entries, nuint count, int timeout);

    /// <summary>What is waited on. One of no handle is passed over.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly struct Entry
    {
        private readonly int _file;
        private readonly short _wanted;
        private readonly short _found;

        private Entry(SafeHandle? handle, short wanted) => (_file, _wanted, _found) = ((int)(handle?.DangerousGetHandle() ?? -1), wanted, 0);

        /// <summary>It can be read, or has ended.</summary>
        public static Entry ToRead(SafeHandle? handle) => new(handle, In);

        /// <summary>It can be written, or nobody reads it.</summary>
        public static Entry ToWrite(SafeHandle handle) => new(handle, Out);

        public bool IsReady => _found != 0;
    }
}
