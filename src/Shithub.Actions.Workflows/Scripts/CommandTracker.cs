using System.Text;

namespace Shithub.Actions.Workflows.Scripts;

/// <summary>
/// Follows the words of commands, to know what a shell would do with a word: run it, evaluate it, or pass it on. One tracker
/// serves one list of commands; a <c>$( )</c> or <c>( )</c> inside it has its own.
/// </summary>
/// <remarks>
/// Quoting keeps a value from being read as shell where it stands. This is about the few commands that read it as code later;
/// it knows those of the shell itself and the common interpreters, not every program.
/// </remarks>
internal sealed class CommandTracker(ScriptFindings findings, bool isArray = false)
{
    private static readonly Hazard CommandName = new(
        "would be the name of a command to run", IsHarmlessForNumbers: true);

    private static readonly Hazard ArithmeticTest = new(
        "would be evaluated by an arithmetic or variable test in '[[ ]]'", "compare with '[ ]'", IsHarmlessForNumbers: true);

    private readonly StringBuilder _word = new();
    private readonly List<int> _testHoles = [];
    private readonly List<int> _printedHoles = [];
    private bool _inWord;
    private bool _isQuoted;
    private bool _expectCommand = true;
    private string? _wrapper;
    private string? _command;
    private string _previous = "";
    private bool _isRedirectTarget;
    private bool _isHereString;
    private string? _interpreter;
    private bool _readsInput;
    private bool _isAfterPipe;
    private bool _skipsOperand;
    private int _openCases;
    private bool _testsArithmetic;
    private bool _declaresNumbers;

    /// <summary>The list is the value of an array: its words are no commands.</summary>
    public bool IsArray { get; } = isArray;

    public bool IsInWord => _inWord;

    public bool ExpectsCommand => _expectCommand && !IsArray && !_isRedirectTarget;

    public bool IsInTest => _command == "[[" && !_expectCommand;

    public bool IsInFor => _command == "for" && !_inWord;

    /// <summary>Between <c>case</c> and <c>esac</c>: a <c>)</c> ends a pattern.</summary>
    public bool IsInCase => _openCases > 0;

    /// <summary>The current command is a shell that reads what others of its pipeline print.</summary>
    public bool IsShellInPipeline => _isAfterPipe && _command is not null && CommandNames.Shells.Contains(_command);

    /// <summary>The word so far is <c>NAME=</c>: a <c>(</c> opens an array.</summary>
    public bool EndsInAssignment => _inWord && _word.Length > 0 && _word[^1] == '=' && CommandNames.IsAssignment(_word.ToString());

    /// <summary>Whether the command reads its standard input as code: what a here-document of it must not hold.</summary>
    public bool ReadsCode => _interpreter is not null || (_command is not null && CommandNames.Evaluators.Contains(_command));

    public void Append(char c, bool quoted = false)
    {
        _inWord = true;
        _isQuoted |= quoted;
        if (_word.Length < 4096)
            _word.Append(c);
    }

    /// <summary>Opens quotes: even empty ones make a word.</summary>
    public void Quote() => (_inWord, _isQuoted) = (true, true);

    /// <summary>A hole stands in the current word.</summary>
    public Hazard? Place(int hole)
    {
        var word = _word.ToString();
        var hazard = _isHereString
            ? ReadsCode ? new Hazard("would be read as code by the command of the here-string", IsHarmlessForNumbers: true) : null
            : _isRedirectTarget ? null
            : IsArray ? PlaceInArray(word)
            : ExpectsCommand ? PlaceInCommandName(hole, word)
            : PlaceInArgument(hole, word);
        Append('\0');
        return hazard;
    }

    /// <summary>The current word, if there is one, is complete.</summary>
    public void EndWord()
    {
        if (!_inWord)
            return;
        var word = _word.ToString();
        var isOperand = !_isRedirectTarget && !_isHereString && !IsArray;
        (_isRedirectTarget, _isHereString) = (false, false);
        if (isOperand)
            TakeWord(word);
        _word.Clear();
        (_inWord, _isQuoted) = (false, false);
    }

    /// <summary>The word so far is the number of a file descriptor, so it is part of the redirection that follows.</summary>
    public void DropDescriptor()
    {
        var isDescriptor = _inWord && !_isQuoted && _word.Length > 0
            && (_word.ToString().All(char.IsAsciiDigit) || (_word[0] == '{' && _word[^1] == '}'));
        if (!isDescriptor)
        {
            EndWord();
            return;
        }

        _word.Clear();
        _inWord = false;
    }

    public void ExpectRedirectTarget() => _isRedirectTarget = true;

    public void ExpectHereString() => _isHereString = true;

    /// <summary>The command ends, and another may follow.</summary>
    /// <param name="isPipe">By a <c>|</c>, so that the next command reads what this one prints.</param>
    public void EndCommand(bool isPipe = false)
    {
        EndWord();
        _expectCommand = true;
        (_command, _wrapper, _previous) = (null, null, "");
        (_isRedirectTarget, _isHereString, _testsArithmetic, _declaresNumbers) = (false, false, false, false);
        (_interpreter, _readsInput, _isAfterPipe, _skipsOperand) = (null, false, isPipe, false);
        _testHoles.Clear();
        if (!isPipe)
            _printedHoles.Clear();
    }

