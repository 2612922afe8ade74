using System.Text;

namespace EpcActors.Hocon.Syntax;

/// <summary>
/// Reads one HOCON text into nodes. Include statements are followed at once, through the session; substitutions stay.
/// </summary>
internal sealed class HoconParser
{
    private readonly ParseSession _session;
    private readonly Lexer _lexer;
    private readonly string _source;
    private readonly FileScope _scope;

    // Where the value being read will stand: keys since the innermost array's element, and arrays around that.
    private readonly List<string> _path;
    private int _arrayLevel;
    private int _depth;
    private Token _token;

    /// <param name="outerDepth">Containers around an included text.</param>
    public HoconParser(
        ParseSession session,
        string text,
        string source,
        FileScope scope,
        int outerDepth,
        bool rejectComments = false)
    {
        _session = session;
        _lexer = new Lexer(text, source) { RejectComments = rejectComments };
        _source = source;
        _scope = scope;
        _path = [.. scope.Prefix];
        _arrayLevel = scope.ArrayLevel;
        _depth = outerDepth;
        _token = _lexer.Next();
    }

    /// <summary>A whole file: an object, with or without its braces, or an array.</summary>
    public Node ReadDocument()
    {
        SkipBlank();
        Node root;
        switch (_token.Kind)
        {
            case TokenKind.OpenBrace:
                root = ReadObject();
                break;
            case TokenKind.OpenBracket:
                root = ReadArray();
                break;
            default:
                ObjectNode fields = new(_token.Origin);
                ReadFields(fields, TokenKind.End, _token.Origin);
                return fields;
        }

        SkipBlank();
        return _token.Kind == TokenKind.End
            ? root
            : throw TooMuch("the root value");
    }

    /// <summary>One value and nothing else (the text of a command line argument).</summary>
    public Node ReadSingleValue(string[] path)
    {
        _path.AddRange(path);
        SkipBlank();
        Node value = ReadValue();
        SkipBlank();
        return _token.Kind == TokenKind.End
            ? value
            : throw TooMuch("the value");
    }

    private HoconException TooMuch(string after) =>
        new(_token.Origin, $"found {_token.Describe()} after {after}; expected nothing more");

    private void Advance() => _token = _lexer.Next();

    /// <summary>True when a newline was among what was skipped.</summary>
    private bool SkipBlank()
    {
        bool newline = false;
        while (_token.Kind is TokenKind.Whitespace or TokenKind.Newline)
        {
            newline |= _token.Kind == TokenKind.Newline;
            Advance();
        }

        return newline;
    }

    private void Enter(int levels, HoconOrigin origin)
    {
        _depth += levels;
        _session.CheckDepth(_depth, origin);
    }

    private ObjectNode ReadObject()
    {
        HoconOrigin open = _token.Origin;
        Enter(1, open);
        Advance();
        ObjectNode node = new(open);
        ReadFields(node, TokenKind.CloseBrace, open);
        Advance();
        _depth--;
        return node;
    }

    // Leaves the closing token as the current one.
    private void ReadFields(ObjectNode into, TokenKind closer, HoconOrigin open)
    {
        SkipBlank();
        while (_token.Kind != closer)
        {
            CheckItemStart(closer, open, "a key");
            ReadField(into);
            ReadSeparator(closer, open, "field");
        }
    }

    private ArrayNode ReadArray()
    {
        HoconOrigin open = _token.Origin;
        Enter(1, open);
        Advance();

        string[] outerPath = [.. _path];
        _path.Clear();
        _arrayLevel++;
        List<Node> items = [];
        SkipBlank();
        while (_token.Kind != TokenKind.CloseBracket)
        {
            CheckItemStart(TokenKind.CloseBracket, open, "a value");
            items.Add(ReadValue());
            ReadSeparator(TokenKind.CloseBracket, open, "element");
        }

        Advance();
        _arrayLevel--;
        _path.Clear();
        _path.AddRange(outerPath);
        _depth--;
        return new ArrayNode(open, items);
    }

    private void CheckItemStart(TokenKind closer, HoconOrigin open, string expected)
    {
        if (_token.Kind == TokenKind.End)
        {
            throw NotClosed(closer, open);
        }

        if (_token.Kind == TokenKind.Comma)
        {
            throw new HoconException(_token.Origin,
                $"found ',' where {expected} should be; there is one comma too many");
        }

        CheckBalanced(closer);
    }

