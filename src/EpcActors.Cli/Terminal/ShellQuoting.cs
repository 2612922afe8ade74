using System.Globalization;
using System.Text;

namespace EpcActors.Cli.Terminal;

/// <summary>The shell that a printed command is made for.</summary>
internal enum ShellDialect
{
    /// <summary>sh and its children.</summary>
    Posix,

    /// <summary>PowerShell.</summary>
    PowerShell,
}

/// <summary>Writes words so that a shell reads them back as they are.</summary>
internal static class ShellQuoting
{
    // No shell treats these in a special way inside a word. The tilde and the equals sign do it only in front.
    private const string Harmless = "_-./:=,+%^";

    /// <summary>The words as one line to paste.</summary>
    public static string Join(IEnumerable<string> words, ShellDialect dialect) =>
        string.Join(' ', words.Select(word => Quote(word, dialect)));

    /// <summary>One word; as it is when no quotes are needed.</summary>
    public static string Quote(string word, ShellDialect dialect)
    {
        if (word.Length > 0 && word[0] != '=' && word.All(c => IsHarmless(c, dialect)))
        {
            return word;
        }

        return dialect switch
        {
            ShellDialect.PowerShell => "'" + word.Replace("'", "''", StringComparison.Ordinal) + "'",
            ShellDialect.Posix when word.Any(char.IsControl) => WithEscapes(word),
            ShellDialect.Posix => "'" + word.Replace("'", @"'\''", StringComparison.Ordinal) + "'",
        };
    }

    private static bool IsHarmless(char c, ShellDialect dialect) => dialect switch
    {
        // A comma makes an array, a colon may name a drive, a caret and a percent sign mean something to cmd.
        ShellDialect.PowerShell => char.IsAsciiLetterOrDigit(c) || "_-./\\:=".Contains(c, StringComparison.Ordinal),
        ShellDialect.Posix => char.IsAsciiLetterOrDigit(c) || Harmless.Contains(c, StringComparison.Ordinal),
    };

    /// <summary>A word with line breaks and the like must still be one line.</summary>
    private static string WithEscapes(string word)
    {
        StringBuilder quoted = new("$'");
        foreach (char c in word)
        {
            _ = c switch
            {
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                '\\' => quoted.Append(@"\\"),
                '\'' => quoted.Append(@"\'"),
                < ' ' or '\x7f' => quoted.Append(
                    CultureInfo.InvariantCulture,
                    $"\\{Convert.ToString(c, 8).PadLeft(3, '0')}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('\'').ToString();
    }
}
