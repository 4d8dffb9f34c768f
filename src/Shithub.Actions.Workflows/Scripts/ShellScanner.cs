namespace Shithub.Actions.Workflows.Scripts;

/// <summary>
/// Reads a script of <c>sh</c> or <c>bash</c> far enough to know how the shell will read each hole in it. It follows quotes,
/// escapes, comments, here-documents and nested substitutions, by the grammar that dash and bash share. Where the two differ,
/// or a construct is too odd to follow, it stops trusting itself: every later hole gets a hazard. So does every hole of a
/// script whose quotes and brackets do not balance in the end.
/// </summary>
internal sealed partial class ShellScanner
{
    /// <summary>Stands for a hole in the text: a character that no script can have.</summary>
    public const char Hole = '\0';

    private enum FrameKind
    {
        /// <summary>A list of commands: the script, <c>$( )</c>, <c>&lt;( )</c>.</summary>
        Commands,

        /// <summary>A list of commands in <c>( )</c>, or an array's words: for here-documents part of what is around it.</summary>
        Group,
        DoubleQuotes,
        Parameter,
        Arithmetic,
        HereDocument,
    }

    /// <param name="Commands">Whose word the frame's text is part of.</param>
    /// <param name="IsInQuotes">For a parameter expansion: inside double quotes or a here-document.</param>
    private sealed record Frame(FrameKind Kind, CommandTracker Commands, bool IsInQuotes = false)
    {
        public int Parentheses { get; set; } = 2;
    }

    private static readonly Hazard AfterBackslash = new("stands after a backslash");
    private static readonly Hazard AfterDollar = new("stands after a '$', so it would name a variable");
    private static readonly Hazard InBackticks = new("stands inside backticks", "write $( ) instead of backticks");
    private static readonly Hazard InAnsiQuotes = new("stands inside $'…'");
    private static readonly Hazard InParameter = new("stands inside ${ }");
    private static readonly Hazard InArithmetic = new("would be evaluated as arithmetic", IsHarmlessForNumbers: true);
    private static readonly Hazard InDelimiter = new("stands in the delimiter of a here-document");
    private static readonly Hazard HereDocumentIsCode =
        new("would be read as code by the command of the here-document", IsHarmlessForNumbers: true);

    private readonly string _text;
    private readonly string? _shell;
    private readonly Reference[] _references;
    private readonly ScriptFindings _findings;
    private readonly Stack<Frame> _frames = new();
    private readonly List<HereDocument> _pending = [];
    private readonly Queue<HereBody> _bodies = new();
    private int _at;
    private int _limit;
    private int _hole;
    private bool _isUnbalanced;
    private Hazard? _lost;
    private HereBody? _body;

    private ShellScanner(string text, string? shell, int holes)
    {
        (_text, _shell, _limit) = (text, shell, text.Length);
        (_references, _findings) = (new Reference[holes], new ScriptFindings(holes));
        _frames.Push(new Frame(FrameKind.Commands, new CommandTracker(_findings)));
    }

    /// <summary>Where each hole stands, in their order.</summary>
    /// <param name="text">The script with <see cref="Hole"/> at each hole.</param>
    /// <param name="shell">As the workflow has it: a name, or a command with <c>{0}</c>. Null where bash or sh may run it.</param>
    public static IReadOnlyList<Placement> Scan(string text, string? shell)
    {
        var program = shell?.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        program = program?[(program.LastIndexOf('/') + 1)..];
        if (program is not (null or "bash" or "sh" or "dash"))
        {
            var foreign = new Placement(Reference.Bare, new Hazard($"would become part of a script for '{Yaml.YamlReader.Show(program)}'"));
            return [.. text.Where(c => c == Hole).Select(_ => foreign)];
        }

        shell = program is "dash" ? "sh" : program;
        var scanner = new ShellScanner(text, shell, text.Count(c => c == Hole));
        scanner.Run();
        return [.. scanner._references.Select((reference, hole) => new Placement(reference, scanner._findings[hole]))];
    }

