using System.Globalization;
using System.Text;

namespace EpcActors.Results.Text;

/// <summary>
/// Names and texts of a file go to terminals, pages and metrics. A control character in one could move the cursor,
/// change colours or hide what follows, so a file must not have any, and what an error quotes is escaped.
/// </summary>
public static class PrintableText
{
    /// <summary>A text in which every character that is not printable is written as <c>\u001b</c>.</summary>
    /// <param name="text">Any text; line ends and tabs stay.</param>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IndexOfHidden(text) < 0 ? text : Escaped(text);
    }

    /// <summary>True for characters that a terminal obeys or that change the direction of what follows.</summary>
    public static bool IsHidden(char character) => character switch
    {
        '\n' or '\r' or '\t' => false,
        '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => true,
        _ => char.IsControl(character),
    };

    /// <summary>Where the first character stands that is not printable; -1 for none.</summary>
    public static int IndexOfHidden(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int i = 0; i < text.Length; i++)
        {
            if (IsHidden(text[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static string Escaped(string text)
    {
        StringBuilder escaped = new(text.Length + 16);
        foreach (char character in text)
        {
            if (IsHidden(character))
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
            else
            {
                escaped.Append(character);
            }
        }

        return escaped.ToString();
    }
}
