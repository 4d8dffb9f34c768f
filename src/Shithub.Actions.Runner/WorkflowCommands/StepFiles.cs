using System.Security.Cryptography;
using System.Text;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Sandbox;

namespace Shithub.Actions.Runner.WorkflowCommands;

/// <summary>What a step wrote to its files.</summary>
/// <param name="Env">For the steps after it.</param>
/// <param name="SearchPath">Folders for the front of <c>PATH</c>, in the order they were written.</param>
/// <param name="Summary">Markdown; empty for none.</param>
/// <param name="SummaryProblem">Why there is no summary though it wrote one, as the end of a sentence; that fails no step.</param>
/// <param name="Problem">Why nothing of a file was taken, as the end of a sentence; null: all is well.</param>
internal sealed record StepFileContents(
    IReadOnlyList<KeyValuePair<string, string>> Env,
    IReadOnlyList<KeyValuePair<string, string>> Outputs,
    IReadOnlyList<string> SearchPath,
    string Summary,
    string? SummaryProblem,
    string? Problem);

/// <summary>
/// The files through which a step says what shall hold after it: <c>GITHUB_ENV</c>, <c>GITHUB_OUTPUT</c>, <c>GITHUB_PATH</c>,
/// <c>GITHUB_STEP_SUMMARY</c>, <c>GITHUB_STATE</c>, and the same files as <c>SHITHUB_…</c>. Each step has fresh ones in a folder whose name
/// nobody can guess, so that a process of an earlier step does not find them; the name also marks the step's processes.
/// </summary>
internal sealed class StepFiles
{
    /// <summary>Of each file.</summary>
    public const int FileBytesMax = 1024 * 1024;

    private static readonly (string Variable, string File)[] Files =
    [
        ("ENV", "env"), ("OUTPUT", "output"), ("PATH", "path"), ("STEP_SUMMARY", "summary"), ("STATE", "state"),
    ];

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private string? _folder;

    public StepFiles() => Paths = Files.ToDictionary(file => file.Variable, file => $"{ContainerPaths.Commands}/{Mark}/{file.File}");

    /// <summary>In the environment of every process of the step, and of no other.</summary>
    public string Mark { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Paths in the container by the names of their variables, without prefix.</summary>
    public IReadOnlyDictionary<string, string> Paths { get; }

    /// <summary>Makes the files: only a step that runs has any.</summary>
    public void Create(JobWorkspace workspace) => _folder = workspace.NewCommandFolder(Mark, Files.Select(file => file.File));

    /// <summary>Reads the files after the step. Its processes may have left anything there.</summary>
    public StepFileContents Read()
    {
        string? problem = null;
        var env = Pairs("ENV");
        var outputs = Pairs("OUTPUT");
        var path = Lines("PATH");
        var ofOthers = problem;
        problem = null;
        var summary = Utf8.GetString(WithoutMark(Bytes("STEP_SUMMARY")));
        return new StepFileContents(env, outputs, path, problem is null ? summary : "", problem, ofOthers);

        IReadOnlyList<KeyValuePair<string, string>> Pairs(string variable)
        {
            try
            {
                return KeyValueFile.Parse(Utf8.GetString(WithoutMark(Bytes(variable))));
            }
            catch (FormatException e)
            {
                problem ??= $"what it wrote to $GITHUB_{variable} can't be used: {e.Message}";
                return [];
            }
        }

        IReadOnlyList<string> Lines(string variable) => KeyValueFile.Lines(Utf8.GetString(WithoutMark(Bytes(variable))));

        byte[] Bytes(string variable)
        {
            var file = Files.First(file => file.Variable == variable).File;
            var result = HostileFile.Read(_folder!, file, FileBytesMax, followLinks: false, out var bytes);
            problem ??= result switch
            {
                HostileFileResult.TooLarge => $"it wrote more than {FileBytesMax / 1024} KiB to $GITHUB_{variable}",
                HostileFileResult.NotPlain => $"it left something at $GITHUB_{variable} that is no plain file",
                _ => null,
            };
            return bytes;
        }
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("\uFEFF"u8) ? bytes["\uFEFF"u8.Length..] : bytes;
}
