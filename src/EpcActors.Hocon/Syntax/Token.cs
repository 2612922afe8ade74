namespace EpcActors.Hocon.Syntax;

internal enum TokenKind
{
    End,
    Newline,
    Whitespace,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    Equals,
    PlusEquals,
    Text,
    Quoted,
    Number,
    Substitution,
}

/// <summary>A piece of the text. <paramref name="Text"/> is the content: escapes replaced, quotes removed.</summary>
internal readonly record struct Token(
    TokenKind Kind,
    string Text,
    HoconOrigin Origin,
    string[]? Path = null,
    bool Optional = false)
{
    public string Describe() => Kind switch
    {
        TokenKind.End => "the end of the text",
        TokenKind.Newline => "a newline",
        TokenKind.Whitespace => "white space",
        TokenKind.OpenBrace => "'{'",
        TokenKind.CloseBrace => "'}'",
        TokenKind.OpenBracket => "'['",
        TokenKind.CloseBracket => "']'",
        TokenKind.Comma => "','",
        TokenKind.Colon => "':'",
        TokenKind.Equals => "'='",
        TokenKind.PlusEquals => "'+='",
        TokenKind.Text or TokenKind.Number => $"'{Shorten(Text)}'",
        TokenKind.Quoted => $"the string \"{Shorten(Text)}\"",
        TokenKind.Substitution => $"the substitution ${{{(Optional ? "?" : "")}{HoconPath.Render(Path!)}}}",
    };

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
