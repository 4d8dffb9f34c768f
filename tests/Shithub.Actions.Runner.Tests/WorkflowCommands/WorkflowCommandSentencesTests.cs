using System.Text;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Runner.WorkflowCommands;
using Xunit;

namespace Shithub.Actions.Runner.Tests.WorkflowCommands;

/// <summary>Sentences of GitHub's 'Workflow commands' about annotations, groups and other lines of a log; their titles are those sentences.</summary>
public sealed class WorkflowCommandSentencesTests
{
    public static IEnumerable<TheoryDataRow<string, string>> Sentences =>
    [
        Says("Creates a notice message and prints the message to the log.", "::notice file=app.js,line=1,col=5,endColumn=7::Missing semicolon", "notice app.js 1- 5-7: Missing semicolon"),
        Says("Creates a warning message and prints the message to the log.", "::warning file=app.js,line=1,col=5,endColumn=7,title=YOUR-TITLE::Missing semicolon", "warning YOUR-TITLE app.js 1- 5-7: Missing semicolon"),
        Says("Creates an error message and prints the message to the log.", "::error file=app.js,line=1,endLine=3,title=T::Missing semicolon", "error T app.js 1-3 -: Missing semicolon"),
        Says("This message will create an annotation, which can associate the message with a particular file in your repository. Optionally, your message can specify a position within the file.", "::error file=a/b.c::m", "error a/b.c - -: m"),
        Says("All parameters are optional.", "::error::m", "error - -: m"),
        Says("Command and parameter names are case insensitive.", "::Error FILE=a,LINE=3::m", "error a 3- -: m"),
        Says("Multiline: %0A and %0D in the message.", "::error::one%0Atwo%0D%250A", "error - -: one\ntwo\r%0A"),
        Says("%3A and %2C in parameters.", "::error file=C%3A\\a%2Cb%25,line=1::m", "error C:\\a,b% 1- -: m"),
        Says("A colon pair in the message belongs to it.", "::warning::a::b", "warning - -: a::b"),
        Says("A parameter without a value is left out.", "::error file=,line=::m", "error - -: m"),
        Says("A position that is no number is left out.", "::error file=a,line=x,col=-1::m", "error a - -: m"),
        Says("An unknown parameter is left out.", "::error file=a,foo=b::m", "error a - -: m"),
        Says("An empty message is no annotation.", "::error::", ""),
        Says("Without '::' before the message it is text.", "::error file=a", ""),
        Says("In the middle of a line it is text.", "x ::error::m", ""),
        Says("Prints a debug message to the log.", "::debug::Set the Octocat variable", ""),
        Says("Creates an expandable group in the log.", "::group::My title", ""),
        Says("Stops processing any workflow commands.", "::stop-commands::t0ken\n::error::m\n::t0ken::\n::warning::n", "warning - -: n"),
        Says("To start workflow commands, pass the same token that you used to stop it.", "::stop-commands::t0ken\n::other::\n::error::m", ""),
        Says("Enables or disables echoing of workflow commands.", "::echo::on", ""),
    ];

    private static TheoryDataRow<string, string> Says(string sentence, string output, string annotation) =>
        new(output, annotation) { TestDisplayName = sentence };

    [Theory]
    [MemberData(nameof(Sentences))]
    public async Task A_sentence_of_the_documentation_holds(string output, string annotation)
    {
        var (notes, log, _) = await WriteAsync(output + "\n");
        Assert.Equal(output + "\n", log);
        Assert.Equal(annotation, string.Join('\n', notes.Shown(new JobMasks([])).Annotations.Select(Show)));
    }

    [Fact]
    public async Task A_step_has_ten_annotations_of_each_kind()
    {
        var (notes, log, remarks) = await WriteAsync(string.Concat(Enumerable.Range(0, 12).Select(n => $"::error::e{n}\n::notice::n{n}\n")));
        Assert.Equal(20, notes.Annotations.Count);
        Assert.Contains("::error::e11", log, StringComparison.Ordinal);
        Assert.Equal(2, remarks.Count);
    }

    [Fact]
    public async Task A_long_message_is_cut_after_a_whole_character()
    {
        var (notes, _, _) = await WriteAsync($"::error::{new string('é', 5000)}\n");
        var (annotations, _) = notes.Shown(new JobMasks([]));
        Assert.Equal(new string('é', ProtocolLimits.AnnotationMessageBytes / 2), Assert.Single(annotations).Message);
    }

    [Theory]
    [InlineData("::add-matcher::eslint.json", "nothing looks for problems in a log here")]
    [InlineData("::remove-matcher owner=eslint::", "nothing looks for problems in a log here")]
    public async Task Problem_matchers_have_no_effect_and_the_author_is_told(string output, string remark)
    {
        var (_, _, remarks) = await WriteAsync(output + "\n" + output + "\n");
        Assert.Contains(remark, Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Summaries_of_an_action_s_steps_are_one_and_have_a_limit()
    {
        var notes = new StepNotes();
        Assert.True(notes.AddSummary("# One"));
        Assert.True(notes.AddSummary(" \n"));
        Assert.True(notes.AddSummary("# Two"));
        Assert.False(notes.AddSummary(new string('x', ProtocolLimits.SummaryBytes)));
        Assert.Equal("# One\n# Two", notes.Shown(new JobMasks([])).Summary);
    }

    private static string Show(StepAnnotation note)
    {
        var words = new[] { note.Level, note.Title, note.File, $"{note.Line}-{note.EndLine}", $"{note.Col}-{note.EndCol}" };
        return $"{string.Join(' ', words.Where(word => word is not null))}: {note.Message}";
    }

    private static async Task<(StepNotes Notes, string Log, List<string> Remarks)> WriteAsync(string text)
    {
        var report = new LogInMemory();
        var masks = new JobMasks([]);
        var notes = new StepNotes();
        var remarks = new List<string>();
        await using var log = new LogStream(report, 1, masks, TimeProvider.System);
        var output = new OutputCommands(log, masks, notes, remark =>
        {
            remarks.Add(remark);
            return ValueTask.CompletedTask;
        });
        await output.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        await output.CompleteAsync(TestContext.Current.CancellationToken);
        await log.CompleteAsync();
        return (notes, report.Text, remarks);
    }
}
