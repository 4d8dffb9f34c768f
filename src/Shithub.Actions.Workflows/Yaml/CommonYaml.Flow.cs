namespace Shithub.Actions.Workflows.Yaml;

// '[a, b]' and '{a: b}', on one line or more.
internal sealed partial class CommonYaml
{
    private YamlNode? ReadFlow(int depth) => depth >= WorkflowLimits.MaxYamlDepth ? null : _source[_at] == '[' ? ReadFlowSequence(depth) : ReadFlowMapping(depth);

    private YamlSequence? ReadFlowSequence(int depth)
    {
        var position = Position;
        var first = _items.Count;
        _at++;
        while (GoToFlowContent())
        {
            if (_source[_at] == ']')
            {
                _at++;
                return ToSequence(position, first);
            }

            if (ReadFlowNode(depth + 1) is not { } item || !GoOverComma(']'))
                return null;
            _items.Add(item);
        }

        return null;
    }

    private YamlMapping? ReadFlowMapping(int depth)
    {
        var position = Position;
        var first = _entries.Count;
        _at++;
        while (GoToFlowContent())
        {
            if (_source[_at] == '}')
            {
                _at++;
                return ToMapping(position, first);
            }

            if (ReadScalar(isInFlow: true) is not { } key || !IsKey(key))
                return null;
            _at++;
            GoOverSpaces();
            if (IsAtEnd || _source[_at] is '\n' or '\t' or '#')
                return null;
            var value = _source[_at] is ',' or '}' ? Empty(_at, Position) : ReadFlowNode(depth + 1);
            if (value is null || !GoOverComma('}'))
                return null;
            _entries.Add(new YamlEntry(key, value));
        }

        return null;
    }

    private YamlNode? ReadFlowNode(int depth) => _source[_at] is '[' or '{' ? ReadFlow(depth) : ReadScalar(isInFlow: true);

    /// <summary>False at the end of the file, and on a line that is indented too little for what the list is in.</summary>
    private bool GoToFlowContent() =>
        GoToContent() && !IsAtEnd && (Column > _flowIndent || (Column == _flowIndent && _source[_at] is ']' or '}'));

    /// <summary>Goes over the comma after an element in its line, or to what closes the list. False where neither follows.</summary>
    private bool GoOverComma(char close)
    {
        GoOverSpaces();
        if (IsAtEnd || _source[_at] != ',')
            return GoToFlowContent() && _source[_at] == close;
        _at++;
        return true;
    }
}
