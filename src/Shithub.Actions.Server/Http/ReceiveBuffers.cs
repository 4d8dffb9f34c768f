using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Shithub.Actions.Server.Http;

/// <summary>
/// The memory that Kestrel receives into. By itself it takes 4 KiB at a time from a socket, which for a log chunk is 170 calls of the system
/// and as many changes of thread. A connection has such a block only while something is on its way.
/// </summary>
internal sealed class ReceiveBuffers : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private const int BlockBytes = 64 * 1024;

        public override int MaxBufferSize => Shared.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, BlockBytes));

        protected override void Dispose(bool disposing)
        {
            // The shared pool stays.
        }
    }
}