    private void CheckBalanced(TokenKind closer)
    {
        if (closer == TokenKind.End && _token.Kind == TokenKind.CloseBrace)
        {
            throw new HoconException(_token.Origin, "found '}' with no '{' before it; remove it, or add the '{'");
        }
    }

    private void ReadSeparator(TokenKind closer, HoconOrigin open, string item)
    {
        bool newline = SkipBlank();
        if (_token.Kind == TokenKind.Comma)
        {
            Advance();
            SkipBlank();
        }
        else if (_token.Kind == closer || newline)
        {
            return;
        }
        else if (_token.Kind == TokenKind.End)
        {
            throw NotClosed(closer, open);
        }
        else
        {
            CheckBalanced(closer);
            string expected = closer switch
            {
                TokenKind.CloseBrace => "',', a newline or '}'",
                TokenKind.CloseBracket => "',', a newline or ']'",
                _ => "',' or a newline",
            };
            string remedy = _token.Kind is TokenKind.Colon or TokenKind.Equals
                ? "; text with such a character needs quotes"
                : "";
            throw new HoconException(_token.Origin,
                $"found {_token.Describe()} after the {item}; expected {expected}{remedy}");
        }
    }

    private static HoconException NotClosed(TokenKind closer, HoconOrigin open) => closer == TokenKind.CloseBrace
        ? new HoconException(open, "the object that starts here is not closed; add '}'")
        : new HoconException(open, "the array that starts here is not closed; add ']'");

    private void ReadField(ObjectNode into)
    {
        if (_token is { Kind: TokenKind.Text, Text: "include" })
        {
            IncludeTarget target = _lexer.ReadIncludeTarget();
            Advance();
            FileScope scope = new(_arrayLevel, [.. _path], _scope);
            _session.Include(target, _source, scope, _depth, into);
            return;
        }

        HoconOrigin keyOrigin = _token.Origin;
        string[] key = ReadKey();
        if (_arrayLevel == 0)
        {
            key = _session.Options.Split(_path.Count > 0 ? _path[0] : key[0], key);
        }

        Enter(key.Length - 1, keyOrigin);
        _path.AddRange(key);
        Node value = ReadFieldValue(key);
        _path.RemoveRange(_path.Count - key.Length, key.Length);
        _depth -= key.Length - 1;

        into.Merge(key[0], keyOrigin, ObjectNode.Nested(key, keyOrigin, value));
    }

    private Node ReadFieldValue(string[] key)
    {
        SkipBlank();
        Token separator = _token;
        switch (separator.Kind)
        {
            case TokenKind.OpenBrace:
                return ReadValue();
            case TokenKind.Colon or TokenKind.Equals:
                Advance();
                SkipBlank();
                return ReadValue();
            case TokenKind.PlusEquals:
                Advance();
                SkipBlank();
                string[] outerPath = [.. _path];
                _path.Clear();
                _arrayLevel++;
                Node element = ReadValue();
                _arrayLevel--;
                _path.AddRange(outerPath);
                return new AppendNode(separator.Origin, new ArrayNode(element.Origin, [element]));
            default:
                throw new HoconException(separator.Origin, $"found {separator.Describe()} after the key "
                    + $"'{HoconPath.Render(key)}'; expected ':', '=', '+=' or '{{'");
        }
    }

    private string[] ReadKey()
    {
        PathBuilder builder = new(_token.Origin);
        if (_token.Kind is not (TokenKind.Text or TokenKind.Quoted or TokenKind.Number))
        {
            throw new HoconException(_token.Origin, $"found {_token.Describe()}; expected a key");
        }

        while (builder.TryAdd(_token))
        {
            Advance();
        }

        return _token.Kind is TokenKind.Substitution or TokenKind.OpenBracket
            ? throw new HoconException(_token.Origin, $"found {_token.Describe()} in a key; a key is plain text")
            : builder.Finish();
    }

