using System.Buffers;
using System.Text;
using System.Text.Json.Serialization;
using Shithub.Actions.Server.PullRequests;

namespace Shithub.Actions.Server.Repositories;

/// <summary>One ref that a push wants changed. All zeros as old or new: the ref does not exist before or after.</summary>
public sealed record RefCommand(string Ref, string Old, string New)
{
    [JsonIgnore]
    public bool IsCreation => Old.All(digit => digit == '0');

    [JsonIgnore]
    public bool IsDeletion => New.All(digit => digit == '0');
}

/// <summary>The beginning of a push: what it wants changed, before the pack (gitprotocol-pack, "Reference Update Request").</summary>
public sealed class ReceivePackRequest
{
    public const int CommandsMax = 2000;
    private const int BytesMax = 4 * 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ArrayBufferWriter<byte> _raw = new();

    private ReceivePackRequest()
    {
    }

    public List<RefCommand> Commands { get; } = [];

    public HashSet<string> Capabilities { get; } = new(StringComparer.Ordinal);

    /// <summary>Why the push can't be taken, or null. Every ref of it is refused then: a push is one thing to whoever sends it.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What the push says before its commands: where the client's history ends.</summary>
    public List<byte[]> ShallowLines { get; } = [];

    /// <summary>The push is to <c>refs/for/</c>, and to nothing else: it is <see cref="Commands"/>' only one.</summary>
    public bool IsProposal => Commands is [var only] && RawRefs.Count == 1 && ForRef.Is(only.Ref);

    /// <summary>The names as sent, for an answer that names them in bytes that may be no text.</summary>
    public List<byte[]> RawRefs { get; } = [];

    /// <summary>The bytes that were read, to be handed on to git.</summary>
    public ReadOnlyMemory<byte> Raw => _raw.WrittenMemory;

    /// <exception cref="InvalidDataException">The bytes are no push.</exception>
    public static async Task<ReceivePackRequest> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var request = new ReceivePackRequest();
        while (await PktLine.ReadAsync(stream, cancellation) is { } line)
        {
            request._raw.Write(PktLine.Of(line));
            if (request._raw.WrittenCount > BytesMax || request.RawRefs.Count > CommandsMax)
                throw new InvalidDataException($"A push may change at most {CommandsMax} refs. Push them in several parts.");
            request.Add(line);
        }

        request._raw.Write(PktLine.Flush);
        return request;
    }

    private void Add(byte[] line)
    {
        var text = line.AsSpan();
        if (text.StartsWith("shallow "u8))
        {
            ShallowLines.Add(line);
            return;
        }

        if (RawRefs.Count == 0 && text.IndexOf((byte)0) is >= 0 and var zero)
        {
            Capabilities.UnionWith(Encoding.ASCII.GetString(text[(zero + 1)..]).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
            text = text[..zero];
        }

        if (text.StartsWith("push-cert"u8))
            throw new InvalidDataException("Signed pushes are not supported. Push without --signed.");
        if (text.EndsWith("\n"u8))
            text = text[..^1];
        // "old new ref"
        if (text.Length < 83 || text[40] != ' ' || text[81] != ' ')
            throw new InvalidDataException("The request has a command that is not 'old new ref'.");
        var old = Encoding.ASCII.GetString(text[..40]);
        var @new = Encoding.ASCII.GetString(text[41..81]);
        if (!RefName.IsSha(old) || !RefName.IsSha(@new))
            throw new InvalidDataException("The request has a command with an object id that is none.");
        RawRefs.Add(text[82..].ToArray());
        var name = Decode(text[82..]);
        if (name is not null && (RefName.IsBranchOrTag(name) || ForRef.Is(name)))
            Commands.Add(new RefCommand(name, old, @new));
        else
            Refusal = "only valid UTF-8 names under refs/heads/ and refs/tags/ are accepted here, and refs/for/<branch> to propose a change";
        if (name is not null && ForRef.Is(name) && Commands[^1].IsDeletion)
            Refusal = "there is nothing to delete under refs/for/: close the pull request instead";
        if (RawRefs.Count > 1 && Commands.Exists(command => ForRef.Is(command.Ref)))
            Refusal = "refs/for/<branch> is pushed to alone: push the other refs by themselves";
    }

    /// <summary>Refuses the whole push.</summary>
    public void Refuse(string reason) => Refusal ??= reason;

    private static string? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
