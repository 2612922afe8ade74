using System.Globalization;
using System.Text;

namespace EpcActors.Reports;

/// <summary>Text inside of a Mermaid diagram.</summary>
/// <remarks>Compiled into EpcActors.TestKit.Akka as well (decision 30): it uses nothing of this project.</remarks>
internal static class MermaidText
{
    /// <summary>
    /// Mermaid's own entities for what it would read as syntax: <c>;</c> ends a statement, <c>#</c> begins an entity.
    /// </summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new();
        foreach (char c in text)
        {
            _ = c switch
            {
                ';' or '#' or ':' or '"' or '<' or '>' or '&' or '%' or '{' or '}' or '\\' or '`' =>
                    escaped.Append(CultureInfo.InvariantCulture, $"#{(int)c};"),
                _ when char.IsControl(c) => escaped.Append(' '),
                _ => escaped.Append(c),
            };
        }

        // The bare word closes a block, wherever it stands alone.
        return escaped.Length == 0 ? " " : EscapeEnd(escaped.ToString());
    }

    private static string EscapeEnd(string text) =>
        string.Join(
            ' ',
            text.Split(' ')
                .Select(w => w.Equals("end", StringComparison.OrdinalIgnoreCase) ? $"#{(int)w[0]};{w[1..]}" : w));
}