    private void TakeWord(string word)
    {
        if (!_expectCommand)
            TakeArgument(word);
        else if (!_isQuoted && CommandNames.Openers.Contains(word))
            _wrapper = null;
        else if (_wrapper is not null && word.StartsWith('-'))
            _previous = word;
        else if (TakesValue(_wrapper, _previous))
            _previous = "";
        else if (_skipsOperand)
            _skipsOperand = false;
        else if (!CommandNames.IsAssignment(word))
            TakeCommand(BaseName(word));
    }

    private static bool TakesValue(string? wrapper, string option) =>
        wrapper is not null && option.Length == 2 && option[0] == '-' && CommandNames.Wrappers[wrapper].Contains(option[1]);

    private static string BaseName(string word) => word[(word.LastIndexOf('/') + 1)..];

    private void TakeCommand(string name)
    {
        if (CommandNames.Wrappers.ContainsKey(name))
        {
            (_wrapper, _previous, _skipsOperand) = (name, "", CommandNames.WrappersWithOperand.Contains(name));
            return;
        }

        (_command, _previous, _expectCommand) = (name, "", false);
        _interpreter = CommandNames.IsInterpreter(name) ? name : null;
        _openCases += name switch { "case" => 1, "esac" when _openCases > 0 => -1, _ => 0 };
        if (CommandNames.Shells.Contains(name))
            findings.Add(_printedHoles, new Hazard($"would be printed into '{name}', which runs it", IsHarmlessForNumbers: true));
    }

    private void TakeArgument(string word)
    {
        if (_interpreter is null && CommandNames.IsInterpreter(BaseName(word)))
            _interpreter = BaseName(word);
        else if (_interpreter is not null && NamesProgram(_interpreter, word))
            _interpreter = null;
        if (_command == "function")
            (_command, _expectCommand) = (null, true);
        else if (_command == "case" && word == "esac")
            _openCases--;
        else if (CommandNames.Declarers.Contains(_command!) && word.StartsWith('-') && word.AsSpan().IndexOfAny('i', 'n') >= 0)
            findings.DeclaresNumbers = _declaresNumbers = true;
        else if (_command == "[[" && !_isQuoted)
            TakeTestWord(word);
        _previous = word;
    }

    /// <summary>
    /// The word is the program that the interpreter runs, so neither what follows nor its input is code. After an option a word
    /// may be the option's value; <c>sh -s</c> and <c>su</c> take words that are no program.
    /// </summary>
    private bool NamesProgram(string interpreter, string word)
    {
        if (CommandNames.Shells.Contains(interpreter) && word.StartsWith('-') && word.Contains('s', StringComparison.Ordinal))
            _readsInput = true;
        return !_readsInput && !word.StartsWith('-') && !_previous.StartsWith('-') && interpreter is not ("su" or "runuser");
    }

    private void TakeTestWord(string word)
    {
        if (word == "]]")
        {
            _command = "]]";
        }
        else if (CommandNames.IsArithmeticTest(word))
        {
            _testsArithmetic = true;
            findings.Add(_testHoles, ArithmeticTest);
        }
    }

    private static Hazard? PlaceInArray(string word) =>
        word.StartsWith('[') && !word.Contains("]=", StringComparison.Ordinal)
            ? new Hazard("would be evaluated as the subscript of an array", IsHarmlessForNumbers: true)
            : null;

    private Hazard? PlaceInCommandName(int hole, string word)
    {
        if (CommandNames.IsAssignment(word))
        {
            findings.AddAssignment(hole);
            return null;
        }

        return _skipsOperand || (TakesValue(_wrapper, _previous) && _previous != "-S") ? null : CommandName;
    }

    private Hazard? PlaceInArgument(int hole, string word)
    {
        var command = _command!;
        if (command == "[[")
        {
            _testHoles.Add(hole);
            return _testsArithmetic ? ArithmeticTest : null;
        }

        if (CommandNames.Evaluators.Contains(command))
            return new Hazard($"would be evaluated by '{command}'", IsHarmlessForNumbers: true);
        if (CommandNames.Declarers.Contains(command) && (!CommandNames.IsAssignment(word) || _declaresNumbers))
            return new Hazard($"would be evaluated by '{command}'", "write NAME=… without the options -i and -n", IsHarmlessForNumbers: true);
        if (CommandNames.Declarers.Contains(command))
            findings.AddAssignment(hole);
        if (_previous is "-exec" or "-execdir" or "-ok" or "-okdir" && command == "find")
            return CommandName;
        if (_previous is "-v" or "-R" && command is "printf" or "test" or "[")
            return new Hazard($"would be the name of a variable for '{command} {_previous}'", IsHarmlessForNumbers: true);
        if (_interpreter is not null && CommandNames.IsCodeOption(_interpreter, _previous))
            return new Hazard($"would be code for the interpreter's '{_previous}'", IsHarmlessForNumbers: true);
        if (command is "echo" or "printf")
            _printedHoles.Add(hole);
        return null;
    }
}
