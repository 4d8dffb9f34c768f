namespace Shithub.Actions.Workflows.Scripts;

/// <content>What a <c>$</c> or a backtick begins.</content>
internal sealed partial class ShellScanner
{
    private void ReadParameter()
    {
        var c = _text[_at];
        switch (c)
        {
            case Hole:
                PlaceHole(Reference.Bare, InParameter);
                break;
            case '}':
                CloseFrame();
                break;
            case '\\':
                ReadEscape(inQuotes: Top.IsInQuotes);
                break;
            case '\'' when Top.IsInQuotes:
                Lose("a single quote inside ${ } inside double quotes");
                _at++;
                break;
            case '\'':
                ReadSingleQuotes();
                break;
            case '"':
                _frames.Push(new Frame(FrameKind.DoubleQuotes, Commands, Top.IsInQuotes));
                _at++;
                break;
            case '$':
                ReadDollar();
                break;
            case '`':
                ReadBackticks();
                break;
            default:
                _at++;
                break;
        }
    }

    private void ReadArithmetic()
    {
        var c = _text[_at];
        switch (c)
        {
            case Hole:
                PlaceHole(Reference.Bare, InArithmetic);
                return;
            case '$':
                ReadDollar();
                return;
            case '`':
                ReadBackticks();
                return;
            case '(':
                Top.Parentheses++;
                break;
            case ')' when --Top.Parentheses == 0:
                CloseFrame();
                return;
            case '"' or '\'' or '\n' or '\\' or ';' when !(c == ';' && Top.IsInQuotes):
                // Perhaps these are commands in two brackets and no arithmetic at all.
                Lose("'((' with quotes or several commands");
                break;
        }

        _at++;
    }

    private void CloseFrame()
    {
        _frames.Pop();
        _at++;
    }

    private void ReadDollar()
    {
        var inQuotes = IsInQuotes();
        var next = Peek();
        Commands.Append('$', quoted: inQuotes);
        if (_at + 1 >= _limit)
        {
            _at++;
        }
        else if (next == Hole)
        {
            _at++;
            PlaceHole(inQuotes ? Reference.Bare : Reference.Quoted, AfterDollar);
        }
        else if (next == '(' && Peek(2) == '(')
        {
            _frames.Push(new Frame(FrameKind.Arithmetic, Commands));
            _at += 3;
        }
        else if (next == '(')
        {
            _frames.Push(new Frame(FrameKind.Commands, new CommandTracker(_findings)));
            _at += 2;
        }
        else if (next == '{')
        {
            _frames.Push(new Frame(FrameKind.Parameter, Commands, inQuotes));
            _at += 2;
        }
        else if (next == '\'' && !inQuotes)
        {
            ReadAnsiQuotes();
        }
        else if (next == '[' || (next == '\\' && Peek(2) == '\n'))
        {
            Lose(next == '[' ? "'$['" : "a '$' at a line's end");
            _at += 2;
        }
        else if (char.IsAsciiLetter(next) || next == '_')
        {
            for (_at++; _at < _limit && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'); _at++)
            {
            }
        }
        else
        {
            _at += char.IsAsciiDigit(next) || "#?$!@*-".Contains(next) ? 2 : 1;
        }
    }

    private bool IsInQuotes() => Top.Kind switch
    {
        FrameKind.DoubleQuotes or FrameKind.HereDocument => true,
        FrameKind.Parameter => Top.IsInQuotes,
        FrameKind.Arithmetic => true,
        _ => false,
    };

    /// <summary>bash reads <c>$'a\'b'</c> as one string; sh, which has no such quotes, ends it at the first quote.</summary>
    private void ReadAnsiQuotes()
    {
        Commands.Quote();
        for (_at += 2; _at < _limit && _text[_at] != '\'';)
        {
            if (_text[_at] == Hole)
            {
                PlaceHole(Reference.Bare, InAnsiQuotes);
            }
            else if (_text[_at] == '\\' && Peek() != Hole)
            {
                if (Peek() == '\'' && _shell != "bash")
                    Lose("an escape inside $'…', which sh and bash read differently");
                _at += 2;
            }
            else
            {
                _at++;
            }
        }

        _isUnbalanced |= _at >= _limit;
        _at++;
    }

    private void ReadBackticks()
    {
        Commands.Append('$');
        for (_at++; _at < _limit; _at++)
        {
            if (_text[_at] == '`')
            {
                _at++;
                return;
            }

            if (_text[_at] == '\\' && Peek() != Hole)
            {
                _at++;
            }
            else if (_text[_at] == Hole)
            {
                PlaceHole(Reference.Bare, InBackticks);
                _at--;
            }
        }

        _isUnbalanced = true;
    }
}
