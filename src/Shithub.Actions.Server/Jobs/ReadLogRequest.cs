using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Shithub.Actions.Protocol;

namespace Shithub.Actions.Server.Jobs;

/// <summary>A checked log request.</summary>
/// <param name="Masks">What steps asked to hide.</param>
public sealed record LogMessage(int Seq, long? StepId, byte[] Chunk, IReadOnlyCollection<string> Masks);

/// <summary>
/// Reads what nearly every log request looks like without making a string of the chunk. Whatever is unusual in any way is left to the
/// general reader, which says what is wrong with it.
/// </summary>
public static class ReadLogRequest
{
    public static LogMessage? TryRead(ReadOnlySpan<byte> body)
    {
        int? seq = null;
        long? stepId = null;
        byte[]? chunk = null;
        var reader = new Utf8JsonReader(body);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (seq is null && reader.ValueTextEquals("seq"u8))
                {
                    if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var number))
                        return null;
                    seq = number;
                }
                else if (chunk is null && reader.ValueTextEquals("chunk"u8))
                {
                    if (!reader.Read() || reader.TokenType != JsonTokenType.String || (chunk = ReadBase64(ref reader)) is null)
                        return null;
                }
                else if (stepId is null && reader.ValueTextEquals("step_id"u8))
                {
                    if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var id))
                        return null;
                    stepId = id;
                }
                else
                {
                    return null;
                }
            }

            return reader.TokenType == JsonTokenType.EndObject && !reader.Read()
                && seq is >= 0 and <= JobRequests.SeqMax && stepId is null or > 0 && chunk is { Length: <= ProtocolLimits.LogChunkBytes }
                ? new LogMessage(seq!.Value, stepId, chunk, [])
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The latter: half of a surrogate pair.
            return null;
        }
    }

    /// <summary>As <see cref="Utf8JsonReader.TryGetBytesFromBase64"/>, straight into the array that is returned.</summary>
    private static byte[]? ReadBase64(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
            return reader.TryGetBytesFromBase64(out var unescaped) ? unescaped : null;
        var text = reader.ValueSpan;
        var padding = text.EndsWith("=="u8) ? 2 : text.EndsWith("="u8) ? 1 : 0;
        var bytes = GC.AllocateUninitializedArray<byte>(Math.Max(0, Base64.GetMaxDecodedFromUtf8Length(text.Length) - padding));
        if (Base64.DecodeFromUtf8(text, bytes, out _, out var written) != OperationStatus.Done)
            return null;
        // Less with white space in it.
        return written == bytes.Length ? bytes : bytes[..written];
    }
}
