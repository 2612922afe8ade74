using System.Text;

namespace EpcActors.Cli.Commands;

/// <summary>Lists as they are written on a command line.</summary>
internal static class ListText
{
    /// <summary>
    /// Splits at commas, but not at those within brackets, braces or quotes: a value may be a list itself.
    /// </summary>
    public static IReadOnlyList<string> Split(string text)
    {
        List<string> parts = [];
        StringBuilder part = new();
        int depth = 0;
        bool isQuoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == ',' && depth <= 0 && !isQuoted)
            {
                parts.Add(part.ToString().Trim());
                part.Clear();
                continue;
            }

            isQuoted ^= c == '"' && (i == 0 || text[i - 1] != '\\');
            if (!isQuoted)
            {
                depth += c is '[' or '{' or '(' ? 1 : c is ']' or '}' or ')' ? -1 : 0;
            }

            part.Append(c);
        }

        parts.Add(part.ToString().Trim());
        return parts;
    }
}
