using System.CommandLine;
using System.Diagnostics;
using EpcActors.Cli.Commands.Races;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Results.Text;

namespace EpcActors.Cli.Commands.Explore;

/// <summary><c>epc explore</c>: the laboratory as a page, at one race or one step of it.</summary>
internal sealed class ExploreCommand
{
    private readonly CommandShell _shell;

    private readonly Argument<string?> _race = CommonOptions.Completing<Argument<string?>>(
        new("RACE")
        {
            Description = "a race of the catalogue, a race file, or a .schedule (default: the list of all races)",
            Arity = ArgumentArity.ZeroOrOne,
        },
        static () => Catalogue.Ids);

    private readonly Option<string?> _variant = RaceOptions.Variant("buggy");
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<string?> _export = new("--export")
    {
        HelpName = "DIR",
        Description = "writes the page there, for any static host, and ends",
    };

    private readonly Option<int> _port = new("--port")
    {
        HelpName = "N",
        Description = "port on loopback (default: any that is free)",
    };

    private readonly Option<bool> _noBrowser = CommonOptions.Flag(
        "--no-browser", "only prints the address and opens no browser");

    private ExploreCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        ExploreCommand explore = new(shell);
        DocumentedCommand command = new(
            "explore",
            "Opens the race laboratory as a page in the browser: take steps, go back, flip the fix.",
            Page())
        {
            explore._race, explore._variant, explore._set, explore._export, explore._port, explore._noBrowser,
        };
        command.SetAction((parsed, cancellation) => explore.ExecuteAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string? word = parsed.GetValue(_race);
        string fragment = word is null
            ? ""
            : $"#{LinkOf(word, parsed.GetValue(_variant), parsed.GetRequiredValue(_set))}";
        ExplorerSite site = ExplorerSite.Load();
        if (parsed.GetValue(_export) is { } directory)
        {
            OutputPath.RequireWritableFolder("--export", directory);
            site.Write(directory);
            _shell.Out.WriteLine(
                $"wrote {Counted.Of(site.Names.Count, "file")} to {directory}; any static host serves them");
            if (fragment.Length > 0)
            {
                _shell.Out.WriteLine($"the place: {fragment}");
            }

            return (int)ExitCode.Pass;
        }

        using SiteServer server = SiteServer.Listen(site, parsed.GetValue(_port));
        string url = server.Url + fragment;
        _shell.Out.WriteLine($"{url}\nCtrl-C ends it.");
        await _shell.Out.FlushAsync(cancellation).ConfigureAwait(false);
        if (!parsed.GetValue(_noBrowser))
        {
            OpenBrowser(url);
        }

        await server.ServeAsync(cancellation).ConfigureAwait(false);
        return (int)ExitCode.Pass;
    }

    /// <summary>The place that a word means.</summary>
    private RaceLink LinkOf(string word, string? variant, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        string[] set = [.. settings.Select(one => $"{one.Key}={one.Value}")];
        (string file, string text) = RaceOptions.Find(word, _shell);
        try
        {
            if (text.StartsWith("# EpcActors schedule", StringComparison.Ordinal))
            {
                Schedule schedule = Schedule.Parse(text, word);
                ExplorerSession session = new(ExplorerSession.LinkOf(schedule));
                session.Open(schedule);
                if (variant is not null)
                {
                    session.Switch(variant);
                }

                return session.Link;
            }

            // The page has no files: an include beside the race says so here and not there.
            bool isKnown = Catalogue.FileOf(word) == file;
            return new ExplorerSession(new RaceLink
            {
                Race = isKnown ? RaceFile.Load(file).Id : "",
                Text = isKnown ? "" : text,
                Variant = variant ?? "",
                Settings = set,
            }).Link;
        }
        catch (Exception wrong) when (wrong is RaceLinkException or ScheduleFormatException)
        {
            throw CommandException.Usage($"{word}: {wrong.Message}");
        }
    }

    private void OpenBrowser(string url)
    {
        try
        {
            using Process? _ = Process.Start(new ProcessStartInfo(url) { UseShellExecute = true });
        }
        catch (Exception none) when (none is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            _shell.Error.WriteLine("no browser could be opened; open the address above in one");
        }
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc explore R3", "The race, to step through by hand"),
            new("epc explore r3/race.schedule", "At the end of a schedule that was found"),
            new("epc explore mine.conf --variant fixed", "A race of one's own, with the fix on"),
            new("epc explore --export site", "The page for any static host"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "done"),
            (ExitCode.NotSupported, "the page was not built with the command"),
            (ExitCode.Usage, "a mistake in the command line or in the race"),
        ],
        SeeAlso = ["epc race show", "docs/explore.md"],
    };
}