    private Node ReadValue()
    {
        HoconOrigin origin = _token.Origin;
        List<Node> parts = [];
        Token? space = null;
        while (true)
        {
            Node? part = null;
            switch (_token.Kind)
            {
                case TokenKind.Whitespace:
                    space = _token;
                    Advance();
                    continue;
                case TokenKind.Text or TokenKind.Quoted or TokenKind.Number:
                    part = new LiteralNode(ToLiteral(_token));
                    Advance();
                    break;
                case TokenKind.Substitution:
                    part = ToSubstitution(_token);
                    Advance();
                    break;
                case TokenKind.OpenBrace:
                    part = ReadObject();
                    break;
                case TokenKind.OpenBracket:
                    part = ReadArray();
                    break;
            }

            if (part is null)
            {
                break;
            }

            if (space is { } s && parts.Count > 0)
            {
                parts.Add(new LiteralNode(new HoconString(s.Origin, s.Text, isQuoted: false), isUnquotedSpace: true));
            }

            space = null;
            parts.Add(part);
        }

        return parts.Count == 0
            ? throw new HoconException(_token.Origin,
                $"found {_token.Describe()}; expected a value (an empty string is written \"\")")
            : Concatenation.Join(origin, parts);
    }

    private static HoconValue ToLiteral(in Token token) => token.Kind switch
    {
        TokenKind.Number => new HoconNumber(token.Origin, token.Text),
        TokenKind.Quoted => new HoconString(token.Origin, token.Text, isQuoted: true),
        _ => token.Text switch
        {
            "true" => new HoconBoolean(token.Origin, true),
            "false" => new HoconBoolean(token.Origin, false),
            "null" => new HoconNull(token.Origin),
            _ => new HoconString(token.Origin, token.Text, isQuoted: false),
        },
    };

    private SubstitutionNode ToSubstitution(in Token token)
    {
        string[] path = _session.Options.Split(
            _scope.Prefix.Length > 0 ? _scope.Prefix[0] : token.Path![0],
            token.Path!);
        bool own =
            _arrayLevel == _scope.ArrayLevel
            && (_path.SequenceEqual(path) || _path.SequenceEqual(_scope.Prefix.Concat(path)));
        return new SubstitutionNode(token.Origin, path, token.Optional, _scope, _arrayLevel, own && _arrayLevel == 0);
    }
}

/// <summary>Value concatenation as far as it can be done without resolving.</summary>
internal static class Concatenation
{
    public static Node Join(HoconOrigin origin, List<Node> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        bool anyText = false;
        bool anyArray = false;
        bool anyObject = false;
        foreach (Node part in parts)
        {
            switch (part)
            {
                case SubstitutionNode:
                    return new ConcatenationNode(origin, [.. parts]);
                case LiteralNode literal:
                    anyText |= !literal.IsUnquotedSpace;
                    break;
                case ArrayNode:
                    anyArray = true;
                    break;
                default:
                    anyObject = true;
                    break;
            }
        }

        if (anyText && (anyArray || anyObject))
        {
            throw Mixed(parts.Where(part => part is not LiteralNode { IsUnquotedSpace: true }));
        }

        if (anyText)
        {
            return JoinText(origin, parts);
        }

        if (anyArray && anyObject)
        {
            // An object with numeric keys can stand for an array; the resolver looks.
            return new ConcatenationNode(origin, [.. parts]);
        }

        return anyArray
            ? new ArrayNode(origin, [.. parts.OfType<ArrayNode>().SelectMany(array => array.Items)])
            : JoinObjects(parts);
    }

    public static string TextOf(HoconValue value) => value switch
    {
        HoconString s => s.Value,
        HoconNumber n => n.Text,
        HoconBoolean b => b.Value ? "true" : "false",
        _ => "null",
    };

    private static LiteralNode JoinText(HoconOrigin origin, List<Node> parts)
    {
        StringBuilder text = new();
        bool quoted = false;
        foreach (Node part in parts)
        {
            HoconValue value = ((LiteralNode)part).Value;
            text.Append(TextOf(value));
            quoted |= value is HoconString { IsQuoted: true };
        }

        return new LiteralNode(new HoconString(origin, text.ToString(), quoted));
    }

    private static ObjectNode JoinObjects(List<Node> parts)
    {
        ObjectNode merged = (ObjectNode)parts[0];
        foreach (Node part in parts.Skip(1))
        {
            if (part is ObjectNode above)
            {
                merged.MergeAll(above);
            }
        }

        return merged;
    }

    private static HoconException Mixed(IEnumerable<Node> parts)
    {
        Node[] both = [.. parts.DistinctBy(KindOf).Take(2)];
        return new HoconException(both[1].Origin, $"cannot concatenate {KindOf(both[0])} with {KindOf(both[1])}; "
            + "put a comma or a newline between them, or quotes around the text");
    }

    private static string KindOf(Node node) => node switch
    {
        LiteralNode => "text",
        ArrayNode => "an array",
        _ => "an object",
    };
}
