namespace EpcActors.Cli.Help;

/// <summary>Words in lines of bounded length, the second column under itself.</summary>
internal static class Columns
{
    /// <summary>A name and text beside it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="name">First column.</param>
    /// <param name="nameWidth">Where the second column begins.</param>
    /// <param name="text">Second column.</param>
    /// <param name="columns">Longest line.</param>
    public static void Write(TextWriter writer, string name, int nameWidth, string text, int columns) =>
        Paragraph(writer, name.PadRight(nameWidth), text, new string(' ', nameWidth), columns);

    /// <summary>Prose. A line of the text that begins with spaces is an item of a list, and stays as far in.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="lead">Before the first word.</param>
    /// <param name="text">The words.</param>
    /// <param name="indent">Before each further line.</param>
    /// <param name="columns">Longest line.</param>
    public static void Paragraph(TextWriter writer, string lead, string text, string indent, int columns)
    {
        foreach (string line in text.Split('\n'))
        {
            string margin = line[..^line.TrimStart(' ').Length];
            Line(writer, lead + margin, line, margin.Length > 0 ? $"{indent}{margin}  " : indent, columns);
            lead = indent;
        }
    }

    private static void Line(TextWriter writer, string lead, string text, string indent, int columns)
    {
        string line = lead;
        bool isEmpty = true;
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!isEmpty && line.Length + 1 + word.Length > columns)
            {
                writer.WriteLine(line);
                line = indent;
                isEmpty = true;
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        writer.WriteLine(line.TrimEnd());
    }
}
