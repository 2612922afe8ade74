namespace EpcActors.Hocon.Syntax;

/// <summary>
/// Reads a file whose name ends in .json: plain JSON only, no HOCON additions. A repeated key merges as in HOCON,
/// since JSON gives it no meaning.
/// </summary>
internal sealed class JsonParser
{
    private readonly ParseSession _session;
    private readonly Lexer _lexer;
    private Token _token;
    private int _depth;

    public JsonParser(ParseSession session, string text, string source, int outerDepth)
    {
        _session = session;
        _lexer = new Lexer(text, source, strictJson: true);
        _depth = outerDepth;
        Advance();
    }

    public Node ReadDocument()
    {
        if (_token.Kind is not (TokenKind.OpenBrace or TokenKind.OpenBracket))
        {
            throw Unexpected("'{' or '[' (the file's name says it is JSON)");
        }

        Node root = ReadValue();
        return _token.Kind == TokenKind.End ? root : throw Unexpected("the end of the text");
    }

    private void Advance()
    {
        do
        {
            _token = _lexer.Next();
        }
        while (_token.Kind is TokenKind.Whitespace or TokenKind.Newline);
    }

    private Node ReadValue()
    {
        Token token = _token;
        switch (token.Kind)
        {
            case TokenKind.OpenBrace:
                return ReadObject();
            case TokenKind.OpenBracket:
                return ReadArray();
            case TokenKind.Quoted:
                Advance();
                return new LiteralNode(new HoconString(token.Origin, token.Text, isQuoted: true));
            case TokenKind.Number:
                Advance();
                return new LiteralNode(new HoconNumber(token.Origin, token.Text));
            case TokenKind.Text when token.Text is "true" or "false":
                Advance();
                return new LiteralNode(new HoconBoolean(token.Origin, token.Text == "true"));
            case TokenKind.Text when token.Text == "null":
                Advance();
                return new LiteralNode(new HoconNull(token.Origin));
            default:
                throw Unexpected("a JSON value");
        }
    }

    private ObjectNode ReadObject()
    {
        ObjectNode node = new(_token.Origin);
        Open();
        while (_token.Kind != TokenKind.CloseBrace)
        {
            Token key = _token;
            if (key.Kind != TokenKind.Quoted)
            {
                throw Unexpected("a key between quotes");
            }

            Advance();
            if (_token.Kind != TokenKind.Colon)
            {
                throw Unexpected("':'");
            }

            Advance();
            node.Merge(key.Text, key.Origin, ReadValue());
            if (!ReadComma(TokenKind.CloseBrace, "',' or '}'"))
            {
                break;
            }
        }

        Close();
        return node;
    }

    private ArrayNode ReadArray()
    {
        HoconOrigin open = _token.Origin;
        List<Node> items = [];
        Open();
        while (_token.Kind != TokenKind.CloseBracket)
        {
            items.Add(ReadValue());
            if (!ReadComma(TokenKind.CloseBracket, "',' or ']'"))
            {
                break;
            }
        }

        Close();
        return new ArrayNode(open, items);
    }

    private void Open()
    {
        _session.CheckDepth(++_depth, _token.Origin);
        Advance();
    }

    private void Close()
    {
        _depth--;
        Advance();
    }

    private bool ReadComma(TokenKind closer, string expected)
    {
        if (_token.Kind == closer)
        {
            return false;
        }

        if (_token.Kind != TokenKind.Comma)
        {
            throw Unexpected(expected);
        }

        Advance();
        return _token.Kind != closer ? true : throw Unexpected("a value after ',' (JSON has no trailing comma)");
    }

    private HoconException Unexpected(string expected) =>
        new(_token.Origin, $"found {_token.Describe()}; expected {expected}");
}
