using System.Text;
using System.Text.RegularExpressions;
using Shithub.Actions.Protocol;
using Shithub.Actions.Server.Http;

namespace Shithub.Actions.Server.Jobs;

/// <summary>Checks what a step, and a job, leaves for people: annotations, a summary, images.</summary>
internal static partial class StepNotesRequest
{
    /// <param name="refused">The call is not about a step that ends.</param>
    public static IResult? Check(StatusRequest request, bool refused)
    {
        var annotations = request.Annotations ?? [];
        if (refused && (annotations.Count > 0 || !string.IsNullOrEmpty(request.Summary)))
            return Problems.Invalid(annotations.Count > 0 ? "annotations" : "summary", "Annotations and a summary go with a step's last status.");
        if (request.Summary is { } summary)
        {
            if (summary.Contains('\0', StringComparison.Ordinal))
                return Problems.Invalid("summary", "'summary' holds the character NUL.");
            if (Encoding.UTF8.GetByteCount(summary) is var bytes && bytes > ProtocolLimits.SummaryBytes)
            {
                return Problems.Of(
                    StatusCodes.Status413PayloadTooLarge, $"'summary' is {bytes} bytes; a step may have {ProtocolLimits.SummaryBytes}.", "summary");
            }
        }

        foreach (var level in AnnotationLevels.All.Where(level =>
            annotations.Count(annotation => annotation?.Level == level) > ProtocolLimits.AnnotationsPerLevel))
        {
            return Problems.Invalid("annotations", $"A step may have {ProtocolLimits.AnnotationsPerLevel} annotations '{level}'.");
        }

        return annotations.Select(Describe).OfType<string>().FirstOrDefault() is { } problem ? Problems.Invalid("annotations", problem) : null;
    }

    /// <param name="refused">The call is not about a job that ends.</param>
    public static IResult? CheckReport(StatusRequest request, bool refused)
    {
        var (images, notes) = (request.Images ?? [], request.Notes ?? []);
        if (refused && (images.Count > 0 || notes.Count > 0))
            return Problems.Invalid(images.Count > 0 ? "images" : "notes", "Images and notes go with a job's last status.");
        if (images.Count > ProtocolLimits.ImagesPerJob)
            return Problems.Invalid("images", $"A job may name {ProtocolLimits.ImagesPerJob} images.");
        if (images.Any(image => !IsName(image?.Image) || image!.Digest is null || !Digest().IsMatch(image.Digest) || !IsName(image.Service ?? "-")))
        {
            return Problems.Invalid(
                "images", $"An image has an 'image' of 1 to {ProtocolLimits.ImageLength} characters and a 'digest': sha256: and 64 digits.");
        }

        if (notes.GroupBy(note => note?.Level).Any(level => level.Count() > ProtocolLimits.AnnotationsPerLevel))
            return Problems.Invalid("notes", $"A job may have {ProtocolLimits.AnnotationsPerLevel} notes of each level.");
        return notes.Select(Describe).OfType<string>().FirstOrDefault() is { } problem ? Problems.Invalid("notes", problem) : null;
    }

    /// <summary>What <see cref="Scrub"/> asks about.</summary>
    public static IEnumerable<string> Texts(IEnumerable<StepAnnotation> notes) =>
        notes.SelectMany(note => new[] { note.Message, note.Title, note.File }).OfType<string>();

    /// <summary>None is longer than it may be.</summary>
    public static IReadOnlyList<StepAnnotation> Scrub(IReadOnlyList<StepAnnotation> notes, Func<string, string> scrub) =>
    [
        .. notes.Select(note => note with
        {
            Message = Cut(scrub(note.Message!), ProtocolLimits.AnnotationMessageBytes),
            Title = note.Title is { } title ? CutLength(scrub(title), ProtocolLimits.AnnotationTitleLength) : null,
            File = note.File is { } file ? CutLength(scrub(file), ProtocolLimits.AnnotationFileLength) : null,
        }),
    ];

    /// <summary>A text that may have grown a little when something in it was hidden.</summary>
    /// <param name="bytesMax">Of UTF-8; whole characters.</param>
    public static string Cut(string text, int bytesMax)
    {
        if (Encoding.UTF8.GetByteCount(text) <= bytesMax)
            return text;
        var kept = new StringBuilder();
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > bytesMax)
                break;
            kept.Append(rune.ToString());
        }

        return kept.ToString();
    }

    /// <param name="lengthMax">Of UTF-16; half a character is none.</param>
    public static string CutLength(string text, int lengthMax) =>
        text.Length <= lengthMax ? text : text[..(char.IsHighSurrogate(text[lengthMax - 1]) ? lengthMax - 1 : lengthMax)];

    private static bool IsName(string? text) =>
        text is { Length: > 0 and <= ProtocolLimits.ImageLength } && !text.Contains('\0', StringComparison.Ordinal);

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z")]
    private static partial Regex Digest();

    private static string? Describe(StepAnnotation? annotation)
    {
        if (annotation is null || !AnnotationLevels.All.Contains(annotation.Level))
            return $"An annotation's 'level' is one of {string.Join(", ", AnnotationLevels.All)}.";
        if (string.IsNullOrEmpty(annotation.Message) || Encoding.UTF8.GetByteCount(annotation.Message) > ProtocolLimits.AnnotationMessageBytes)
            return $"An annotation has a 'message' of 1 to {ProtocolLimits.AnnotationMessageBytes} bytes.";
        if (annotation.Title?.Length > ProtocolLimits.AnnotationTitleLength || annotation.File?.Length > ProtocolLimits.AnnotationFileLength)
        {
            return $"An annotation's 'title' has at most {ProtocolLimits.AnnotationTitleLength} characters, its 'file' "
                + $"{ProtocolLimits.AnnotationFileLength}.";
        }

        if (annotation is { Line: < 1 } or { EndLine: < 1 } or { Col: < 1 } or { EndCol: < 1 })
            return "An annotation's lines and columns are numbers from 1.";
        return (annotation.Message + annotation.Title + annotation.File).Contains('\0', StringComparison.Ordinal)
            ? "An annotation holds the character NUL." : null;
    }
}
