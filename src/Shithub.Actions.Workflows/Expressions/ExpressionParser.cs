namespace Shithub.Actions.Workflows.Expressions;

/// <summary>
/// Parses an expression by recursive descent. Precedence, tightest first: <c>()</c>, <c>[] .</c>, <c>!</c>,
/// <c>&lt; &lt;= &gt; &gt;=</c>, <c>== !=</c>, <c>&amp;&amp;</c>, <c>||</c>.
/// </summary>
internal sealed class ExpressionParser
{
    private static readonly string[] EqualitySymbols = ["==", "!="];
    private static readonly string[] OrderSymbols = ["<", "<=", ">", ">="];

    // One for all expressions, not a delegate for each operand.
    private static readonly Func<ExpressionParser, ExpressionNode> And = parser => parser.ParseAnd();
    private static readonly Func<ExpressionParser, ExpressionNode> Equality = parser => parser.ParseEquality();
    private static readonly Func<ExpressionParser, ExpressionNode> Order = parser => parser.ParseOrder();
    private static readonly Func<ExpressionParser, ExpressionNode> Unary = parser => parser.ParseUnary();

    private readonly List<Token> _tokens;
    private readonly ExpressionScope _scope;
    private int _at;
    private int _nesting;

    private ExpressionParser(List<Token> tokens, ExpressionScope scope) => (_tokens, _scope) = (tokens, scope);

    private Token Current => _tokens[_at];

    /// <exception cref="ExpressionSyntaxException">It is none, too long, too deep, or names what there is not.</exception>
    public static ExpressionNode Parse(string text, ExpressionScope scope)
    {
        if (text.Length > WorkflowLimits.MaxExpressionLength)
        {
            throw new ExpressionSyntaxException(
                $"an expression may have {WorkflowLimits.MaxExpressionLength} characters; this one has {text.Length}", 0,
                code: DiagnosticCodes.Limit);
        }

        var parser = new ExpressionParser(ExpressionLexer.Tokenize(text), scope);
        if (parser.Current.Kind == TokenKind.End)
            throw new ExpressionSyntaxException("there is no expression between '${{' and '}}'", 0);
        var root = parser.ParseOr();
        if (parser.Current.Kind != TokenKind.End)
            throw ExpressionLexer.Unexpected(parser.Current.Text, parser.Current.Offset);
        return root;
    }

    private ExpressionNode ParseOr() => ParseChain("||", And);

    private ExpressionNode ParseAnd() => ParseChain("&&", Equality);

    private ExpressionNode ParseChain(string symbol, Func<ExpressionParser, ExpressionNode> parseOperand)
    {
        var start = Current.Offset;
        var first = parseOperand(this);
        if (!IsSymbol(symbol))
            return first;
        var operands = new List<ExpressionNode> { first };
        while (Accept(symbol))
            operands.Add(parseOperand(this));
        return Bounded(new LogicalNode(From(start), symbol == "&&", operands));
    }

    private ExpressionNode ParseEquality() => ParseComparison(EqualitySymbols, Order);

    private ExpressionNode ParseOrder() => ParseComparison(OrderSymbols, Unary);

    private ExpressionNode ParseComparison(string[] symbols, Func<ExpressionParser, ExpressionNode> parseOperand)
    {
        var start = Current.Offset;
        var left = parseOperand(this);
        while (Current.Kind == TokenKind.Symbol && symbols.Contains(Current.Text))
        {
            var symbol = Take().Text;
            var right = parseOperand(this);
            left = Bounded(new ComparisonNode(From(start), symbol, left, right));
        }

        return left;
    }

    private ExpressionNode ParseUnary()
    {
        if (!IsSymbol("!"))
            return ParsePostfix();
        var offset = Take().Offset;
        Enter(offset);
        var operand = ParseUnary();
        _nesting--;
        return Bounded(new NotNode(From(offset), operand));
    }

