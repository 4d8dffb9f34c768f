using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Shithub.Actions.Runner.Warm;

/// <summary>A process of this host, told apart from one that gets its number later: an open file of <c>/proc</c> stays with its process.</summary>
internal sealed class ProcessHandle : IDisposable
{
    private readonly SafeFileHandle _stat;

    /// <exception cref="IOException">It is gone.</exception>
    public ProcessHandle(int pid) => _stat = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));

    public bool IsAlive
    {
        get
        {
            Span<byte> stat = stackalloc byte[512];
            try
            {
                stat = stat[..RandomAccess.Read(_stat, stat, 0)];
            }
            catch (IOException)
            {
                return false;
            }

            // 'pid (name) state …', and the name may have brackets.
            var state = stat.LastIndexOf(") "u8) + 2;
            return state < stat.Length && stat[state] is not ((byte)'Z' or (byte)'X');
        }
    }

    public void Dispose() => _stat.Dispose();
}