    private Frame Top => _frames.Peek();

    private CommandTracker Commands => Top.Commands;

    private void Run()
    {
        while (true)
        {
            if (_at >= _limit && _body is null)
                break;
            if (_at >= _limit)
            {
                LeaveHereDocument();
                continue;
            }

            switch (Top.Kind)
            {
                case FrameKind.Commands or FrameKind.Group:
                    ReadCommands();
                    break;
                case FrameKind.DoubleQuotes or FrameKind.HereDocument:
                    ReadQuoted();
                    break;
                case FrameKind.Parameter:
                    ReadParameter();
                    break;
                case FrameKind.Arithmetic:
                    ReadArithmetic();
                    break;
            }
        }

        Commands.EndCommand();
        if (_frames.Count > 1 || _isUnbalanced)
            _findings.AddToAll(new Hazard("stands in a script whose quotes and brackets do not balance"));
    }

    private char Peek(int ahead = 1) => _at + ahead < _limit ? _text[_at + ahead] : '\n';

    private bool Looks(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0 && _at + text.Length <= _limit;

    private void Lose(string why) => _lost ??= new Hazard($"stands after {why}, from where on its quoting is not certain");

    private void PlaceHole(Reference reference, Hazard? hazard)
    {
        _references[_hole] = reference;
        _findings.Add(_hole, _lost ?? hazard ?? FromFrames());
        _hole++;
        _at++;
    }

    private Hazard? FromFrames()
    {
        foreach (var frame in _frames)
        {
            if (frame.Kind == FrameKind.Parameter)
                return InParameter;
            if (frame.Kind == FrameKind.Arithmetic)
                return InArithmetic;
        }

        return _body?.Hazard;
    }

    private void ReadCommands()
    {
        var c = _text[_at];
        switch (c)
        {
            case Hole:
                PlaceHole(Reference.Quoted, Commands.Place(_hole));
                break;
            case ' ' or '\t':
                Commands.EndWord();
                _at++;
                break;
            case '\n':
                _at++;
                EndLine();
                break;
            case '#' when !Commands.IsInWord:
                ReadComment();
                break;
            case '\\':
                ReadEscape(inQuotes: false);
                break;
            case '\'':
                ReadSingleQuotes();
                break;
            case '"':
                Commands.Quote();
                _frames.Push(new Frame(FrameKind.DoubleQuotes, Commands));
                _at++;
                break;
            case '$':
                ReadDollar();
                break;
            case '`':
                ReadBackticks();
                break;
            case '<' or '>':
                ReadRedirection();
                break;
            case '(':
                OpenParenthesis();
                break;
            case ')':
                CloseParenthesis();
                break;
            case ';' or '&' or '|':
                ReadSeparator();
                break;
            default:
                Commands.Append(c);
                _at++;
                break;
        }
    }

    private void EndLine()
    {
        Commands.EndWord();
        var feedsShell = Commands.IsShellInPipeline;
        if (!Commands.IsInTest && !Commands.IsArray)
            Commands.EndCommand();
        if (_pending.Count > 0)
            FindHereDocuments(feedsShell);
    }

    private void ReadComment()
    {
        while (_at < _limit && _text[_at] != '\n')
        {
            if (_text[_at] == Hole)
                PlaceHole(Reference.Bare, null);
            else
                _at++;
        }
    }

    private void ReadSeparator()
    {
        var isTest = Commands.IsInTest;
        var isPipe = _text[_at] == '|' && Peek() != '|';
        var width = Peek() == _text[_at] || (isPipe && Peek() == '&') ? 2 : 1;
        _at += width;
        if (isTest)
            Commands.EndWord();
        else
            Commands.EndCommand(isPipe);
    }

    private void ReadEscape(bool inQuotes)
    {
        var next = Peek();
        if (_at + 1 >= _limit)
        {
            _at++;
        }
        else if (next == Hole)
        {
            _at++;
            PlaceHole(inQuotes ? Reference.Bare : Reference.Quoted, AfterBackslash);
        }
        else if (next == '\n')
        {
            // The two vanish before tokens are made: what they part may be one token.
            if (!inQuotes && _at > 0 && "<>&|;(".Contains(_text[_at - 1]) && "<>&|;(".Contains(Peek(2)))
                Lose("an operator that a backslash at a line's end cuts in two");
            _at += 2;
        }
        else
        {
            Commands.Append(next, quoted: true);
            _at += 2;
        }
    }

    private void ReadSingleQuotes()
    {
        Commands.Quote();
        for (_at++; _at < _limit;)
        {
            var c = _text[_at];
            if (c == Hole)
            {
                PlaceHole(Reference.LeavingSingleQuotes, Commands.Place(_hole));
                continue;
            }

            _at++;
            if (c == '\'')
                return;
            Commands.Append(c, quoted: true);
        }

        _isUnbalanced = true;
    }

    private void ReadQuoted()
    {
        var c = _text[_at];
        var isHereDocument = Top.Kind == FrameKind.HereDocument;
        if (c == Hole)
            PlaceHole(Reference.Bare, isHereDocument ? null : Commands.Place(_hole));
        else if (c == '"' && !isHereDocument)
            CloseFrame();
        else if (c == '\\')
            ReadEscape(inQuotes: true);
        else if (c == '$')
            ReadDollar();
        else if (c == '`')
            ReadBackticks();
        else
        {
            if (c == '}' && Top.IsInQuotes)
                Lose("a '}' in quotes within quotes");
            if (!isHereDocument)
                Commands.Append(c, quoted: true);
            _at++;
        }
    }

    private void OpenParenthesis()
    {
        if (Commands.IsInTest)
        {
            Commands.EndWord();
            _at++;
        }
        else if (Peek() == '(' && !Commands.IsInWord && (Commands.ExpectsCommand || Commands.IsInFor))
        {
            // IsInQuotes here: a ';' is right in 'for ((;;))'.
            _frames.Push(new Frame(FrameKind.Arithmetic, Commands, Commands.IsInFor));
            _at += 2;
        }
        else
        {
            var isArray = Commands.EndsInAssignment;
            if (!isArray)
                Commands.EndWord();
            _frames.Push(new Frame(FrameKind.Group, new CommandTracker(_findings, isArray)));
            _at++;
        }
    }

    private void CloseParenthesis()
    {
        if (Commands.IsInTest)
        {
            Commands.EndWord();
            _at++;
            return;
        }

        var frame = Top;
        if (!frame.Commands.IsArray)
            frame.Commands.EndCommand();
        else
            frame.Commands.EndWord();
        _at++;
        // One that ends a pattern of 'case' has no pair.
        if (_frames.Count == 1 || frame.Commands.IsInCase)
            return;
        if (_pending.Any(document => document.Root == frame))
            Lose("a here-document that starts on the last line of a $( )");
        _pending.RemoveAll(document => document.Root == frame);
        _frames.Pop();
        if (frame.Kind == FrameKind.Group && !frame.Commands.IsArray)
            Commands.EndCommand(isPipe: true);
    }

    private void ReadRedirection()
    {
        var c = _text[_at];
        if (Commands.IsInTest)
        {
            Commands.EndWord();
            _at++;
        }
        else if (Peek() == '(')
        {
            Commands.Append(c);
            _frames.Push(new Frame(FrameKind.Commands, new CommandTracker(_findings)));
            _at += 2;
        }
        else if (Looks("<<<"))
        {
            Commands.DropDescriptor();
            Commands.ExpectHereString();
            _at += 3;
        }
        else if (Looks("<<"))
        {
            Commands.DropDescriptor();
            ReadHereDelimiter();
        }
        else
        {
            Commands.DropDescriptor();
            Commands.ExpectRedirectTarget();
            _at += Peek() is '>' or '<' or '&' or '|' ? 2 : 1;
        }
    }
}