    private ExpressionNode ParsePostfix()
    {
        var start = Current.Offset;
        var isLiteral = Current.Kind == TokenKind.Literal;
        var target = ParsePrimary();
        while (!isLiteral)
        {
            if (Accept("."))
            {
                if (Accept("*"))
                    target = Bounded(new WildcardNode(From(start), target));
                else if (Current.Kind == TokenKind.Name)
                    target = Property(start, target, Take());
                else
                    throw UnexpectedHere("a property's name follows a '.'");
            }
            else if (Accept("["))
            {
                target = ParseIndex(start, target);
            }
            else
            {
                break;
            }
        }

        return target;
    }

    private ExpressionNode ParsePrimary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Literal:
                _at++;
                return new LiteralNode(From(token.Offset), token.Value!);
            case TokenKind.Name:
                _at++;
                return IsSymbol("(") ? ParseCall(token) : new ContextNode(From(token.Offset), _scope.Resolve(token.Text, token.Offset));
            case TokenKind.Symbol when token.Text == "(":
                _at++;
                Enter(token.Offset);
                var inner = ParseOr();
                _nesting--;
                Expect(")");
                return inner;
            default:
                throw UnexpectedHere(null);
        }
    }

    private CallNode ParseCall(Token name)
    {
        var function = _scope.FindFunction(name.Text, name.Offset);
        Expect("(");
        Enter(name.Offset);
        var arguments = new List<ExpressionNode>();
        if (!IsSymbol(")"))
        {
            do
                arguments.Add(ParseOr());
            while (Accept(","));
        }

        _nesting--;
        Expect(")");
        if (function.DescribeArityError(arguments.Count) is { } error)
            throw new ExpressionSyntaxException(error, name.Offset);
        if (function.Name == "format" && arguments[0] is LiteralNode { Value: StringValue literal })
            CheckFormat(literal.Value, arguments.Count - 1, arguments[0].Span.Start);
        return Bounded(new CallNode(From(name.Offset), function, arguments));
    }

    // What a literal format says is known before anything runs.
    private static void CheckFormat(string format, int arguments, int offset)
    {
        try
        {
            FormatString.Parse(format, arguments);
        }
        catch (EvaluationException exception)
        {
            throw new ExpressionSyntaxException(exception.Message, offset);
        }
    }

    private ExpressionNode ParseIndex(int start, ExpressionNode target)
    {
        if (Accept("*"))
        {
            Expect("]");
            return Bounded(new WildcardNode(From(start), target));
        }

        Enter(Current.Offset);
        var index = ParseOr();
        _nesting--;
        Expect("]");
        return Bounded(new IndexNode(From(start), target, index));
    }

    private IndexNode Property(int start, ExpressionNode target, Token name) =>
        Bounded(new IndexNode(From(start), target, new LiteralNode(From(name.Offset), new StringValue(name.Text))));

    /// <summary>From here to the end of the token that was taken last.</summary>
    private SourceSpan From(int start) => new(start, _tokens[_at - 1].Offset + _tokens[_at - 1].Text.Length);

    private static T Bounded<T>(T node)
        where T : ExpressionNode =>
        node.Depth <= WorkflowLimits.MaxExpressionDepth ? node : throw TooDeep(node.Span.Start);

    private void Enter(int offset)
    {
        if (++_nesting > WorkflowLimits.MaxExpressionDepth)
            throw TooDeep(offset);
    }

    private static ExpressionSyntaxException TooDeep(int offset) =>
        new($"more than {WorkflowLimits.MaxExpressionDepth} levels of an expression inside each other", offset,
            code: DiagnosticCodes.Limit);

    private bool IsSymbol(string symbol) => Current.Kind == TokenKind.Symbol && Current.Text == symbol;

    private Token Take() => _tokens[_at++];

    private bool Accept(string symbol)
    {
        if (!IsSymbol(symbol))
            return false;
        _at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Accept(symbol))
            throw UnexpectedHere($"a '{symbol}' is missing");
    }

    private ExpressionSyntaxException UnexpectedHere(string? suggestion) =>
        Current.Kind == TokenKind.End
            ? new ExpressionSyntaxException("the expression ends too early", Current.Offset, suggestion)
            : ExpressionLexer.Unexpected(Current.Text, Current.Offset, suggestion);
}
