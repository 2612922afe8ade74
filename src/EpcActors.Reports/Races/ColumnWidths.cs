using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// Room for the columns of an interleaving: each as wide as it needs, the widest give when there is too little.
/// </summary>
internal static class ColumnWidths
{
    public static string Head(RaceLane lane) => lane.Note.Length > 0 ? $"{lane.Name} ({lane.Note})" : lane.Name;

    /// <summary>Widths that fit into <paramref name="room"/> with the gaps between them.</summary>
    public static int[] Of(RaceTrace trace, int[] tasks, IReadOnlyList<RaceRow> rows, int gap, int room, int least)
    {
        int[] widths = Natural(trace, tasks, rows, least);
        int free = room - (gap * Math.Max(0, tasks.Length - 1));
        while (widths.Sum() > free)
        {
            int widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] <= 8)
            {
                break;
            }

            widths[widest]--;
        }

        return widths;
    }

    /// <summary>Width that each column needs so that lines are wrapped only between statements.</summary>
    public static int[] Natural(RaceTrace trace, int[] tasks, IReadOnlyList<RaceRow> rows, int least)
    {
        int[] widths = new int[tasks.Length];
        for (int i = 0; i < tasks.Length; i++)
        {
            widths[i] = Math.Max(least, Math.Max(
                Cells(Head(trace.Tasks[tasks[i]])),
                rows.Where(r => r.Task == tasks[i]).Select(Needed).DefaultIfEmpty().Max()));
        }

        return widths;
    }

    public static int[] Offsets(int[] widths, int gap)
    {
        int[] offsets = new int[widths.Length];
        for (int i = 1; i < widths.Length; i++)
        {
            offsets[i] = offsets[i - 1] + widths[i - 1] + gap;
        }

        return offsets;
    }

    /// <summary>The longest of a row's statements: where there are several, each may have a line of its own.</summary>
    private static int Needed(RaceRow row) => row.Kind switch
    {
        RaceRowKind.Function => Cells(row.Text),
        RaceRowKind.Conflict => row.Text.Split("; ").Max(Cells),
        RaceRowKind.Statement => 2 + row.Text.Split("; ").Max(Cells),
        RaceRowKind.Wait or RaceRowKind.Event or RaceRowKind.Violation or RaceRowKind.Rule => 2 + Cells(row.Text),
    };

    private static int Cells(string text) => ConsoleText.CellWidth(ConsoleText.Visible(text));
}
