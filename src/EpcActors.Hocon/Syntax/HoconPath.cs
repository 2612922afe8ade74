using System.Text;

namespace EpcActors.Hocon.Syntax;

/// <summary>Path expressions: reading them from tokens, and writing them back.</summary>
internal static class HoconPath
{
    /// <summary>Reads a path that is a text of its own (an argument, not a part of a file).</summary>
    public static string[] Parse(string expression, string originName)
    {
        Lexer lexer = new(expression, originName);
        PathBuilder builder = new(new HoconOrigin(originName, 1, 1));
        while (true)
        {
            Token token = lexer.Next();
            if (token.Kind == TokenKind.End)
            {
                return builder.Finish();
            }

            if (!builder.TryAdd(token))
            {
                throw new HoconException(token.Origin, $"found {token.Describe()} in the path '{expression}'; "
                    + (token.Kind is TokenKind.OpenBracket or TokenKind.CloseBracket
                        ? "an element of a list is written with a dot: list.0"
                        : "put the key between quotes"));
            }
        }
    }

    public static string Render(IReadOnlyList<string> path)
    {
        StringBuilder text = new();
        foreach (string key in path)
        {
            if (text.Length > 0)
            {
                text.Append('.');
            }

            text.Append(IsPlainKey(key) ? key : HoconRenderer.Quote(key));
        }

        return text.ToString();
    }

    /// <summary>True for a key that reads back as itself without quotes.</summary>
    public static bool IsPlainKey(string key)
    {
        if (key.Length == 0 || key == "include")
        {
            return false;
        }

        foreach (char c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>
/// Puts the elements of a path together. Dots count outside quotes only, those inside numbers too; white space inside
/// the expression belongs to the keys, white space around it does not.
/// </summary>
internal sealed class PathBuilder
{
    private readonly HoconOrigin _origin;
    private readonly List<string> _keys = [];
    private readonly StringBuilder _key = new();
    private string? _pendingSpace;
    private bool _keyWasQuoted;
    private bool _any;

    public PathBuilder(HoconOrigin origin)
    {
        _origin = origin;
    }

    /// <summary>False when the token cannot be part of a path.</summary>
    public bool TryAdd(in Token token)
    {
        switch (token.Kind)
        {
            case TokenKind.Whitespace:
                if (_any)
                {
                    _pendingSpace += token.Text;
                }

                return true;
            case TokenKind.Quoted:
                AddPendingSpace();
                _key.Append(token.Text);
                _keyWasQuoted = true;
                return true;
            case TokenKind.Text or TokenKind.Number:
                AddPendingSpace();
                foreach (char c in token.Text)
                {
                    if (c == '.')
                    {
                        FinishKey(token.Origin);
                    }
                    else
                    {
                        _key.Append(c);
                    }
                }

                return true;
            default:
                return false;
        }
    }

    public string[] Finish()
    {
        if (!_any)
        {
            throw new HoconException(_origin, "the path is empty; name a key (an empty key is written \"\")");
        }

        FinishKey(_origin);
        return [.. _keys];
    }

    private void AddPendingSpace()
    {
        _key.Append(_pendingSpace);
        _pendingSpace = null;
        _any = true;
    }

    private void FinishKey(HoconOrigin origin)
    {
        if (_key.Length == 0 && !_keyWasQuoted)
        {
            throw new HoconException(origin,
                "the path has an empty element (it starts or ends with '.', or has '..'); write \"\" for an empty key");
        }

        _keys.Add(_key.ToString());
        _key.Clear();
        _keyWasQuoted = false;
    }
}
