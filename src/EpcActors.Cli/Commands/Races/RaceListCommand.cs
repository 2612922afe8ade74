using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race list</c>: the catalogue as a table, or as the document docs/races.md.</summary>
internal sealed class RaceListCommand
{
    private readonly CommandShell _shell;

    private readonly Option<bool> _document = CommonOptions.Flag(
        "--document",
        "as the whole of docs/races.md, every race with its schedule");

    private readonly Option<bool> _page = CommonOptions.Flag(
        "--page",
        "as the list of the explorer's page, src/EpcActors.Web/wwwroot/races.html");

    private RaceListCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceListCommand list = new(shell);
        DocumentedCommand command = new(
            "list",
            "Lists the races of the catalogue with what was measured of them.",
            Page())
        {
            list._document, list._page,
        };
        command.SetAction((parsed, _) => Task.FromResult((int)list.Execute(parsed)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed)
    {
        if (parsed.GetValue(_page))
        {
            _shell.Out.Write(ExplorerPage.Catalogue(CatalogueEntries.All()));
            return ExitCode.Pass;
        }

        List<RaceDefinition> races =
        [
            .. Catalogue.Ids.Select(id => RaceFile.Load(Catalogue.FileOf(id)!, null, [], _shell.Configuration)),
        ];
        if (parsed.GetValue(_document))
        {
            RaceDocument.Write(_shell.Out, races);
        }
        else
        {
            WriteTable(races);
        }

        return ExitCode.Pass;
    }

    private void WriteTable(List<RaceDefinition> races)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["race", "title", "status", "breaks", "steps", "schedules", "without it"])
        {
            table.AddColumn(new TableColumn(column) { NoWrap = column is "race" or "steps" });
        }

        foreach (RaceDefinition race in races)
        {
            RaceFigure? figure = Catalogue.Figures.Of(race.Id);
            table.AddRow(
                Markup.Escape(race.Id),
                Markup.Escape(race.Title),
                Markup.Escape(RaceText.Status(race)),
                Markup.Escape(race.Rule.Replace("property: ", "", StringComparison.Ordinal)),
                figure is null || figure.Rule.Length == 0 ? "-" : figure.Steps.ToString(CultureInfo.InvariantCulture),
                figure is null ? "-" : Markup.Escape(RaceDocument.Best(figure)),
                figure is null ? "-" : Markup.Escape(RaceDocument.CleanOf(figure)));
        }

        _shell.Console.Write(table);
        _shell.Out.WriteLine(
            "steps: of the shortest schedule known, for a hang up to its cycle. schedules: until the first that breaks "
                + "the rule, median over "
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Counted.Of(Catalogue.Figures.Seeds, "seed")}, best strategy."));
        _shell.Out.WriteLine(
            "'epc race find RACE' finds it again, 'epc race find RACE --variant fixed' repeats the verdict without it, "
                + "'epc race show RACE' tells the story.");
        if (Catalogue.NotModelled.Count > 0)
        {
            _shell.Out.WriteLine(
                $"Not modelled: {string.Join(", ", Catalogue.NotModelled.Select(row => row.Id))}; docs/races.md says "
                    + "why.");
        }
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc race list", "What there is"),
            new("epc race list --document > docs/races.md", "The document, from the catalogue"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["epc race measure: measures the figures again", "docs/races.md"],
    };
}
