using System.Buffers.Binary;
using System.Text;

namespace Shithub.Actions.Runner.Network;

/// <summary>A question for an address (RFC 1035) and how it was answered; as much of the protocol as a check needs.</summary>
internal static class DnsQuestion
{
    public const int AnswerBytesMax = 4096;

    private const int HeaderBytes = 12;
    private const ushort RecursionDesired = 0x0100;
    private const byte CodeMask = 0x0F;
    private const ushort AddressType = 1;
    private const ushort InternetClass = 1;

    public static byte[] Make(ushort id, string name)
    {
        using var message = new MemoryStream();
        Write(message, id, RecursionDesired, 1, 0, 0, 0);
        foreach (var label in name.Split('.'))
        {
            message.WriteByte((byte)label.Length);
            message.Write(Encoding.ASCII.GetBytes(label));
        }

        message.WriteByte(0);
        Write(message, AddressType, InternetClass);
        return message.ToArray();
    }

    /// <summary>The answer's code, 0 for none and 3 for a name that does not exist, and how many records it has; null: not an answer to this.</summary>
    public static (int Code, int Records)? Read(ReadOnlySpan<byte> answer, ushort id) =>
        answer.Length >= HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(answer) == id
            ? (answer[3] & CodeMask, BinaryPrimitives.ReadUInt16BigEndian(answer[6..]))
            : null;

    private static void Write(MemoryStream message, params ReadOnlySpan<ushort> values)
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
            message.Write(bytes);
        }
    }
}
