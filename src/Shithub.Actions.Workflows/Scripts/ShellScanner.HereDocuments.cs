namespace Shithub.Actions.Workflows.Scripts;

/// <content>Here-documents: announced on a line, read after it, expanded unless their delimiter is quoted.</content>
internal sealed partial class ShellScanner
{
    /// <param name="Root">The list of commands on whose line it was announced.</param>
    private sealed record HereDocument(string Delimiter, bool IsQuoted, bool StripsTabs, Frame Root, bool IsCode);

    private sealed record HereBody(int Start, int End, int Next, bool IsQuoted, Hazard? Hazard);

    private void ReadHereDelimiter()
    {
        _at += 2;
        var stripsTabs = _at < _limit && _text[_at] == '-';
        if (stripsTabs)
            _at++;
        while (_at < _limit && _text[_at] is ' ' or '\t')
            _at++;
        var start = _at;
        var delimiter = new System.Text.StringBuilder();
        var isQuoted = false;
        while (_at < _limit && !" \t\n;&|<>()".Contains(_text[_at]))
        {
            var c = _text[_at];
            if (c == Hole)
            {
                PlaceHole(Reference.Bare, InDelimiter);
                Lose("a here-document whose delimiter is not known");
            }
            else if (c is '\'' or '"')
            {
                isQuoted = true;
                var end = _text.IndexOf(c, _at + 1);
                if (end < 0 || end >= _limit || _text.AsSpan(_at, end - _at).IndexOfAny("\\\n$`\0") >= 0)
                {
                    Lose("an odd delimiter of a here-document");
                    _at++;
                    continue;
                }

                delimiter.Append(_text, _at + 1, end - _at - 1);
                _at = end + 1;
            }
            else if (c == '\\' && Peek() is not (Hole or '\n'))
            {
                isQuoted = true;
                delimiter.Append(Peek());
                _at += 2;
            }
            else
            {
                if (c is '$' or '`' or '\\')
                    Lose("an odd delimiter of a here-document");
                delimiter.Append(c);
                _at++;
            }
        }

        if (_at == start || _body is not null)
        {
            Lose("a here-document within another, or without a delimiter");
            return;
        }

        var root = _frames.First(frame => frame.Kind == FrameKind.Commands);
        _pending.Add(new HereDocument(delimiter.ToString(), isQuoted, stripsTabs, root, Commands.ReadsCode));
    }

    /// <summary>A line has ended: the bodies of the here-documents that it announced follow.</summary>
    private void FindHereDocuments(bool feedsShell)
    {
        var root = _frames.First(frame => frame.Kind == FrameKind.Commands);
        if (_pending.Any(document => document.Root != root))
            Lose("a here-document whose line goes on inside $( )");
        var start = _at;
        foreach (var document in _pending)
        {
            var (end, next) = FindEnd(document, start);
            var hazard = document.IsQuoted
                ? new Hazard(
                    "stands in a here-document whose delimiter is quoted, so nothing is expanded there",
                    $"take the quotes off the delimiter '{Yaml.YamlReader.Show(document.Delimiter)}'")
                : document.IsCode || feedsShell ? HereDocumentIsCode : null;
            _bodies.Enqueue(new HereBody(start, end, next, document.IsQuoted, hazard));
            start = next;
        }

        _pending.Clear();
        EnterHereDocument();
    }

    private (int End, int Next) FindEnd(HereDocument document, int start)
    {
        var continues = false;
        for (var at = start; at < _limit;)
        {
            var end = _text.IndexOf('\n', at, _limit - at);
            var next = end < 0 ? _limit : end + 1;
            var line = _text.AsSpan(at, (end < 0 ? _limit : end) - at);
            var content = document.StripsTabs ? line.TrimStart('\t') : line;
            if (content.SequenceEqual(document.Delimiter))
            {
                if (continues)
                    Lose("a here-document with a backslash before its delimiter");
                return (at, next);
            }

            continues = !document.IsQuoted && line.EndsWith("\\", StringComparison.Ordinal);
            at = next;
        }

        // Without its delimiter it goes on to the end, with a warning; a shell inside $( ) may see that otherwise.
        if (_frames.Count > 1)
            Lose("a here-document without its end");
        return (_limit, _limit);
    }

    private void EnterHereDocument()
    {
        while (_bodies.TryDequeue(out var body))
        {
            if (!body.IsQuoted)
            {
                (_at, _limit, _body) = (body.Start, body.End, body);
                _frames.Push(new Frame(FrameKind.HereDocument, new CommandTracker(_findings)));
                return;
            }

            for (_at = body.Start; _at < body.End;)
            {
                if (_text[_at] == Hole)
                    PlaceHole(Reference.Bare, body.Hazard);
                else
                    _at++;
            }

            _at = body.Next;
        }
    }

    private void LeaveHereDocument()
    {
        if (Top.Kind != FrameKind.HereDocument)
            Lose("a here-document with an open bracket or quote");
        while (_frames.Pop().Kind != FrameKind.HereDocument)
        {
        }

        (_at, _limit, _body) = (_body!.Next, _text.Length, null);
        EnterHereDocument();
    }
}
