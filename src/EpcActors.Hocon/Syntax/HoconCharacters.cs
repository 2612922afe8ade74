using System.Globalization;

namespace EpcActors.Hocon.Syntax;

/// <summary>Character classes of the specification.</summary>
internal static class HoconCharacters
{
    public const char Bom = '\uFEFF';

    /// <summary>White space other than the newline (section "Whitespace").</summary>
    public static bool IsInlineSpace(char c)
    {
        if (c < 0x80)
        {
            return c is ' ' or '\t' or '\v' or '\f' or '\r' or (>= '\u001C' and <= '\u001F');
        }

        return c == Bom || char.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }

    public static bool IsSpaceOrNewline(char c) => c == '\n' || IsInlineSpace(c);

    /// <summary>The characters an unquoted string may not hold (section "Unquoted strings").</summary>
    public static bool IsForbiddenUnquoted(char c) => c is '$' or '"' or '{' or '}' or '[' or ']' or ':' or '=' or ','
        or '+' or '#' or '`' or '^' or '?' or '!' or '@' or '*' or '&' or '\\' || IsSpaceOrNewline(c);

    public static string Trim(string text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && IsSpaceOrNewline(text[start]))
        {
            start++;
        }

        while (end > start && IsSpaceOrNewline(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    public static string Describe(char c) => c switch
    {
        '\n' => "a newline",
        '\'' => "\"'\"",
        < ' ' or '\u007F' => $"control character U+{(int)c:X4}",
        _ => $"'{c}'",
    };
}
