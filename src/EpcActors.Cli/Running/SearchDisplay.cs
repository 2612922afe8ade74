using EpcActors.Cli.Terminal;
using Spectre.Console;

namespace EpcActors.Cli.Running;

/// <summary>
/// Tells the user how far a search is, on standard error: a spinner on a terminal, elsewhere a line now and then
/// and none for a short one.
/// </summary>
internal sealed class SearchDisplay(CommandShell shell, bool isQuiet)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    /// <summary>Runs <paramref name="search"/> and shows what it says of itself.</summary>
    public T Follow<T>(string label, Func<Action<string>?, T> search)
    {
        if (isQuiet)
        {
            return search(null);
        }

        if (shell.ShowsLiveProgress)
        {
            return shell.ErrorConsole.Status().Start(
                Markup.Escape(label), context => search(text => context.Status(Markup.Escape($"{label}: {text}"))));
        }

        long last = shell.Clock.GetTimestamp();
        return search(text =>
        {
            if (shell.Clock.GetElapsedTime(last) >= BetweenLines)
            {
                last = shell.Clock.GetTimestamp();
                shell.Error.WriteLine($"{label}: {text}");
            }
        });
    }
}
